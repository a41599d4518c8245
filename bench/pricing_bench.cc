// What it costs to price a basket: the offers' turns by themselves, without conditions (Pricer),
// and with them as a whole decision without placements (Decide). Baskets of 1 to 4 pieces a line at
// prices up to 40.00; benefits of every kind. Every offer is applicable, which is what makes it
// dear.

#include <benchmark/benchmark.h>

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/generated_scene.h"
#include "rules/decide/decide.h"
#include "rules/decide/near_misses.h"

namespace touchstone::rules {
namespace {

using bench::Random;

constexpr int kCategories = 8;

std::string LinesOf(int category) {
  return absl::StrCat("\"category", category, "\" in line.categories");
}

void SetEuro(const std::string& amount, v1::AmountByCurrency* amounts) {
  (*amounts->mutable_amounts())["EUR"] = amount;
}

// A tenth each of gifts, bundles, points and tiers, a fifth of sets, the others plain.
v1::Benefit AnyBenefit(int index, Random& random) {
  v1::Benefit benefit;
  benefit.set_lines(LinesOf(index % kCategories));
  switch (index % 10) {
    case 0:
      SetEuro("2.00", benefit.mutable_amount_off());
      benefit.set_per("basket");
      return benefit;
    case 1:
    case 2:
      benefit.set_percent_off("50");
      benefit.mutable_buy()->set_units(1);
      benefit.mutable_get()->set_units(1);
      benefit.set_grouping("dearest_first");
      return benefit;
    case 3:
      SetEuro("9.00", benefit.mutable_price());
      benefit.set_per("set");
      benefit.add_bundle()->set_units(2);
      benefit.add_bundle()->set_units(1);
      benefit.set_grouping("dearest_first");
      return benefit;
    case 4:
      benefit.mutable_points()->set_give(1);
      SetEuro("2.00", benefit.mutable_points()->mutable_each());
      return benefit;
    case 5: {
      v1::Tier& tier = *benefit.add_tiers();
      SetEuro("10.00", tier.mutable_from_amount());
      tier.set_percent_off("3");
      return benefit;
    }
    case 6:
      benefit.set_percent_off("20");
      benefit.mutable_units()->set_order("cheapest_first");
      benefit.mutable_units()->set_through(2);
      return benefit;
    case 7:
      SetEuro("0.10", benefit.mutable_amount_off());
      benefit.set_per("unit");
      return benefit;
    default:
      benefit.set_percent_off(absl::StrCat(1 + random.Below(5)));
      return benefit;
  }
}

v1::RuleSet Frame() {
  v1::RuleSet message;
  v1::RuleSetSettings& settings = *message.mutable_settings();
  settings.set_name("Pricing");
  settings.set_zone("Europe/Berlin");
  settings.add_currencies("EUR");
  settings.add_locales("en");
  settings.add_channels("pos");
  v1::Segment& segment = *message.add_segments();
  segment.set_name("all");
  segment.set_otherwise("always");
  v1::ReferenceTable& product = (*message.mutable_schema()->mutable_reference())["product"];
  product.set_key("sku");
  (*product.mutable_fields())["categories"] = "list(string)";
  return message;
}

v1::Offer& AddOffer(int index, v1::RuleSet& message) {
  v1::Offer& offer = *message.add_offers();
  offer.set_offer(absl::StrCat("offer-", index));
  offer.set_applies("automatic");
  return offer;
}

// One of each kind in turn.
v1::RuleSet MixedOffers(int offers) {
  v1::RuleSet message = Frame();
  Random random(1);
  for (int i = 0; i < offers; ++i) *AddOffer(i, message).mutable_benefit() = AnyBenefit(i, random);
  return message;
}

// Mixed offers, the last of which are short of an amount: each of another, so that all are nearly
// reached. `gross_minor`: of the basket.
v1::RuleSet NearlyReachedOffers(int offers, int nearly, int64_t gross_minor) {
  v1::RuleSet message = MixedOffers(offers - nearly);
  v1::Placement& placement = (*message.mutable_placements())["receipt"];
  placement.set_channel("pos");
  placement.set_max_offers(1);
  (*placement.mutable_fields())["text"].set_max(60);
  message.mutable_pricing()->mutable_near_misses()->set_at_most(nearly);
  for (int i = 0; i < nearly; ++i) {
    v1::Offer& offer = AddOffer(offers - nearly + i, message);
    const int64_t threshold_minor = gross_minor + 320 + 100 * i;
    offer.set_requires_condition(absl::StrCat("basket.gross >= ", threshold_minor / 100, ".",
                                              threshold_minor / 10 % 10, threshold_minor % 10));
    SetEuro("2.00", offer.mutable_benefit()->mutable_amount_off());
    offer.mutable_benefit()->set_per("basket");
    offer.mutable_stacking()->set_priority(-i);
    (*(*offer.mutable_near_misses())["receipt"].mutable_fields())["text"].set_text(
        "Add {near_miss.spend}");
  }
  return message;
}

// One group of which only one may apply, the best.
v1::RuleSet RivalOffers(int offers) {
  v1::RuleSet message = Frame();
  (*message.mutable_pricing()->mutable_choose())["otherwise"] = "best_for_customer";
  for (int i = 0; i < offers; ++i) {
    v1::Offer& offer = AddOffer(i, message);
    offer.set_group("rivals");
    offer.mutable_stacking()->add_not_with("group:rivals");
    offer.mutable_benefit()->set_percent_off(absl::StrCat(5 + i % 7));
    offer.mutable_benefit()->set_lines(LinesOf(i % kCategories));
  }
  return message;
}

// Sets of overlapping kinds that compete for units.
v1::RuleSet CompetingSets(int offers) {
  v1::RuleSet message = Frame();
  (*message.mutable_pricing()->mutable_choose())["set"] = "best_for_customer";
  for (int i = 0; i < offers; ++i) {
    v1::Benefit& benefit = *AddOffer(i, message).mutable_benefit();
    benefit.set_percent_off("100");
    benefit.mutable_buy()->set_units(2);
    benefit.mutable_buy()->set_lines(LinesOf(i % kCategories));
    benefit.mutable_get()->set_units(1);
    benefit.mutable_get()->set_lines(LinesOf((i + 1) % kCategories));
    benefit.set_grouping("dearest_first");
  }
  return message;
}

class Scene {
 public:
  Scene(const v1::RuleSet& message, int lines) : rules_(bench::CompileOrStop(message)) {
    reference_.version = "generated";
    reference_.products = ReferenceTable(1);
    reference_.stores = ReferenceTable(0);
    Random random(1);
    for (int i = 0; i < lines; ++i) AddLine(i, random);
    facts_.resize(rules_->layout->decision_row_size());
    input_.reference = &reference_;
    input_.facts = facts_;
    input_.basket = {Currency::FromCode("EUR").value(), lines_};
    input_.line_facts = line_facts_;
    for (uint16_t i = 0; i < rules_->placements.size(); ++i) placements_.push_back(i);
    input_.placements = placements_;
    input_.now = absl::FromUnixSeconds(1'795'678'200);
    input_.step_limit = kDefaultDecisionStepLimit;
  }

  const RuleSet& rules() const { return *rules_; }
  const DecisionInput& input() const { return input_; }

 private:
  void AddLine(int index, Random& random) {
    BasketLine line;
    line.line_id = texts_.emplace_back(absl::StrCat(1000 + index));
    line.quantity = Decimal{1000 * (1 + random.Below(4))};
    line.unit_price_e4 = 100 * (50 + random.Below(3950));
    lines_.push_back(line);
    categories_.push_back(texts_.emplace_back(absl::StrCat("category", index % kCategories)));
    line_facts_.push_back(
        {texts_.emplace_back(absl::StrCat("sku-", index)), {&categories_.back(), 1}});
  }

  std::shared_ptr<const RuleSet> rules_;
  std::deque<std::string> texts_;
  std::deque<absl::string_view> categories_;
  std::vector<BasketLine> lines_;
  std::vector<LineFacts> line_facts_;
  std::vector<expr::Value> facts_;
  std::vector<uint16_t> placements_;
  ReferenceSnapshot reference_;
  DecisionInput input_;
};

void DecideAgain(benchmark::State& state, const v1::RuleSet& message, int lines) {
  const Scene scene(message, lines);
  DecisionScratch scratch;
  size_t applied = 0;
  bool greedy = false;
  for (auto _ : state) {
    const Decision& decision = Decide(scene.rules(), scene.input(), scratch);
    applied = decision.basket.applied.size();
    greedy = decision.basket.search == CombinationSearch::kGreedy;
    benchmark::DoNotOptimize(decision.basket.payable_minor);
  }
  state.counters["applied"] = static_cast<double>(applied);
  state.counters["greedy"] = greedy ? 1 : 0;
}

// Every line may do everything: only the arithmetic.
void BM_Price(benchmark::State& state) {
  const Scene scene(MixedOffers(static_cast<int>(state.range(1))),
                    static_cast<int>(state.range(0)));
  const RuleSet& rules = scene.rules();
  Pricer pricer;
  for (auto _ : state) {
    pricer.Start(scene.input().basket, rules.pricing);
    for (const uint32_t index : rules.pricing_order) {
      benchmark::DoNotOptimize(pricer.Apply(*rules.offers[index].benefit));
    }
  }
  state.counters["takings"] = static_cast<double>(pricer.takings().size());
}
BENCHMARK(BM_Price)->ArgNames({"lines", "offers"})->Args({20, 40})->Args({200, 40});

void BM_DecideMixed(benchmark::State& state) {
  DecideAgain(state, MixedOffers(static_cast<int>(state.range(1))),
              static_cast<int>(state.range(0)));
}
BENCHMARK(BM_DecideMixed)->ArgNames({"lines", "offers"})->Args({20, 40})->Args({200, 40});

void BM_DecideBestOfRivals(benchmark::State& state) {
  DecideAgain(state, RivalOffers(static_cast<int>(state.range(1))),
              static_cast<int>(state.range(0)));
}
BENCHMARK(BM_DecideBestOfRivals)->ArgNames({"lines", "offers"})->Args({20, 30})->Args({200, 30});

void BM_DecideCompetingSets(benchmark::State& state) {
  DecideAgain(state, CompetingSets(static_cast<int>(state.range(1))),
              static_cast<int>(state.range(0)));
}
BENCHMARK(BM_DecideCompetingSets)->ArgNames({"lines", "offers"})->Args({8, 2})->Args({20, 8});

// The decision, and what was nearly reached; with nothing to look for the decision alone.
void BM_DecideAndNearMisses(benchmark::State& state) {
  const int lines = static_cast<int>(state.range(0));
  const int offers = static_cast<int>(state.range(1));
  const int nearly = static_cast<int>(state.range(2));
  DecisionScratch scratch;
  const Scene plain(MixedOffers(offers - nearly), lines);
  const Decision& decision = Decide(plain.rules(), plain.input(), scratch);
  const int64_t gross_minor = decision.facts[kSlotBasketGross].money_value().amount_minor;
  const Scene scene(NearlyReachedOffers(offers, nearly, gross_minor), lines);
  NearMissScratch memory;
  size_t found = 0;
  for (auto _ : state) {
    const Decision& made = Decide(scene.rules(), scene.input(), scratch);
    found = FindNearMisses(scene.rules(), scene.input(), made, scratch, memory).size();
    benchmark::DoNotOptimize(found);
  }
  state.counters["found"] = static_cast<double>(found);
  state.counters["trials"] = static_cast<double>(memory.trials);
}
BENCHMARK(BM_DecideAndNearMisses)
    ->ArgNames({"lines", "offers", "nearly"})
    ->Args({20, 40, 0})
    ->Args({20, 40, 1})
    ->Args({20, 40, 5});

}  // namespace
}  // namespace touchstone::rules

BENCHMARK_MAIN();
