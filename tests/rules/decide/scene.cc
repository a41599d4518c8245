#include "tests/rules/decide/scene.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "rules/facts/aggregate.h"
#include "rules/ruleset/compile.h"

namespace touchstone::rules {
namespace {

using expr::Value;

constexpr char kSchema[] = R"(
customer:
  tier:       { type: enum, values: [none, silver, gold], default: none }
  first_name: { type: string, optional: true, pii: true }
  birth_date: { type: date, optional: true, pii: true }
  zone:       { type: timezone, optional: true }
computed:
  customer.age: { type: int, is: 'age(customer.birth_date, now)' }
events:
  purchase: { fields: { paid: money } }
  visit:    { fields: { store: string } }
aggregates:
  spend_90d:     { sum: event.paid, of: purchase, over: 90d }
  visits_30d:    { count: visit, over: 30d }
  last_purchase: { last: event.time, of: purchase }
reference:
  product: { key: sku, fields: { categories: list(string), brand: string, tobacco: bool } }
  store:   { key: store, fields: { region: string, zone: timezone, currency: string } }
request:
  weather: { type: string, optional: true }
)";

constexpr char kPlacements[] = R"(
placements:
  receipt:    { channel: pos,  max_offers: 2, fields: { text: { max: 40 } }, group_at_most: { coffee: 1 } }
  screen:     { channel: pos,  max_offers: 1, fields: { text: {} } }
  agent_top3: { channel: call, max_offers: 3, fields: { title: {}, script: {} } }
  home_hero:  { channel: web,  max_offers: 2, fields: { banner: {} }, fallback: [join-club, welcome] }
)";

// What fallback needs to be there.
constexpr char kJoinClub[] = R"(
offer: join-club
applies: never
channels: [web]
treatments: { home_hero: { banner: Join our club } }
)";
constexpr char kWelcome[] = R"(
offer: welcome
group: coffee
applies: never
channels: [web]
treatments: { home_hero: { banner: Welcome to a coffee } }
)";

std::string OfferId(const std::string& yaml) {
  const size_t begin = yaml.find("offer: ") + 7;
  return yaml.substr(begin, yaml.find('\n', begin) - begin);
}

ReferenceSnapshot GroceryReference(const RuleSet& rules) {
  // Columns in order of name: brand, categories, tobacco; currency, region, zone.
  ReferenceSnapshot snapshot;
  snapshot.products = ReferenceTable(rules.schema.product.columns.size());
  snapshot.stores = ReferenceTable(rules.schema.store.columns.size());
  const Value coffee[] = {Value::String("coffee"), Value::String("coffee.beans")};
  const Value bakery[] = {Value::String("bakery")};
  const expr::ListData beans{coffee, 2, nullptr};
  const expr::ListData bread{bakery, 1, nullptr};
  const expr::ListData none{nullptr, 0, nullptr};
  const auto product = [&](const char* sku, const char* brand, const expr::ListData& categories,
                           bool tobacco) {
    const Value row[] = {Value::String(brand), Value::List(&categories), Value::Bool(tobacco)};
    EXPECT_TRUE(snapshot.products.Add(sku, row).ok());
  };
  product("BEANS", "Alto", beans, false);
  product("BREAD", "House", bread, false);
  product("CIGARS", "Smoke", none, true);
  const auto store = [&](const char* key, const char* region, const char* zone) {
    const Value row[] = {Value::String("EUR"), Value::String(region), Value::String(zone)};
    EXPECT_TRUE(snapshot.stores.Add(key, row).ok());
  };
  store("S12", "north", "Europe/Berlin");
  store("S99", "far", "America/New_York");
  return snapshot;
}

}  // namespace

std::shared_ptr<const RuleSet> CompileRules(const v1::RuleSet& message,
                                            absl::Span<const v1::Offer> kept_terms) {
  const CompileResult result = Compile(message, SourceMap(), At("2026-11-26T08:30"), kept_terms);
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Severity::kError) ADD_FAILURE() << Render(diagnostic);
  }
  // What cannot be compiled cannot be tested: better to stop here than at a null further on.
  if (result.rule_set == nullptr) std::abort();
  return result.rule_set;
}

TestRules LoadRules(const std::vector<SourceFile>& files) {
  LoadedRuleSet loaded = LoadRuleSetFiles(files);
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == Severity::kError) ADD_FAILURE() << Render(diagnostic);
  }
  return {loaded.message, CompileRules(loaded.message), {}};
}

