// best_for_customer, held to what it says.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/rules/decide/combination_sample.h"

namespace touchstone::rules {
namespace {

int64_t Off(const BasketAnswer& basket) { return basket.gross_minor - basket.payable_minor; }

int64_t Off(const TestRules& rules, const Scene& scene) {
  DecisionScratch scratch;
  return Off(Decide(*rules.compiled, scene.Input(), scratch).basket);
}

std::map<std::string, int64_t> NetByLine(const TestRules& rules, const Scene& scene) {
  DecisionScratch scratch;
  const BasketAnswer basket = Decide(*rules.compiled, scene.Input(), scratch).basket;
  std::map<std::string, int64_t> net;
  for (size_t i = 0; i < scene.lines.size(); ++i) {
    net[std::string(scene.lines[i].line_id)] = basket.lines[i].net_minor;
  }
  return net;
}

struct Pieces {
  std::string sku;
  int64_t price_minor = 0;
  int64_t count = 1;
};

int64_t OffOf(const CombinationSample& sample, const std::vector<Pieces>& basket) {
  const TestRules rules = sample.Load("best_for_customer");
  Scene scene(rules);
  for (const Pieces& pieces : basket) scene.Line(pieces.sku, pieces.price_minor, pieces.count);
  return Off(rules, scene);
}

const SampleOffer& TenCentsAPair() {
  static const SampleOffer& kOffer = *new SampleOffer{
      "pairs",
      "amount_off: { EUR: 0.10 }, per: set, bundle: [{ units: 2 }], grouping: dearest_first",
      "priority: 0",
      "AB",
      {""}};
  return kOffer;
}

// A stage without a contest is not searched. The best may be more than by trying: what an offer as
// a whole finds when the best combination is taken comes on top.
void ExpectBest(Contest contest, uint64_t seed) {
  Random random(seed);
  const CombinationSample sample = RandomOffers(contest, random);
  const TestRules best = sample.Load("best_for_customer");
  const TestRules by_priority = sample.Load("by_priority");
  for (int i = 0; i < 5; ++i) {
    Scene scene(best);
    const int64_t least_price = contest == Contest::kLines && i > 0 ? kEnoughForAll : 1;
    RandomPieces(8, least_price, random, scene);
    DecisionScratch scratch;
    const BasketAnswer found = Decide(*best.compiled, scene.Input(), scratch).basket;
    const int64_t in_order = Off(by_priority, scene);
    const int64_t most =
        BestByTrying(*best.compiled, scene.Input().basket, sample.InStage(best, scene));
    const std::string totals = absl::StrCat(Describe(sample, scene), "found ", Off(found),
                                            ", by trying ", most, ", by priority ", in_order, "\n");
    const int64_t gap = found.greedy_gap_minor;
    if (found.search == CombinationSearch::kExact && Off(found) < most) RC_FAIL(totals);
    if (found.search == CombinationSearch::kGreedy && Off(found) + gap < most) RC_FAIL(totals);
    if (Off(found) < in_order) RC_FAIL(totals);
  }
}

RC_GTEST_PROP(CombinationTest, LinesGoToTheBestOffers, ()) {
  ExpectBest(Contest::kLines, *rc::gen::arbitrary<uint64_t>());
}

RC_GTEST_PROP(CombinationTest, UnitsGoToTheBestSets, ()) {
  ExpectBest(Contest::kSets, *rc::gen::arbitrary<uint64_t>());
}

// The line ids stay with the lines, the ids of offers with the offers.
RC_GTEST_PROP(CombinationTest, TheOrderOfLinesAndFilesDoesNotMatter, ()) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  CombinationSample sample =
      RandomOffers(random.OneIn(2) ? Contest::kSets : Contest::kLines, random);
  const TestRules rules = sample.Load("best_for_customer");
  Scene scene(rules);
  RandomPieces(16, 1, random, scene);
  std::reverse(sample.offers.begin(), sample.offers.end());
  const TestRules other_files = sample.Load("best_for_customer");
  Scene other(other_files);
  other.lines.assign(scene.lines.rbegin(), scene.lines.rend());
  other.line_facts.assign(scene.line_facts.rbegin(), scene.line_facts.rend());
  const std::map<std::string, int64_t> net = NetByLine(rules, scene);
  RC_ASSERT(NetByLine(other_files, other) == net);
}

// As long as sets are made of the dearest units, and are of one part: of two parts there may be one
// set more with it, made of cheaper units.
RC_GTEST_PROP(CombinationTest, OneMoreUnitCostsNoMoreThanItsPrice, ()) {
  Random random(*rc::gen::arbitrary<uint64_t>());
  CombinationSample sample = RandomOffers(Contest::kSetsOfOneKind, random);
  for (SampleOffer& offer : sample.offers) {
    offer.benefit = absl::StrReplaceAll(
        offer.benefit, {{"cheapest_first", "dearest_first"}, {"cheapest_of_all", "dearest_first"}});
  }
  const TestRules rules = sample.Load("best_for_customer");
  Scene scene(rules);
  RandomPieces(8, 1, random, scene);
  DecisionScratch scratch;
  const BasketAnswer before = Decide(*rules.compiled, scene.Input(), scratch).basket;
  const std::string text = Describe(sample, scene);
  BasketLine& line = scene.lines[random.Below(scene.lines.size())];
  line.quantity.thousandths += 1000;
  DecisionScratch other;
  const BasketAnswer after = Decide(*rules.compiled, scene.Input(), other).basket;
  if (before.search == CombinationSearch::kGreedy || after.search == CombinationSearch::kGreedy) {
    return;
  }
  const int64_t price = line.unit_price_e4 / 100;
  if (after.payable_minor > before.payable_minor + price) {
    RC_FAIL(absl::StrCat(text, "one more ", line.line_id, " costs ",
                         after.payable_minor - before.payable_minor, "\n"));
  }
}

// Offers whose sets are of two units, so that very many of them can be made of twelve.
CombinationSample ManySmallSets(Random& random) {
  CombinationSample sample;
  const char* const skus[] = {"ABCD", "ABC", "BCD", "AD", "CD"};
  for (size_t i = 0; i < 5; ++i) {
    const std::string off =
        random.OneIn(3)
            ? absl::StrCat("amount_off: { EUR: ", 1 + random.Below(3), ".00 }, per: set")
            : absl::StrCat("percent_off: ", 20 + random.Below(40));
    const char* const grouping = random.OneIn(2) ? "dearest_first" : "cheapest_first";
    sample.offers.push_back({absl::StrCat("o", i),
                             absl::StrCat(off, ", bundle: [{ units: 2 }], sets_at_most: ",
                                          2 + random.Below(3), ", grouping: ", grouping),
                             "priority: 0",
                             skus[i],
                             {""}});
  }
  return sample;
}

TEST(CombinationTest, WhereThereIsTooMuchToTryTheGapHolds) {
  int greedy = 0;
  int not_the_best = 0;
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Random random(seed);
    const CombinationSample sample = ManySmallSets(random);
    const TestRules rules = sample.Load("best_for_customer");
    Scene scene(rules);
    for (size_t i = 0; i < 6; ++i) {
      scene.Line(std::string(1, "ABCD"[i % 4]), static_cast<int64_t>(100 + random.Below(900)), 2);
    }
    DecisionScratch scratch;
    const DecisionInput input = scene.Input();
    const BasketAnswer found = Decide(*rules.compiled, input, scratch).basket;
    if (found.search != CombinationSearch::kGreedy) continue;
    ++greedy;
    const int64_t most = BestByTrying(*rules.compiled, input.basket, sample.InStage(rules, scene));
    not_the_best += Off(found) < most;
    EXPECT_GE(Off(found) + found.greedy_gap_minor, most) << Describe(sample, scene);
  }
  EXPECT_GT(greedy, 3);
  EXPECT_GT(not_the_best, 0);
}

