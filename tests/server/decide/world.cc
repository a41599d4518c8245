#include "tests/server/decide/world.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rules/facts/schema.h"
#include "rules/ruleset/compile.h"
#include "rules/ruleset/files.h"
#include "store/record_patch.h"

namespace touchstone::server {
namespace {

using rules::expr::Value;

constexpr absl::string_view kRuleSet = R"(name: World Grocery
zone: Europe/Berlin
currencies: [EUR, CHF]
locales: [en, de]
channels: [pos, web]
)";

constexpr absl::string_view kSchema = R"(customer:
  birth_date: { type: date, optional: true, pii: true }
  tier:       { type: enum, values: [none, silver, gold], default: none }
  points:     { type: int, default: 0 }
  share:      { type: double, optional: true }
  member:     { type: bool, default: false }
  credit:     { type: money, optional: true }
  allergies:  { type: list(string), default: [], pii: true }
  holdings:   { type: list(record), max: 32, default: [], fields: { product: string, until: timestamp } }
  seen:       { type: timestamp, optional: true }
  flag:       { type: FLAG_TYPE, optional: true }
computed:
  customer.age: { type: int, is: 'age(customer.birth_date, now)' }
events:
  purchase: { fields: { paid: money }, lines: { sku: string, quantity: decimal, paid: money } }
  visit:    { fields: { store: string } }
aggregates:
  spend_90d:     { sum: event.paid, of: purchase, over: 90d }
  visits_30d:    { count: visit, over: 30d }
  visits_48h:    { count: visit, over: 48h }
  last_purchase: { last: event.time, of: purchase }
reference:
  product: { key: sku, fields: { categories: list(string), brand: string, gift_card: bool, deposit: bool } }
  store:   { key: store, fields: { region: string, zone: timezone, currency: string } }
request:
  weather: { type: string, optional: true }
  guests:  { type: int, default: 1 }
)";

constexpr absl::string_view kSegments = R"(segments:
  - { name: loyal,   when: customer.spend_90d >= LOYAL.00 }
  - { name: new,     when: 'customer.visits_30d == 0 && !has(customer.last_purchase)' }
  - { name: regular, otherwise: always }
)";

constexpr absl::string_view kPlacements = R"(placements:
  receipt:   { channel: pos, max_offers: 2, budget: 9s, shown_on: answer, fields: { text: { max: 60 } }, fallback: [join-club] }
  display:   { channel: pos, max_offers: 1, budget: 10s, fields: { text: { max: 60 } } }
  home_hero: { channel: web, max_offers: 1, budget: 10s, fields: { banner: { max: 60 } } }
)";

constexpr absl::string_view kPricing = R"(stages: [line, order]
choose: { otherwise: by_priority }
never_discount: line.product.gift_card || line.product.deposit
most_off: { line: 70%, basket: 50% }
)";

struct OfferFile {
  const char* id;
  const char* text;
};

constexpr char kBudgets[] =
    "coffee: { amount: 1000.00 EUR, per_day: 100.00 EUR }\nlaunch: { uses: 50 }\n";