std::vector<SourceFile> Grocery(const std::vector<std::string>& offers) {
  std::vector<SourceFile> files = {
      {"rule_set.yaml",
       "name: Grocery\nzone: Europe/Berlin\ncurrencies: [EUR, CHF]\nlocales: [en, de]\n"
       "channels: [pos, call, web]\n"},
      {"schema.yaml", kSchema},
      {"segments.yaml",
       "segments:\n  - { name: loyal, when: customer.spend_90d >= 300.00 }\n"
       "  - { name: regular, otherwise: always }\n"},
      {"placements.yaml", kPlacements},
      {"pricing.yaml",
       "stages: [line, order]\nchoose: { otherwise: by_priority }\n"
       "never_discount: line.product.tobacco\n"},
      {"lists/house.csv", "sku\nBREAD\nMILK\n"},
      {"offers/join-club.yaml", kJoinClub},
      {"offers/welcome.yaml", kWelcome}};
  for (const std::string& offer : offers) {
    files.push_back({absl::StrCat("offers/", OfferId(offer), ".yaml"), offer});
  }
  return files;
}

TestRules LoadGrocery(const std::vector<std::string>& offers) { return LoadRules(Grocery(offers)); }

absl::Time At(const std::string& local) {
  absl::TimeZone berlin;
  EXPECT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime("%Y-%m-%dT%H:%M", local, berlin, &time, &error)) << error;
  return time;
}

Value Euro(int64_t amount_minor) {
  return Value::OfMoney({amount_minor, Currency::FromCode("EUR").value()});
}

Scene::Scene(const TestRules& rules)
    : reference(GroceryReference(*rules.compiled)),
      facts(rules.compiled->layout->decision_row_size()),
      rules_(rules) {
  input.now = At("2026-11-26T08:30");
  input.store = "S12";
  input.decision_id = "decision";
  input.step_limit = kDefaultDecisionStepLimit;
  input.basket.currency = Currency::FromCode("EUR").value();
  Channel("pos");
}

void Scene::Channel(const std::string& name) {
  placements.clear();
  for (size_t i = 0; i < rules_.compiled->channels.size(); ++i) {
    if (rules_.compiled->channels[i] == name) input.channel = static_cast<uint16_t>(i);
  }
  for (size_t i = 0; i < rules_.compiled->placements.size(); ++i) {
    if (rules_.compiled->placements[i].channel != input.channel) continue;
    placements.push_back(static_cast<uint16_t>(i));
  }
}

void Scene::Placements(const std::vector<std::string>& names) {
  placements.clear();
  for (const std::string& name : names) {
    placements.push_back(static_cast<uint16_t>(rules_.compiled->placement_by_name.at(name)));
  }
}

void Scene::Customer() {
  input.customer = InputStatus::kPresent;
  const Schema& schema = rules_.compiled->schema;
  const FactLayout& layout = *rules_.compiled->layout;
  for (size_t i = 0; i < schema.customer.size(); ++i) {
    facts[layout.customer_slot(i)] = schema.customer[i].default_value;
  }
  for (size_t i = 0; i < schema.aggregates.size(); ++i) {
    facts[layout.aggregate_slot(i)] =
        AggregateValue(schema.aggregates[i], {}, BucketsAt(input.now, schema.zone), *lists_);
  }
}

void Scene::Fact(const std::string& name, Value value) {
  for (uint16_t slot = 0; slot < facts.size(); ++slot) {
    if (rules_.compiled->layout->NameOf({kDecisionRow, slot}) != name) continue;
    facts[slot] = value;
    return;
  }
  FAIL() << "no fact " << name;
}

void Scene::Line(const std::string& sku, int64_t price_minor, int64_t quantity) {
  BasketLine line;
  line.line_id = memory_.emplace_back(absl::StrCat(lines.size() + 1));
  line.quantity = Decimal{quantity * 1000};
  line.unit_price_e4 = price_minor * 100;
  line.is_return = quantity < 0;
  lines.push_back(line);
  line_facts.push_back({memory_.emplace_back(sku), {}});
}

void Scene::Contacted(const std::string& offer, ContactKind kind, const std::string& local) {
  contacts.push_back({StableId(offer), kind, At(local)});
}