// With b in place of a and c, or a and c without b: which of the two a line that is used up should
// go to is not looked at.
TEST(CombinationTest, ALineThatTwoOffersUseUpIsNotCalledExact) {
  const CombinationSample sample{
      {{"a", "amount_off: { EUR: 8.00 }, per: line", "priority: 2", "A", {""}},
       {"b", "amount_off: { EUR: 5.00 }, per: line", "priority: 1, not_with: [c]", "A", {""}},
       {"c", "amount_off: { EUR: 4.00 }, per: line", "priority: 0", "B", {""}}}};
  const TestRules rules = sample.Load("best_for_customer");
  Scene scene(rules);
  scene.Line("A", 1000);
  scene.Line("B", 2000);
  DecisionScratch scratch;
  const BasketAnswer found = Decide(*rules.compiled, scene.Input(), scratch).basket;
  EXPECT_EQ(Off(found), 1000);
  EXPECT_EQ(found.search, CombinationSearch::kGreedy);
  EXPECT_EQ(found.greedy_gap_minor, 2000);  // 8.00 + 4.00 would be the best
}

TEST(CombinationTest, SetsOfTheCheapestUnitsAreMadeUntilNoneIsLeft) {
  const CombinationSample sample{
      {{"pairs",
        "percent_off: 100, bundle: [{ units: 2 }], grouping: cheapest_first",
        "priority: 1",
        "CD",
        {""}},
       {"threes",
        "amount_off: { EUR: 3.73 }, per: set, buy: { units: 2 }, get: { units: 1 }, "
        "grouping: cheapest_first",
        "not_with: [pairs]",
        "AD",
        {""}}}};
  EXPECT_EQ(OffOf(sample, {{"D", 200, 3}, {"C", 900, 5}}), 3 * 200 + 5 * 900);
}