constexpr OfferFile kOffers[] = {
    {"beans-20", R"(offer: beans-20
title: 20% off coffee beans
applies: automatic
channels: [pos, web]
eligible: customer.segment == "loyal" && !("caffeine" in customer.allergies)
benefit: { percent_off: PERCENT, lines: '"coffee.beans" in line.categories', at_most: { EUR: 5.00 } }
stacking: { stage: line, priority: 50 }
value: 0.2 * double(basket.net)
limits: [{ id: weekly, at_most: 'customer.tier == "gold" ? 2 : 1', count: redeemed, per: customer, over: calendar_week }]
budget: coffee
treatments:
  receipt:   { text: { en: "Beans: you saved {benefit.amount}", de: "Bohnen: {benefit.amount} gespart" } }
  home_hero: { banner: { en: "Beans, less", de: "Bohnen billiger" } }
)"},
    {"bread-10", R"(offer: bread-10
title: 10% off bread
applies: automatic
channels: [pos]
benefit: { percent_off: 10, lines: '"bakery" in line.categories' }
budget: launch
stacking: { stage: line, priority: 40 }
value: 2.0
treatments:
  receipt: { text: { en: "Bread -10%", de: "Bread -10%" } }
)"},
    {"mail-5", R"(offer: mail-5
title: 5 off with the letter
applies: coded
channels: [pos, web]
requires: basket.net >= 10.00
benefit: { amount_off: { EUR: 5.00 }, per: basket }
)"},
    {"basket-3", R"(offer: basket-3
title: 3 off from 20
applies: automatic
channels: [pos]
requires: basket.net >= 20.00
benefit: { amount_off: { EUR: 3.00 }, per: basket }
stacking: { stage: order, priority: 10 }
near_misses:
  receipt: { text: { en: "Add {near_miss.spend}", de: "Noch {near_miss.spend}" } }
)"},
    {"rain", R"(offer: rain
title: Umbrellas
applies: never
channels: [pos, web]
eligible: request.weather == "rain" && request.guests > 0
value: 9.0
treatments:
  receipt:   { text: { en: "It rains: umbrellas at the door", de: "It rains: umbrellas at the door" } }
  display:   { text: { en: "Umbrellas", de: "Umbrellas" } }
  home_hero: { banner: { en: "Umbrellas", de: "Umbrellas" } }
)"},
    {"gold", R"(offer: gold
title: For gold members
applies: never
channels: [pos, web]
eligible: customer.tier == "gold" && customer.points > 100
value: double(customer.points) * customer.share
treatments:
  receipt: { text: { en: "{customer.points} points, thank you", de: "{customer.points} points, thank you" } }
  display: { text: { en: "Gold", de: "Gold" } }
)"},
    {"contract", R"(offer: contract
title: Contract runs out
applies: never
channels: [pos]
eligible: customer.holdings.exists(h, h.product == "phone" && h.until > now)
value: 7.5
limits: [{ id: seen, at_most: 1, count: shown, per: customer, over: 7d }]
treatments:
  receipt: { text: { en: "Your phone", de: "Your phone" } }
  display: { text: { en: "Your phone", de: "Your phone" } }
)"},
    {"adults", R"(offer: adults
title: Wine tasting
applies: never
channels: [pos]
eligible: customer.age >= 18 && customer.visits_48h > 0
value: 1.5
treatments:
  display: { text: { en: "Wine tasting", de: "Wine tasting" } }
)"},
    {"join-club", R"(offer: join-club
title: Join the club
applies: never
treatments:
  receipt: { text: { en: Join our club, de: Werden Sie Mitglied } }
)"},
};

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

v1::RuleSet Message(uint64_t revision) {
  std::vector<rules::SourceFile> files;
  const auto add = [&](const std::string& path, absl::string_view text) {
    files.push_back(
        {path, absl::StrReplaceAll(text, {{"PERCENT", absl::StrCat(10 + 5 * revision)},
                                          {"LOYAL", absl::StrCat(100 * revision)},
                                          {"FLAG_TYPE", revision == 2 ? "string" : "int"}})});
  };
  add("rule_set.yaml", kRuleSet);
  add("schema.yaml", kSchema);
  add("segments.yaml", kSegments);
  add("placements.yaml", kPlacements);
  add("pricing.yaml", kPricing);
  add("budgets.yaml", kBudgets);
  for (const OfferFile& offer : kOffers)
    add(absl::StrCat("offers/", offer.id, ".yaml"), offer.text);
  rules::LoadedRuleSet loaded = rules::LoadRuleSetFiles(files);
  for (const rules::Diagnostic& diagnostic : loaded.diagnostics) Fail(rules::Render(diagnostic));
  return loaded.message;
}

void AddProduct(absl::string_view sku, const std::vector<absl::string_view>& categories,
                bool gift_card, bool deposit, const rules::Schema& schema,
                rules::ReferenceTable* table) {
  std::vector<Value> row;
  std::vector<Value> names;
  for (absl::string_view category : categories) names.push_back(Value::String(category));
  rules::expr::ListData list;
  list.elements = names.data();
  list.size = static_cast<uint32_t>(names.size());
  for (const rules::AttributeSpec& column : schema.product.columns) {
    row.push_back(column.name == "categories"  ? Value::List(&list)
                  : column.name == "gift_card" ? Value::Bool(gift_card)
                  : column.name == "deposit"   ? Value::Bool(deposit)
                                               : Value::String("House"));
  }
  if (!table->Add(sku, row).ok()) Fail("product");
}