DecisionInput Scene::Input() const {
  DecisionInput complete = input;
  complete.reference = &reference;
  complete.facts = facts;
  complete.basket.lines = lines;
  complete.line_facts = line_facts;
  complete.contacts = contacts;
  complete.paused = paused;
  complete.closed_budgets = closed_budgets;
  complete.unclaimed = unclaimed;
  complete.codes = codes;
  complete.grants = grants;
  complete.placements = placements;
  return complete;
}

const Decision& Scene::Decide(DecisionScratch& scratch) const {
  return rules::Decide(*rules_.compiled, Input(), scratch, Reasons::kEveryOffer);
}

const PlacementAnswer& Scene::Answer(const std::string& placement) {
  for (const PlacementAnswer& answer : Decide().placements) {
    if (rules_.compiled->placements[answer.placement].name == placement) return answer;
  }
  ADD_FAILURE() << placement << " was not asked for";
  static const PlacementAnswer& kNone = *new PlacementAnswer();
  return kNone;
}

std::vector<std::string> Scene::Shown(const std::string& placement) {
  std::vector<std::string> ids;
  for (const ShownOffer& shown : Answer(placement).shown) {
    ids.push_back(rules_.compiled->offers[shown.offer].id);
  }
  return ids;
}

std::vector<std::string> Scene::Texts(const std::string& placement) {
  std::vector<std::string> texts;
  const PlacementAnswer& answer = Answer(placement);
  if (answer.shown.empty()) return texts;
  for (const absl::string_view text : answer.shown.front().texts) texts.emplace_back(text);
  return texts;
}

std::string Dump(const RuleSet& rules, const Decision& decision) {
  std::string dump = absl::StrCat("completeness ", static_cast<int>(decision.completeness), " ",
                                  static_cast<int>(decision.cause), "\nsegment ", decision.segment,
                                  " ", decision.segment_known, "\n");
  const BasketAnswer& basket = decision.basket;
  absl::StrAppend(&dump, "basket ", basket.priced, " ", basket.currency.code(), " ",
                  basket.gross_minor, " ", basket.payable_minor, " points ", basket.points,
                  " search ", static_cast<int>(basket.search), " ", basket.greedy_gap_minor, "\n");
  for (const LineTotals& line : basket.lines) {
    absl::StrAppend(&dump, "line ", line.gross_minor, " ", line.entry_minor, " ", line.net_minor,
                    "\n");
  }
  for (const LineTaking& taking : basket.takings) {
    absl::StrAppend(&dump, "taking ", taking.line, " ", rules.offers[taking.offer].id, " ",
                    taking.amount_minor, " ", Format(taking.quantity), "\n");
  }
  for (const AppliedOffer& applied : basket.applied) {
    absl::StrAppend(&dump, "applied ", rules.offers[applied.offer].id, " ", Format(applied.taken),
                    " ", applied.cut_by_guard_rail, " ", applied.points, " ", applied.applications,
                    " ", applied.missing_gifts, "\n");
  }
  for (const PlacementAnswer& answer : decision.placements) {
    absl::StrAppend(&dump, "placement ", rules.placements[answer.placement].name, "\n");
    for (const ShownOffer& shown : answer.shown) {
      absl::StrAppend(&dump, "shown ", rules.offers[shown.offer].id, " ", shown.position, " ",
                      shown.fallback);
      for (const absl::string_view text : shown.texts) absl::StrAppend(&dump, " <", text, ">");
      absl::StrAppend(&dump, "\n");
    }
  }
  for (size_t i = 0; i < decision.offers.size(); ++i) {
    const OfferOutcome& outcome = decision.offers[i];
    // No part of the decision: nobody asked.
    if (rules.offers[i].is_kept && outcome.cause == Cause::kNotMatched) continue;
    absl::StrAppend(&dump, "offer ", rules.offers[i].id, " ", StageName(outcome.stage), " ",
                    CauseName(outcome.cause), " ", outcome.part, " ");
    absl::StrAppend(&dump, outcome.applied, outcome.shown, outcome.value_failed, " ",
                    outcome.score_millionths, " ", Format(outcome.taken));
    if (outcome.cause == Cause::kExcluded) {
      absl::StrAppend(&dump, " ", rules.offers[outcome.rival].id);
    }
    absl::StrAppend(&dump, "\n");
  }
  for (const Value& fact : decision.facts) {
    absl::StrAppend(&dump, expr::DebugString(fact), "\n");
  }
  return dump;
}

}  // namespace touchstone::rules
