#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "rules/basket/pricing.h"
#include "tests/heap_allocations.h"

namespace touchstone::rules {
namespace {

TEST(PricerMemoryTest, DoesNotAllocateOnceItHasSeenABasketOfThisSize) {
  std::vector<std::string> ids;
  for (int i = 0; i < 60; ++i) ids.push_back("line-" + std::to_string(i));
  std::vector<BasketLine> lines;
  for (const std::string& id : ids) {
    lines.push_back({.line_id = id, .quantity = Decimal{2000}, .unit_price_e4 = 123'400});
  }
  lines[3].floor_price_e4 = 123'000;
  const Basket basket{Currency::FromCode("EUR").value(), lines};
  const BenefitSpec on_lines{
      .off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 125'000},
      .at_most = {{5000, basket.currency}}};
  const BenefitSpec on_order{
      .stage = PricingStage::kOrder,
      .off = {.kind = BenefitKind::kAmountOff, .amount = {{9999, basket.currency}}}};
  Pricer pricer;
  const auto price = [&] {
    EXPECT_TRUE(ValidateBasket(basket).empty());
    pricer.Start(basket, PricingPolicy{});
    EXPECT_EQ(pricer.Apply(on_lines).taken_minor, 5000);
    EXPECT_EQ(pricer.Apply(on_order).taken_minor, 9999);
  };
  const int64_t before_warm_up = tests::HeapAllocations();
  price();
  const int64_t after_warm_up = tests::HeapAllocations();
  EXPECT_GT(after_warm_up, before_warm_up);
  price();
  EXPECT_EQ(tests::HeapAllocations(), after_warm_up);
}

TEST(PricerMemoryTest, DoesNotAllocateForUnitsAndSetsEither) {
  std::vector<std::string> ids;
  for (int i = 0; i < 60; ++i) ids.push_back("line-" + std::to_string(i));
  std::vector<BasketLine> lines;
  for (const std::string& id : ids) {
    lines.push_back({.line_id = id,
                     .quantity = Decimal{5000},
                     .unit_price_e4 = 123'400 + 100 * static_cast<int64_t>(lines.size())});
  }
  const Basket basket{Currency::FromCode("EUR").value(), lines};
  std::vector<BenefitSpec> benefits(
      4, {.off = {.kind = BenefitKind::kPercentOff, .parts_per_million = 500'000}});
  benefits[0].units = UnitRange{.first = 2, .last = 150};
  benefits[1].set = SetSpec{.parts = {{.units = 2}, {.units = 1, .is_got = true}}, .at_most = 30};
  benefits[2].off = {.kind = BenefitKind::kPrice, .amount = {{2000, basket.currency}}};
  benefits[2].per = AmountPer::kSet;
  benefits[2].set = SetSpec{.parts = {{.units = 3}}, .grouping = Grouping::kCheapestFirst};
  benefits[3].stage = PricingStage::kOrder;
  Pricer pricer;
  const auto price = [&] {
    pricer.Start(basket, PricingPolicy{});
    for (const BenefitSpec& benefit : benefits) EXPECT_GT(pricer.Apply(benefit).taken_minor, 0);
  };
  price();
  const int64_t after_warm_up = tests::HeapAllocations();
  price();
  EXPECT_EQ(tests::HeapAllocations(), after_warm_up);
}

}  // namespace
}  // namespace touchstone::rules