std::shared_ptr<const rules::ReferenceSnapshot> Reference(const rules::Schema& schema,
                                                          uint64_t version) {
  auto snapshot = std::make_shared<rules::ReferenceSnapshot>();
  if (version == 0) return snapshot;
  snapshot->version = absl::StrCat(version);
  snapshot->products = rules::ReferenceTable(schema.product.columns.size());
  snapshot->stores = rules::ReferenceTable(schema.store.columns.size());
  AddProduct("BEANS", {"coffee", "coffee.beans"}, false, false, schema, &snapshot->products);
  AddProduct("BREAD", {"bakery"}, false, false, schema, &snapshot->products);
  AddProduct("GIFT", {}, true, false, schema, &snapshot->products);
  AddProduct("BOTTLE", {}, false, true, schema, &snapshot->products);
  std::vector<Value> store;
  for (const rules::AttributeSpec& column : schema.store.columns) {
    store.push_back(Value::String(column.name == "region" ? "north"
                                  : column.name == "zone" ? "Europe/Berlin"
                                                          : "EUR"));
  }
  if (!snapshot->stores.Add("S12", store).ok()) Fail("store");
  return snapshot;
}

std::shared_ptr<LiveState> NewState(const v1::RuleSet& message, uint64_t revision,
                                    uint64_t reference_version) {
  auto state = std::make_shared<LiveState>();
  rules::CompileResult compiled = rules::Compile(message, rules::SourceMap(), WorldNow());
  if (compiled.rule_set == nullptr) {
    std::string all;
    for (const rules::Diagnostic& diagnostic : compiled.diagnostics) {
      absl::StrAppend(&all, rules::Render(diagnostic), "\n");
    }
    Fail(all);
  }
  state->rule_set = compiled.rule_set;
  state->reference = Reference(compiled.rule_set->schema, reference_version);
  state->revision = revision;
  state->reference_version = reference_version;
  return state;
}

int64_t NowUs() { return absl::ToUnixMicros(WorldNow()); }

constexpr int64_t kDayUs = int64_t{86400} * 1'000'000;
constexpr int32_t kToday = 20783;  // 2026-11-26 in days since the epoch

void AddBucket(absl::string_view aggregate, int32_t bucket, int64_t count, int64_t sum,
               store::RecordPatch* patch) {
  store::RecordPatch::Increment increment = {};
  increment.aggregate = WorldAggregateId(aggregate);
  increment.bucket = bucket;
  increment.count = count;
  increment.sum = sum;
  increment.event_us = store::AggregateView::kNever;
  patch->AddToAggregate(increment);
}

void SetLastPurchase(int64_t time_us, store::RecordPatch* patch) {
  const store::Value value = store::Value::TimestampUs(time_us);
  store::RecordPatch::CellIncrement increment = {};
  increment.aggregate = WorldAggregateId("last_purchase");
  increment.rule = store::CellRule::kLatest;
  increment.time_us = time_us;
  increment.value = &value;
  patch->AddToCells(increment);
}

void AddContact(absl::string_view offer, store::ContactKind kind, int64_t time_us,
                uint64_t transaction, store::RecordPatch* patch) {
  store::RecordPatch::Contact contact = {};
  contact.offer = rules::StableId(offer);
  contact.kind = kind;
  contact.time_us = time_us;
  contact.transaction = transaction;
  patch->AddContact(contact);
}

std::string Record(const store::RecordPatch& patch) {
  const absl::string_view bytes = patch.bytes();
  return store::ApplyPatches("", absl::MakeConstSpan(&bytes, 1)).value();
}

std::vector<std::vector<store::Value::Field>> Holdings(absl::string_view product,
                                                       int64_t until_us) {
  std::vector<store::Value::Field> fields;
  fields.push_back({rules::StableId("product"), store::Value::String(product)});
  fields.push_back({rules::StableId("until"), store::Value::TimestampUs(until_us)});
  if (fields[0].id > fields[1].id) std::swap(fields[0], fields[1]);
  return {fields};
}

v1::BasketLine* AddLine(absl::string_view sku, int64_t quantity, int64_t price_e4,
                        v1::Basket* basket) {
  v1::BasketLine* line = basket->add_lines();
  line->set_line_id(absl::StrCat(basket->lines_size()));
  line->set_sku(std::string(sku));
  line->set_quantity_thousandths(quantity * 1000);
  line->set_unit_price_e4(price_e4);
  return line;
}

}  // namespace

absl::Time WorldNow() {
  return absl::FromCivil(absl::CivilSecond(2026, 11, 26, 7, 30, 0), absl::UTCTimeZone());
}

