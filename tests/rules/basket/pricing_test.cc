#include "rules/basket/pricing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Currency Of(absl::string_view code) { return Currency::FromCode(code).value(); }
Money Amount(absl::string_view text) { return ParseMoney(text).value(); }

// One unit at a price in cents unless said otherwise.
BasketLine Line(absl::string_view id, int64_t price_minor, int64_t thousandths = 1000) {
  return {.line_id = id, .quantity = Decimal{thousandths}, .unit_price_e4 = price_minor * 100};
}

BenefitSpec Percent(PricingStage stage, int64_t percent, uint32_t offer = 0) {
  return {.offer = offer,
          .stage = stage,
          .off = {.kind = BenefitKind::kPercentOff, .parts_per_million = percent * 10'000}};
}

BenefitSpec AmountOff(PricingStage stage, AmountPer per, absl::string_view amount) {
  return {.stage = stage,
          .off = {.kind = BenefitKind::kAmountOff, .amount = {Amount(amount)}},
          .per = per};
}

class PricerTest : public testing::Test {
 protected:
  void Start(std::vector<BasketLine> lines, PricingPolicy policy = {}) {
    lines_ = std::move(lines);
    const Basket basket{Of("EUR"), lines_};
    ASSERT_THAT(ValidateBasket(basket), IsEmpty());
    pricer_.Start(basket, policy);
  }

  std::vector<int64_t> Nets() const {
    std::vector<int64_t> nets;
    for (const LineTotals& line : pricer_.lines()) nets.push_back(line.net_minor);
    return nets;
  }

  std::vector<BasketLine> lines_;
  Pricer pricer_;
};

constexpr PricingStage kLine = PricingStage::kLine;
constexpr PricingStage kOrder = PricingStage::kOrder;

TEST_F(PricerTest, TakesTwentyPercentOfBeansAtMostFiveEuro) {
  Start({Line("beans", 1400, 2000)});
  BenefitSpec beans = Percent(kLine, 20);
  beans.at_most = {Amount("5.00 EUR")};
  const Applied applied = pricer_.Apply(beans);
  EXPECT_EQ(applied.taken_minor, 500);
  EXPECT_EQ(applied.reason, NothingTaken::kNone);
  EXPECT_FALSE(applied.cut_by_guard_rail);
  EXPECT_EQ(pricer_.payable(), Amount("23.00 EUR"));
}

TEST_F(PricerTest, StartsFromTheLineTotalLessManualDiscounts) {
  BasketLine line = Line("fuel", 0, 32451);
  line.unit_price_e4 = 17590;
  line.manual_discount_minor = 108;
  Start({line});
  EXPECT_EQ(pricer_.merchandise_gross(), Amount("56.00 EUR"));
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 50)).taken_minor, 2800);
  EXPECT_EQ(pricer_.lines()[0].gross_minor, 5600);
  EXPECT_EQ(pricer_.lines()[0].net_minor, 2800);
}

TEST_F(PricerTest, TakesLinePercentagesOfThePriceOnEntryAndOrderPercentagesOfTheNet) {
  Start({Line("a", 10000)});
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 20)).taken_minor, 2000);
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 10)).taken_minor, 1000);
  EXPECT_EQ(pricer_.Apply(Percent(kOrder, 10)).taken_minor, 700);
  EXPECT_EQ(pricer_.merchandise_net(), Amount("63.00 EUR"));
}

TEST_F(PricerTest, RoundsEachLineAsThePolicySays) {
  Start({Line("a", 5), Line("b", 15)});
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 10)).taken_minor, 1 + 2);
  Start({Line("a", 5), Line("b", 15)}, {.rounding = Rounding::kHalfEven});
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 10)).taken_minor, 0 + 2);
  Start({Line("a", 5), Line("b", 15)}, {.rounding = Rounding::kDown});
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 10)).taken_minor, 0 + 1);
}

TEST_F(PricerTest, TakesAnAmountPerUnitPerLineOrOnce) {
  const std::vector<BasketLine> lines = {Line("a", 1000, 3000), Line("b", 1000, 1500)};
  Start(lines);
  pricer_.Apply(AmountOff(kLine, AmountPer::kUnit, "1.01 EUR"));
  EXPECT_THAT(Nets(), ElementsAre(3000 - 303, 1500 - 152));
  Start(lines);
  pricer_.Apply(AmountOff(kLine, AmountPer::kLine, "1.01 EUR"));
  EXPECT_THAT(Nets(), ElementsAre(3000 - 101, 1500 - 101));
  Start(lines);
  pricer_.Apply(AmountOff(kLine, AmountPer::kBasket, "1.01 EUR"));
  EXPECT_THAT(Nets(), ElementsAre(3000 - 67, 1500 - 34));
}