TEST(CombinationTest, WhatIsTakenOnceFromABasketIsNotTakenForEachSet) {
  const CombinationSample sample{
      {{"once",
        "amount_off: { EUR: 1.00 }, per: basket, bundle: [{ units: 2 }], "
        "grouping: dearest_first",
        "priority: 1",
        "A",
        {""}},
       TenCentsAPair()}};
  EXPECT_EQ(OffOf(sample, {{"A", 500, 6}}), 100 + 2 * 10);  // it leaves two sets to the other offer
}

// One by one, the sets of the cheapest units would leave too few of A for a second one.
TEST(CombinationTest, SetsThatAreMadeTogetherAreNotFewerThanByPriority) {
  const CombinationSample sample{
      {{"k0",
        "amount_off: { EUR: 3.75 }, per: set, buy: { units: 1 }, get: { units: 1 }, "
        "grouping: cheapest_of_all",
        "priority: 0",
        "A",
        {""}},
       {"z1",
        "percent_off: 100, buy: { units: 2, lines: 'line.sku == \"A\"' }, "
        "get: { units: 1 }, grouping: cheapest_first",
        "priority: 1",
        "AC",
        {"A", ""}}}};
  EXPECT_EQ(OffOf(sample, {{"A", 667, 2}, {"A", 211, 4}}), 2 * 667);
}

// Both take from the line; the price leaves less to take when it comes later.
TEST(CombinationTest, WhatNoOfferExcludesTakesNoLessThanByPriority) {
  const CombinationSample sample{
      {{"price", "price: { EUR: 2.00 }, per: line", "stage: line, priority: 3", "C", {}},
       {"off", "amount_off: { EUR: 1.00 }, per: line", "stage: line, priority: 2", "C", {}},
       {"other", "amount_off: { EUR: 0.50 }, per: line", "stage: line, not_with: [off]", "D", {}}}};
  EXPECT_EQ(OffOf(sample, {{"C", 400, 1}}), 200 + 100);
}

// What the search remembers of units must not hide which lines are closed.
TEST(CombinationTest, LinesThatSetsCloseAreNotForgotten) {
  const CombinationSample sample{
      {{"k0",
        "price: { EUR: 9.13 }, per: set, bundle: [{ units: 2 }], grouping: cheapest_first, "
        "sets_at_most: 1",
        "priority: 1",
        "ABCD",
        {""}},
       {"k1",
        "percent_off: 100, buy: { units: 1 }, get: { units: 1 }, grouping: cheapest_first",
        "priority: 2, not_with: [k0], within: line",
        "ABCD",
        {""}},
       {"z2",
        "price: { EUR: 10.59 }, per: set, grouping: cheapest_first, sets_at_most: 2, "
        "bundle: [{ units: 2, lines: 'line.sku == \"A\" || line.sku == \"B\"' }]",
        "not_with: [k1]",
        "ABCD",
        {"AB"}}}};
  EXPECT_EQ(OffOf(sample, {{"D", 1096, 4}, {"D", 989, 3}, {"C", 235, 1}}), 3492);
}

TEST(CombinationTest, TiersCountAllSetsThatAreTaken) {
  const CombinationSample sample{{{"tiers",
                                   "bundle: [{ units: 2 }], grouping: dearest_first, "
                                   "tiers: [{ from_units: 4, percent_off: 50 }]",
                                   "priority: 1",
                                   "A",
                                   {""}},
                                  TenCentsAPair()}};
  EXPECT_EQ(OffOf(sample, {{"A", 500, 4}}), 1000);
}

}  // namespace
}  // namespace touchstone::rules