std::shared_ptr<const LiveState> WorldState(uint64_t revision, uint64_t reference_version) {
  static std::mutex mutex;
  static auto* const kept =
      new std::map<std::pair<uint64_t, uint64_t>, std::shared_ptr<const LiveState>>();
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<const LiveState>& state = (*kept)[{revision, reference_version}];
  if (state == nullptr) state = NewState(Message(revision), revision, reference_version);
  return state;
}

uint32_t WorldAggregateId(absl::string_view name) {
  for (const rules::AggregateSpec& spec : WorldState(1, 1)->rule_set->schema.aggregates) {
    if (spec.name == name) return spec.id;
  }
  return rules::AggregateId(name, "");
}

std::shared_ptr<const LiveState> WorldStatePausing(uint64_t revision, const std::string& offer) {
  auto state = std::make_shared<LiveState>(*WorldState(revision, 1));
  state->paused = {state->rule_set->offer_by_id.at(offer)};
  state->paused_offers = {offer};
  return state;
}

std::shared_ptr<const LiveState> WorldStateGiving(const std::string& prompt) {
  v1::RuleSet message = Message(1);
  for (v1::Offer& offer : *message.mutable_offers()) {
    if (offer.offer() != "basket-3") continue;
    offer.mutable_benefit()->Clear();
    offer.mutable_benefit()->mutable_gift()->set_sku("MUG");
    offer.mutable_benefit()->mutable_gift()->set_prompt(prompt);
  }
  return NewState(message, 1, 1);
}

std::shared_ptr<const LiveState> WorldStateWith(const std::string& offer,
                                                const std::string& eligible) {
  v1::RuleSet message = Message(1);
  for (v1::Offer& each : *message.mutable_offers()) {
    if (each.offer() == offer) each.set_eligible(eligible);
  }
  return NewState(message, 1, 1);
}