TEST_F(PricerTest, SpreadsAnOrderDiscountByWhatIsLeftAndSumsExactly) {
  Start({Line("c", 333), Line("a", 333), Line("b", 333)});
  EXPECT_EQ(pricer_.Apply(AmountOff(kOrder, AmountPer::kBasket, "1.00 EUR")).taken_minor, 100);
  EXPECT_THAT(Nets(), ElementsAre(333 - 33, 333 - 34, 333 - 33));  // the odd cent: smallest id
}

TEST_F(PricerTest, CapsALineOfferOverItsLinesInProportion) {
  Start({Line("a", 3000), Line("b", 1000)});
  BenefitSpec half = Percent(kLine, 50);
  half.at_most = {Amount("9.99 EUR"), Amount("1 CHF")};
  EXPECT_EQ(pricer_.Apply(half).taken_minor, 999);
  EXPECT_THAT(Nets(), ElementsAre(3000 - 749, 1000 - 250));
}

TEST_F(PricerTest, NeverTakesMoreThanIsLeft) {
  Start({Line("a", 1000), Line("b", 100)});
  EXPECT_EQ(pricer_.Apply(AmountOff(kLine, AmountPer::kLine, "3.00 EUR")).taken_minor, 400);
  EXPECT_THAT(Nets(), ElementsAre(700, 0));
  EXPECT_EQ(pricer_.Apply(AmountOff(kOrder, AmountPer::kBasket, "50 EUR")).taken_minor, 700);
  EXPECT_EQ(pricer_.payable(), Amount("0 EUR"));
  const Applied last = pricer_.Apply(Percent(kOrder, 10));
  EXPECT_EQ(last.taken_minor, 0);
  EXPECT_EQ(last.reason, NothingTaken::kNothingLeft);
}

TEST_F(PricerTest, KeepsFloorsAndGivesTheOtherLinesWhatTheyHoldBack) {
  BasketLine held = Line("a", 5000);
  held.floor_price_e4 = 450'000;
  Start({held, Line("b", 2000)});
  EXPECT_EQ(pricer_.Apply(Percent(kOrder, 20)).taken_minor, 1400);
  EXPECT_THAT(Nets(), ElementsAre(4500, 1100));
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 50)).taken_minor, 1000);
  EXPECT_THAT(Nets(), ElementsAre(4500, 100));
}

TEST_F(PricerTest, KeepsAFloorThatIsAboveThePriceByTakingNothing) {
  BasketLine line = Line("a", 1000);
  line.floor_price_e4 = 200'000;
  Start({line});
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 50)).reason, NothingTaken::kNothingLeft);
  EXPECT_THAT(Nets(), ElementsAre(1000));
}

TEST_F(PricerTest, RoundsFloorsUp) {
  BasketLine line = Line("a", 100);
  line.floor_price_e4 = 5001;  // 0.5001
  Start({line});
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 100)).taken_minor, 49);
}

TEST_F(PricerTest, LeavesDepositsNeverDiscountedLinesAndReturnsAlone) {
  BasketLine deposit = Line("deposit", 25);
  deposit.merchandise = false;
  BasketLine tobacco = Line("tobacco", 800);
  tobacco.never_discount = true;
  BasketLine returned = Line("returned", 500, -1000);
  returned.is_return = true;
  returned.manual_discount_minor = 100;
  Start({Line("a", 1000, 2500), deposit, tobacco, returned});
  EXPECT_EQ(pricer_.merchandise_gross(), Amount("25.00 EUR"));
  EXPECT_EQ(pricer_.merchandise_units(), Decimal{2500});
  EXPECT_EQ(pricer_.gross(), Amount("29.25 EUR"));  // 25.00 + 0.25 + 8.00 - 4.00
  EXPECT_EQ(pricer_.Apply(Percent(kOrder, 10)).taken_minor, 250);
  EXPECT_THAT(Nets(), ElementsAre(2250, 25, 800, -400));
  EXPECT_EQ(pricer_.merchandise_net(), Amount("22.50 EUR"));
  EXPECT_EQ(pricer_.payable(), Amount("26.75 EUR"));
}

