#include "rules/basket/benefit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;

Money Amount(absl::string_view text) { return ParseMoney(text).value(); }
Currency Of(absl::string_view code) { return Currency::FromCode(code).value(); }

TEST(BenefitTest, RunsByStageThenPriorityThenOfferId) {
  const BenefitSpec order_high{.offer_id = "a", .stage = PricingStage::kOrder, .priority = 99};
  const BenefitSpec line_low{.offer_id = "b", .stage = PricingStage::kLine, .priority = -1};
  const BenefitSpec line_high{.offer_id = "d", .stage = PricingStage::kLine, .priority = 7};
  const BenefitSpec line_high_too{.offer_id = "c", .stage = PricingStage::kLine, .priority = 7};
  EXPECT_THAT(OrderBenefits({&order_high, &line_low, &line_high, &line_high_too}),
              ElementsAre(3, 2, 1, 0));
  EXPECT_FALSE(GoesBefore(line_low, line_low));
}

TEST(BenefitTest, FindsTheAmountOfACurrency) {
  const AmountByCurrency amounts = {Amount("5 EUR"), Amount("600 JPY")};
  EXPECT_EQ(AmountIn(amounts, Of("JPY")), 600);
  EXPECT_EQ(AmountIn(amounts, Of("EUR")), 500);
  EXPECT_EQ(AmountIn(amounts, Of("CHF")), std::nullopt);
}

TEST(BenefitTest, NeedsItsAmountAndItsCapInTheCurrency) {
  BenefitSpec benefit{.kind = BenefitKind::kPercentOff, .parts_per_million = 1};
  EXPECT_TRUE(HasAmountsIn(benefit, Of("CHF")));
  benefit.at_most = {Amount("5 EUR")};
  EXPECT_FALSE(HasAmountsIn(benefit, Of("CHF")));
  EXPECT_TRUE(HasAmountsIn(benefit, Of("EUR")));
  benefit.kind = BenefitKind::kAmountOff;
  EXPECT_FALSE(HasAmountsIn(benefit, Of("EUR")));
  benefit.amount_off = {Amount("1 EUR"), Amount("1 CHF")};
  EXPECT_TRUE(HasAmountsIn(benefit, Of("EUR")));
  EXPECT_FALSE(HasAmountsIn(benefit, Of("CHF")));
}

}  // namespace
}  // namespace touchstone::rules