std::string LoyalRecord() {
  store::RecordPatch patch;
  const auto set = [&patch](absl::string_view name, const store::Value& value) {
    patch.SetAttribute(rules::StableId(name), value, 1, 0);
  };
  set("birth_date", store::Value::DateDays(5000));
  set("tier", store::Value::String("gold"));
  set("points", store::Value::Int64(412));
  set("share", store::Value::Double(0.5));
  set("member", store::Value::Bool(true));
  set("credit", store::Value::Money(1250, "EUR"));
  const std::vector<std::string> allergies = {"nuts", "milk"};
  set("allergies", store::Value::StringList(allergies));
  set("holdings", store::Value::RecordList(Holdings("phone", NowUs() + kDayUs)));
  set("seen", store::Value::TimestampUs(NowUs() - kDayUs));
  AddBucket("spend_90d", kToday - 3, 2, 41200, &patch);
  AddBucket("spend_90d", kToday - 200, 1, 99900, &patch);
  AddBucket("visits_30d", kToday - 1, 2, 0, &patch);
  AddBucket("visits_48h", static_cast<int32_t>(NowUs() / 3'600'000'000) - 5, 1, 0, &patch);
  SetLastPurchase(NowUs() - 3 * kDayUs, &patch);
  return Record(patch);
}

std::string NewRecord() {
  store::RecordPatch patch;
  patch.SetAttribute(rules::StableId("tier"), store::Value::String("silver"), 1, 0);
  return Record(patch);
}

std::string RandomRecord(std::mt19937_64& random) {
  const auto chance = [&random](uint64_t of) { return random() % of == 0; };
  store::RecordPatch patch;
  const auto set = [&](absl::string_view name, const store::Value& value) {
    if (!chance(4)) patch.SetAttribute(rules::StableId(name), value, 1, 0);
  };
  const std::vector<std::string> tiers = {"none", "silver", "gold", "of old"};
  set("tier", store::Value::String(tiers[random() % tiers.size()]));
  set("birth_date", store::Value::DateDays(static_cast<int64_t>(random() % 20000)));
  set("points", chance(5) ? store::Value::String("was text")
                          : store::Value::Int64(static_cast<int64_t>(random() % 500)));
  set("share", store::Value::Double(chance(8) ? std::nan("") : 0.25));
  set("member", store::Value::Bool(chance(2)));
  set("credit",
      store::Value::Money(static_cast<int64_t>(random() % 5000), chance(5) ? "XQX" : "EUR"));
  const std::vector<std::string> allergies = {chance(3) ? "caffeine" : "nuts"};
  set("allergies", store::Value::StringList(allergies));
  set("holdings", store::Value::RecordList(Holdings(chance(2) ? "phone" : "tv",
                                                    NowUs() + (chance(2) ? 1 : -1) * kDayUs)));
  set("flag", chance(2) ? store::Value::Int64(7) : store::Value::String("seven"));
  set("forgotten", store::Value::Int64(1));
  const auto days = static_cast<int32_t>(random() % 120);
  AddBucket("spend_90d", kToday - days, 1, static_cast<int64_t>(random() % 60000), &patch);
  if (chance(2)) AddBucket("visits_30d", kToday - days, 1, 0, &patch);
  if (chance(2)) {
    AddBucket("visits_48h", static_cast<int32_t>(NowUs() / 3'600'000'000) - days, 1, 0, &patch);
  }
  if (chance(2)) SetLastPurchase(NowUs() - days * kDayUs, &patch);
  if (chance(3)) AddBucket("gone_aggregate", 0, 1, 1, &patch);
  for (uint64_t i = random() % 6; i > 0; --i) {
    const std::vector<absl::string_view> offers = {"beans-20", "contract", "gold", "unknown"};
    AddContact(offers[random() % offers.size()], static_cast<store::ContactKind>(1 + random() % 4),
               NowUs() - static_cast<int64_t>(random() % 20) * kDayUs, i, &patch);
  }
  return Record(patch);
}

v1::DecideRequest TillRequest() {
  v1::DecideRequest request;
  v1::DecisionContext* context = request.mutable_context();
  context->set_transaction_id("t-1");
  context->set_step(1);
  context->mutable_touchpoint()->set_channel("pos");
  context->mutable_touchpoint()->set_store("S12");
  v1::Basket* basket = request.mutable_basket();
  basket->set_currency_code("EUR");
  AddLine("BEANS", 2, 140000, basket);
  AddLine("BREAD", 1, 30000, basket);
  request.add_placements("receipt");
  return request;
}

v1::DecideRequest LoyalTillRequest() {
  v1::DecideRequest request = TillRequest();
  v1::Identity* identity = request.mutable_context()->add_identities();
  identity->set_namespace_("loyalty_card");
  identity->set_value("1");
  return request;
}

v1::DecideRequest RandomRequest(std::mt19937_64& random) {
  const auto chance = [&random](uint64_t of) { return random() % of == 0; };
  v1::DecideRequest request;
  v1::DecisionContext* context = request.mutable_context();
  context->set_transaction_id(absl::StrCat("t-", random() % 100000));
  context->set_step(static_cast<int32_t>(1 + random() % 5));
  const bool web = chance(5);
  context->mutable_touchpoint()->set_channel(web ? "web" : "pos");
  if (!web && !chance(3)) context->mutable_touchpoint()->set_store("S12");
  if (chance(3)) context->set_locale("de-AT");
  if (chance(6)) context->set_direction(v1::DIRECTION_OUTBOUND);
  if (chance(4)) context->add_codes("SAVE5");
  if (!web && !chance(6)) {
    v1::Basket* basket = request.mutable_basket();
    basket->set_currency_code(chance(8) ? "CHF" : "EUR");
    const std::vector<absl::string_view> skus = {"BEANS", "BREAD", "GIFT", "BOTTLE", "NEW"};
    for (uint64_t lines = random() % 12; lines > 0; --lines) {
      const absl::string_view sku = skus[random() % skus.size()];
      v1::BasketLine* line = AddLine(sku, static_cast<int64_t>(1 + random() % 5),
                                     static_cast<int64_t>(random() % 300000), basket);
      if (chance(8)) line->set_price_source(v1::PRICE_SOURCE_MARKDOWN);
      if (chance(8)) line->mutable_product()->add_categories("bakery");
      if (chance(10)) {
        line->mutable_returned_from()->set_transaction_id("t-0");
        line->mutable_returned_from()->set_line_id("1");
        line->set_quantity_thousandths(-line->quantity_thousandths());
      }
    }
  }
  if (web) {
    request.add_placements("home_hero");
  } else {
    if (!chance(3)) request.add_placements("receipt");
    if (!chance(3)) request.add_placements("display");
  }
  if (chance(2)) {
    (*request.mutable_attributes())["weather"].set_string_value(chance(2) ? "rain" : "sun");
  }
  if (chance(4)) (*request.mutable_attributes())["guests"].set_int_value(0);
  return request;
}

}  // namespace touchstone::server