TEST_F(PricerTest, LeavesMarkedDownLinesAloneUnlessTheOfferTakesThem) {
  BasketLine markdown = Line("a", 1000);
  markdown.price_source = PriceSource::kMarkdown;
  BasketLine overridden = Line("b", 1000);
  overridden.price_source = PriceSource::kOverride;
  BasketLine shelf = Line("c", 1000);
  shelf.price_source = PriceSource::kShelf;
  Start({markdown, overridden, shelf});
  BenefitSpec tenth = Percent(kLine, 10);
  pricer_.Apply(tenth);
  EXPECT_THAT(Nets(), ElementsAre(1000, 1000, 900));
  tenth.takes_marked_down = true;
  pricer_.Apply(tenth);
  EXPECT_THAT(Nets(), ElementsAre(900, 900, 800));
}

TEST_F(PricerTest, WorksOnSelectedLinesOnly) {
  Start({Line("a", 1000), Line("b", 3000), Line("c", 1000)});
  EXPECT_EQ(pricer_.Apply(Percent(kOrder, 10), {1, 0, 1}).taken_minor, 200);
  EXPECT_THAT(Nets(), ElementsAre(900, 3000, 900));
}

TEST_F(PricerTest, SaysWhyAnOfferTookNothing) {
  Start({Line("a", 4)});
  EXPECT_EQ(pricer_.Apply(AmountOff(kLine, AmountPer::kUnit, "1 CHF")).reason,
            NothingTaken::kNoCurrency);
  BenefitSpec capped = Percent(kLine, 10);
  capped.at_most = {Amount("1 CHF")};
  EXPECT_EQ(pricer_.Apply(capped).reason, NothingTaken::kNoCurrency);
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 10), {0}).reason, NothingTaken::kNoLines);
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 10)).reason, NothingTaken::kTooSmall);
  EXPECT_THAT(pricer_.takings(), IsEmpty());
}

TEST_F(PricerTest, ListsWhatEachOfferTookFromEachLine) {
  Start({Line("a", 1000), Line("b", 0), Line("c", 3000)});
  pricer_.Apply(Percent(kLine, 10, 7), {1, 1, 0});
  pricer_.Apply(AmountOff(kOrder, AmountPer::kBasket, "3.90 EUR"));
  std::vector<std::vector<int64_t>> takings;
  for (const LineTaking& taking : pricer_.takings()) {
    takings.push_back({taking.line, taking.offer, taking.amount_minor});
  }
  EXPECT_THAT(takings,
              ElementsAre(ElementsAre(0, 7, 100), ElementsAre(0, 0, 90), ElementsAre(2, 0, 300)));
}

