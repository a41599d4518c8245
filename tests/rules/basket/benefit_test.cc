#include "rules/basket/benefit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;

Money Amount(absl::string_view text) { return ParseMoney(text).value(); }
Currency Of(absl::string_view code) { return Currency::FromCode(code).value(); }

TEST(BenefitTest, RunsByTurnOfTheStageThenThoseThatGoFirstThenPriorityThenOfferId) {
  const BenefitSpec late_high{.offer_id = "a", .stage_turn = 3, .priority = 99};
  const BenefitSpec early_low{.offer_id = "b", .stage_turn = 1, .priority = -1};
  const BenefitSpec early_high{.offer_id = "d", .stage_turn = 1, .priority = 7};
  const BenefitSpec early_high_too{.offer_id = "c", .stage_turn = 1, .priority = 7};
  const BenefitSpec early_first{
      .offer_id = "e", .stage_turn = 1, .goes_first = true, .priority = -9};
  EXPECT_THAT(OrderBenefits({&late_high, &early_low, &early_high, &early_high_too, &early_first}),
              ElementsAre(4, 3, 2, 1, 0));
  EXPECT_FALSE(GoesBefore(early_low, early_low));
}

TEST(BenefitTest, FindsEveryStageByItsNameAndNoOther) {
  for (size_t i = 0; i < kPricingStages; ++i) {
    const auto stage = static_cast<PricingStage>(i);
    EXPECT_EQ(FindPricingStage(PricingStageName(stage)), stage);
  }
  EXPECT_EQ(FindPricingStage("Line"), std::nullopt);
  EXPECT_EQ(FindPricingStage(""), std::nullopt);
}

TEST(BenefitTest, FindsTheAmountOfACurrency) {
  const AmountByCurrency amounts = {Amount("5 EUR"), Amount("600 JPY")};
  EXPECT_EQ(AmountIn(amounts, Of("JPY")), 600);
  EXPECT_EQ(AmountIn(amounts, Of("EUR")), 500);
  EXPECT_EQ(AmountIn(amounts, Of("CHF")), std::nullopt);
}

TEST(BenefitTest, NeedsItsAmountAndItsCapInTheCurrency) {
  BenefitSpec benefit{.off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 1}};
  EXPECT_TRUE(HasAmountsIn(benefit, Of("CHF")));
  benefit.at_most = {Amount("5 EUR")};
  EXPECT_FALSE(HasAmountsIn(benefit, Of("CHF")));
  EXPECT_TRUE(HasAmountsIn(benefit, Of("EUR")));
  benefit.off.kind = BenefitKind::kAmountOff;
  EXPECT_FALSE(HasAmountsIn(benefit, Of("EUR")));
  benefit.off.amount = {Amount("1 EUR"), Amount("1 CHF")};
  EXPECT_TRUE(HasAmountsIn(benefit, Of("EUR")));
  EXPECT_FALSE(HasAmountsIn(benefit, Of("CHF")));
}

TEST(BenefitTest, NeedsTheAmountsOfItsTiersAndPointsInTheCurrency) {
  BenefitSpec tiers{.off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 1}};
  tiers.tiers = {
      {.from_units = 3, .off = {.kind = BenefitKind::kPrice, .amount = {Amount("5 EUR")}}}};
  EXPECT_TRUE(HasAmountsIn(tiers, Of("EUR")));
  EXPECT_FALSE(HasAmountsIn(tiers, Of("CHF")));
  tiers.tiers = {{.from_amount = {Amount("5 EUR")}, .off = tiers.off}};
  EXPECT_TRUE(HasAmountsIn(tiers, Of("EUR")));
  EXPECT_FALSE(HasAmountsIn(tiers, Of("CHF")));
  BenefitSpec points{.off = {.kind = BenefitKind::kPoints}, .reward = {.give = 1}};
  EXPECT_TRUE(HasAmountsIn(points, Of("CHF")));
  points.reward.each = {Amount("2 EUR")};
  EXPECT_TRUE(HasAmountsIn(points, Of("EUR")));
  EXPECT_FALSE(HasAmountsIn(points, Of("CHF")));
}

}  // namespace
}  // namespace touchstone::rules
