// One decision in process, without a store: bind, segment, eligibility, limits, pricing, ranking,
// texts. Rule sets are generated: 60 customer attributes, conditions of 3 to 8 parts of which about
// one offer in seventy holds, baskets of 20 lines, three placements. Customers are drawn anew for
// each decision, so that nothing is learned from the one before.

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/generated_scene.h"
#include "rules/decide/decide.h"

namespace touchstone::rules {
namespace {

using bench::Random;
using expr::Value;

constexpr int kNumbers = 40;
constexpr int kWords = 20;
constexpr int kLines = 20;
constexpr int kCustomers = 512;
constexpr int kProducts = 200;

std::string Predicate(Random& random) {
  if (random.Below(3) == 0) {
    const int first = random.Below(6);
    return absl::StrCat("customer.word", random.Below(kWords), " in [\"w", first, "\", \"w",
                        first + 1, "\", \"w", first + 2, "\", \"w", first + 3, "\"]");
  }
  const char* const relation = random.Below(2) == 0 ? " < " : " >= ";
  return absl::StrCat("customer.number", random.Below(kNumbers), relation, 40 + random.Below(20));
}

void AddAttributes(v1::RuleSet& message) {
  auto& customer = *message.mutable_schema()->mutable_customer();
  for (int i = 0; i < kNumbers; ++i) {
    v1::Attribute& attribute = customer[absl::StrCat("number", i)];
    attribute.set_type("int");
    attribute.mutable_default_()->set_text("0");
  }
  for (int i = 0; i < kWords; ++i) {
    v1::Attribute& attribute = customer[absl::StrCat("word", i)];
    attribute.set_type("string");
    attribute.set_optional(true);
  }
  v1::ReferenceTable& product = (*message.mutable_schema()->mutable_reference())["product"];
  product.set_key("sku");
  (*product.mutable_fields())["categories"] = "list(string)";
  (*product.mutable_fields())["tobacco"] = "bool";
}

void AddFrame(v1::RuleSet& message) {
  v1::RuleSetSettings& settings = *message.mutable_settings();
  settings.set_name("Generated");
  settings.set_zone("Europe/Berlin");
  settings.add_currencies("EUR");
  settings.add_locales("en");
  settings.add_channels("pos");
  v1::Segment& gold = *message.add_segments();
  gold.set_name("gold");
  gold.set_when("customer.number0 >= 50");
  v1::Segment& other = *message.add_segments();
  other.set_name("other");
  other.set_otherwise("always");
  for (const char* name : {"receipt", "screen", "banner"}) {
    v1::Placement& placement = (*message.mutable_placements())[name];
    placement.set_channel("pos");
    placement.set_max_offers(3);
    (*placement.mutable_fields())["text"];
  }
  message.mutable_pricing()->add_stages("line");
  message.mutable_pricing()->add_stages("order");
  message.mutable_pricing()->set_never_discount("line.product.tobacco");
}

void AddOffer(int index, Random& random, v1::RuleSet& message) {
  v1::Offer& offer = *message.add_offers();
  offer.set_offer(absl::StrCat("offer-", index));
  std::string eligible = Predicate(random);
  for (int parts = 2 + random.Below(6); parts > 0; --parts) {
    absl::StrAppend(&eligible, " && ", Predicate(random));
  }
  offer.set_eligible(eligible);
  offer.set_value(absl::StrCat("0.01 * double(customer.number", random.Below(kNumbers), ")"));
  const bool automatic = random.Below(2) == 0;
  offer.set_applies(automatic ? "automatic" : "never");
  if (automatic) {
    offer.mutable_benefit()->set_percent_off("10");
    offer.mutable_benefit()->set_lines(
        absl::StrCat("\"category", random.Below(20), "\" in line.categories"));
  }
  v1::Limit& limit = *offer.add_limits();
  limit.set_id("weekly");
  limit.set_at_most("2");
  limit.set_per("customer");
  limit.set_over("7d");
  for (const char* name : {"receipt", "screen", "banner"}) {
    (*(*offer.mutable_treatments())[name].mutable_fields())["text"].set_text(
        automatic ? "You saved {benefit.amount}" : "Look at this");
  }
}

std::shared_ptr<const RuleSet> GenerateRules(int offers) {
  v1::RuleSet message;
  AddFrame(message);
  AddAttributes(message);
  Random random(1);
  for (int i = 0; i < offers; ++i) AddOffer(i, random, message);
  return bench::CompileOrStop(message);
}

// A basket of 20, 512 customers, and the rows they refer to.
class World {
 public:
  explicit World(const RuleSet& rules) {
    reference_.version = "generated";
    reference_.products = ReferenceTable(2);
    Random random(2);
    for (int i = 0; i < kProducts; ++i) AddProduct(i, random);
    for (int i = 0; i < 10; ++i) words_.push_back(absl::StrCat("w", i));
    for (int i = 0; i < kLines; ++i) {
      ids_.push_back(absl::StrCat(i));
      skus_.push_back(absl::StrCat("sku-", random.Below(kProducts)));
    }
    for (size_t i = 0; i < kLines; ++i) AddLine(i, random);
    for (int i = 0; i < kCustomers; ++i) customers_.push_back(AnyCustomer(rules, random));
    for (uint16_t i = 0; i < rules.placements.size(); ++i) placements_.push_back(i);
    for (uint32_t i = 0; i < 64; ++i) {
      const auto offer = static_cast<size_t>(random.Below(static_cast<int>(rules.offers.size())));
      contacts_.push_back({rules.offers[offer].stable_id, ContactKind::kShown,
                           absl::FromUnixSeconds(1'795'600'000)});
    }
  }

  DecisionInput Input(size_t customer) const {
    DecisionInput input;
    input.reference = &reference_;
    input.facts = customers_[customer % customers_.size()];
    input.basket = {Currency::FromCode("EUR").value(), lines_};
    input.line_facts = line_facts_;
    input.contacts = contacts_;
    input.customer = InputStatus::kPresent;
    input.placements = placements_;
    input.now = absl::FromUnixSeconds(1'795'678'200);
    input.step_limit = kDefaultDecisionStepLimit;
    return input;
  }

 private:
  void AddProduct(int index, Random& random) {
    const std::string category = absl::StrCat("category", random.Below(20));
    const Value names[] = {Value::String("all"), Value::String(category)};
    const expr::ListData categories{names, 2, nullptr};
    const Value row[] = {Value::List(&categories), Value::Bool(random.Below(20) == 0)};
    if (!reference_.products.Add(absl::StrCat("sku-", index), row).ok()) std::abort();
  }

  void AddLine(size_t index, Random& random) {
    BasketLine line;
    line.line_id = ids_[index];
    line.quantity = Decimal{1000 * (1 + random.Below(3))};
    line.unit_price_e4 = 100 * (50 + random.Below(2000));
    lines_.push_back(line);
    line_facts_.push_back({skus_[index], {}});
  }

  std::vector<Value> AnyCustomer(const RuleSet& rules, Random& random) const {
    std::vector<Value> facts(rules.layout->decision_row_size());
    for (size_t i = 0; i < rules.schema.customer.size(); ++i) {
      const bool number = rules.schema.customer[i].declared_type == "int";
      facts[rules.layout->customer_slot(i)] =
          number ? Value::Int(random.Below(100))
                 : Value::String(words_[static_cast<size_t>(random.Below(10))]);
    }
    return facts;
  }

  ReferenceSnapshot reference_;
  std::vector<std::string> words_;
  std::vector<std::string> ids_;
  std::vector<std::string> skus_;
  std::vector<BasketLine> lines_;
  std::vector<LineFacts> line_facts_;
  std::vector<std::vector<Value>> customers_;
  std::vector<uint16_t> placements_;
  std::vector<Contact> contacts_;
};

// Whether the answer adds up: what was taken is what is no longer to be paid.
bool IsSound(const Decision& decision) {
  int64_t taken = 0;
  for (const LineTaking& taking : decision.basket.takings) taken += taking.amount_minor;
  return decision.completeness == Completeness::kComplete &&
         decision.basket.gross_minor - taken == decision.basket.payable_minor;
}

void BM_Decide(benchmark::State& state) {
  const std::shared_ptr<const RuleSet> rules = GenerateRules(static_cast<int>(state.range(0)));
  const World world(*rules);
  DecisionScratch scratch;
  size_t customer = 0;
  int64_t applied = 0;
  int64_t eligible = 0;
  for (auto _ : state) {
    const Decision& decision = Decide(*rules, world.Input(customer++), scratch);
    benchmark::DoNotOptimize(decision.basket.payable_minor);
  }
  for (size_t i = 0; i < kCustomers; ++i) {
    const Decision& decision = Decide(*rules, world.Input(i), scratch);
    if (!IsSound(decision)) return state.SkipWithError("the answer does not add up");
    applied += static_cast<int64_t>(decision.basket.applied.size());
    for (const OfferOutcome& outcome : decision.offers) {
      eligible += outcome.stage == Stage::kNone || outcome.stage > Stage::kSegment ? 1 : 0;
    }
  }
  state.counters["eligible"] = static_cast<double>(eligible) / kCustomers;
  state.counters["applied"] = static_cast<double>(applied) / kCustomers;
}
BENCHMARK(BM_Decide)->Arg(1)->Arg(45)->Arg(1000)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace touchstone::rules

BENCHMARK_MAIN();