TEST_F(PricerTest, CutsWhatPassesTheLineGuardRailAndSaysSo) {
  Start({Line("a", 1000), Line("b", 1000)}, {.most_off_line_ppm = 700'000});
  EXPECT_FALSE(pricer_.Apply(Percent(kLine, 50), {1, 0}).cut_by_guard_rail);
  const Applied applied = pricer_.Apply(Percent(kLine, 50));
  EXPECT_TRUE(applied.cut_by_guard_rail);
  EXPECT_EQ(applied.taken_minor, 200 + 500);
  EXPECT_THAT(Nets(), ElementsAre(300, 500));
  const Applied nothing = pricer_.Apply(Percent(kLine, 50), {1, 0});
  EXPECT_TRUE(nothing.cut_by_guard_rail);
  EXPECT_EQ(nothing.reason, NothingTaken::kNothingLeft);
}

TEST_F(PricerTest, CutsWhatPassesTheBasketGuardRailInProportion) {
  Start({Line("a", 3000), Line("b", 1001)}, {.most_off_basket_ppm = 500'000});
  const Applied applied = pricer_.Apply(Percent(kLine, 60));
  EXPECT_TRUE(applied.cut_by_guard_rail);
  EXPECT_EQ(applied.taken_minor, 2000);  // half of 40.01, rounded down
  EXPECT_THAT(Nets(), ElementsAre(3000 - 1499, 1001 - 501));
}

TEST_F(PricerTest, HandlesTheLargestBasketThatIsAllowed) {
  BasketLine largest = Line("a", 0, kMaxLineQuantity.thousandths);
  largest.unit_price_e4 = 1'000'000'000;
  std::vector<std::string> ids;
  for (size_t i = 0; i < kMaxBasketLines; ++i) ids.push_back(std::to_string(i));
  std::vector<BasketLine> lines(kMaxBasketLines, largest);
  for (size_t i = 0; i < lines.size(); ++i) lines[i].line_id = ids[i];
  Start(lines);
  const int64_t gross = static_cast<int64_t>(kMaxBasketLines) * kMaxLineTotalMinor;
  EXPECT_EQ(pricer_.merchandise_gross().amount_minor, gross);
  EXPECT_EQ(pricer_.Apply(Percent(kLine, 50)).taken_minor, gross / 2);
  EXPECT_EQ(pricer_.Apply(Percent(kOrder, 50)).taken_minor, gross / 4);
  BenefitSpec absurd = AmountOff(kLine, AmountPer::kUnit, "92233720368547758.07 EUR");
  EXPECT_EQ(pricer_.Apply(absurd).taken_minor, gross / 4);
  EXPECT_EQ(pricer_.payable().amount_minor, 0);
}

TEST_F(PricerTest, ForgetsTheBasketBefore) {
  Start({Line("a", 1000), Line("b", 1000)});
  pricer_.Apply(Percent(kLine, 100));
  Start({Line("c", 500)});
  EXPECT_THAT(pricer_.takings(), IsEmpty());
  EXPECT_THAT(Nets(), ElementsAre(500));
  EXPECT_EQ(pricer_.payable(), Amount("5 EUR"));
  EXPECT_EQ(pricer_.Apply(Percent(kOrder, 10)).taken_minor, 50);
}

// One free of three.
BenefitSpec ThreeForTwo(Grouping grouping) {
  BenefitSpec benefit = Percent(PricingStage::kSet, 100);
  benefit.set = SetSpec{.parts = {{.units = 3}}, .cheapest_got = 1, .grouping = grouping};
  return benefit;
}

TEST_F(PricerTest, GivesWhatTheGroupingSaysOfEightUnits) {
  const std::vector<BasketLine> lines = {Line("a", 500, 3000), Line("b", 200, 2000),
                                         Line("c", 100, 3000)};
  Start(lines);
  EXPECT_EQ(pricer_.Apply(ThreeForTwo(Grouping::kDearestFirst)).taken_minor, 600);
  EXPECT_THAT(Nets(), ElementsAre(1000, 400, 200));
  Start(lines);
  EXPECT_EQ(pricer_.Apply(ThreeForTwo(Grouping::kCheapestFirst)).taken_minor, 300);
  EXPECT_THAT(Nets(), ElementsAre(1500, 200, 200));
  Start(lines);
  EXPECT_EQ(pricer_.Apply(ThreeForTwo(Grouping::kCheapestOfAll)).taken_minor, 200);
  EXPECT_THAT(Nets(), ElementsAre(1500, 400, 100));
}

TEST_F(PricerTest, UsesAUnitInOneSetOnly) {
  Start({Line("a", 500, 5000)});
  EXPECT_EQ(pricer_.Apply(ThreeForTwo(Grouping::kDearestFirst)).taken_minor, 500);
  const Applied two_left = pricer_.Apply(ThreeForTwo(Grouping::kDearestFirst));
  EXPECT_EQ(two_left.reason, NothingTaken::kNoSet);
}

TEST_F(PricerTest, PricesMillionsOfUnitsByTheRun) {
  Start({Line("a", 300, 1'000'000'000), Line("b", 200, 1'000'000'000),
         Line("c", 100, 1'000'000'000)});
  const Applied applied = pricer_.Apply(ThreeForTwo(Grouping::kDearestFirst));
  EXPECT_EQ(applied.applications, 1'000'000);
  // 333,333 sets of a and its last unit with two of b; then b and c, so that one set is left.
  EXPECT_EQ(applied.taken_minor, 333'333 * 300 + 200 + 333'332 * 200 + 100 + 333'333 * 100);
}

TEST_F(PricerTest, SplitsAnOddCentOfALineWithTheLargerPartsOnTheFirstUnits) {
  BasketLine line = Line("a", 0, 3000);
  line.unit_price_e4 = 33'350;  // 10.005, rounded to 10.01
  Start({line});
  BenefitSpec first = Percent(kLine, 100);
  first.units = UnitRange{.last = 1};
  EXPECT_EQ(pricer_.Apply(first).taken_minor, 334);
  BenefitSpec last = Percent(kLine, 100);
  last.units = UnitRange{.first = 3};
  EXPECT_EQ(pricer_.Apply(last).taken_minor, 333);
}

// The shelf offer leaves 10.01, which is the floor of the line; 6.68 of it is that of the first two
// units, whose floor is 6.67.
TEST_F(PricerTest, KeepsTheFloorOfALineWhoseUnitsAreNotAllAboveTheirs) {
  BasketLine line = Line("a", 400, 3000);
  line.floor_price_e4 = 33'334;  // 10.0002 for three, 6.6668 for two
  Start({line});
  EXPECT_EQ(pricer_.Apply(Percent(PricingStage::kShelf, 100)).taken_minor, 199);
  BenefitSpec pairs = Percent(PricingStage::kTender, 100);
  pairs.set = SetSpec{.parts = {{.units = 2}}, .at_most = 1};
  EXPECT_EQ(pricer_.Apply(pairs).reason, NothingTaken::kNothingLeft);
  EXPECT_THAT(Nets(), ElementsAre(1001));
}

TEST_F(PricerTest, SaysWhatTheShelfLeftWhenNothingComesAfterIt) {
  Start({Line("a", 1000)});
  pricer_.Apply(Percent(PricingStage::kShelf, 10));
  EXPECT_EQ(pricer_.lines()[0].entry_minor, 900);
}

TEST_F(PricerTest, OrdersUnitsByWhatTheShelfLeft) {
  Start({Line("a", 1000), Line("b", 900)});
  BenefitSpec dearest = Percent(PricingStage::kShelf, 50);
  dearest.units = UnitRange{.last = 1};
  pricer_.Apply(dearest);
  EXPECT_THAT(Nets(), ElementsAre(500, 900));
  dearest.stage = PricingStage::kLine;
  pricer_.Apply(dearest);
  EXPECT_THAT(Nets(), ElementsAre(500, 450));
}

TEST_F(PricerTest, MeasuresEachLineByItselfForTiersByLineAlsoOnTheOrder) {
  BenefitSpec tiers{.stage = kOrder, .per = AmountPer::kLine};
  tiers.tiers = {{.from_units = 2, .off = Percent(kOrder, 10).off},
                 {.from_units = 4, .off = Percent(kOrder, 50).off}};
  Start({Line("a", 100, 2000), Line("b", 100, 4000), Line("c", 100)});
  EXPECT_EQ(pricer_.Apply(tiers).taken_minor, 20 + 200);
  EXPECT_THAT(Nets(), ElementsAre(180, 200, 100));
}

TEST_F(PricerTest, CountsMissingGiftsAlsoWhenAGuardRailLeavesNothingOfThoseThatAreThere) {
  BenefitSpec mugs = Percent(PricingStage::kSet, 100);
  mugs.gift = GiftSpec{.sku = "MUG", .units = 2};
  Start({Line("coffee", 800), Line("mug", 400)}, {.most_off_line_ppm = 0});
  const Applied applied = pricer_.Apply(mugs, {1, 2});
  EXPECT_EQ(applied.missing_gifts, 1);
  EXPECT_EQ(applied.reason, NothingTaken::kNone);
  EXPECT_TRUE(applied.cut_by_guard_rail);
}

TEST_F(PricerTest, StartsAgainAfterAChangeOfWhatCountsAsMerchandise) {
  Start({Line("a", 1000, 3000), Line("b", 500, 3000)});
  pricer_.Apply(ThreeForTwo(Grouping::kDearestFirst));
  lines_[0].never_discount = true;
  pricer_.StartAgain();
  EXPECT_THAT(pricer_.takings(), IsEmpty());
  EXPECT_EQ(pricer_.merchandise_gross(), Amount("15.00 EUR"));
  EXPECT_EQ(pricer_.Apply(ThreeForTwo(Grouping::kDearestFirst)).taken_minor, 500);
  EXPECT_THAT(Nets(), ElementsAre(3000, 1000));
}

TEST_F(PricerTest, LetsEveryLineServeInEveryPartWhenNothingIsSelected) {
  Start({Line("a", 500, 2000), Line("b", 300)});
  BenefitSpec bundle = AmountOff(PricingStage::kSet, AmountPer::kSet, "1.00 EUR");
  bundle.set = SetSpec{.parts = {{.units = 1, .is_got = true}, {.units = 2, .is_got = true}}};
  EXPECT_EQ(pricer_.Apply(bundle).taken_minor, 100);
  EXPECT_THAT(Nets(), ElementsAre(1000 - 77, 300 - 23));
}

}  // namespace
}  // namespace touchstone::rules
