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
  const BenefitSpec on_lines{.kind = BenefitKind::kPercentOff,
                             .parts_per_million = 125'000,
                             .at_most = {{5000, basket.currency}}};
  const BenefitSpec on_order{.stage = PricingStage::kOrder,
                             .kind = BenefitKind::kAmountOff,
                             .amount_off = {{9999, basket.currency}}};
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

}  // namespace
}  // namespace touchstone::rules
