// Replaces the allocator of this test executable by one that counts.

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "rules/basket/pricing.h"

namespace {
thread_local size_t allocations = 0;
}  // namespace

// Not inlined: the compiler takes a free() beside another operator new for a mistake.
[[gnu::noinline]] void* operator new(size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, size_t) noexcept { std::free(memory); }

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
  const size_t before_warm_up = allocations;
  price();
  const size_t after_warm_up = allocations;
  EXPECT_GT(after_warm_up, before_warm_up);
  price();
  EXPECT_EQ(allocations, after_warm_up);
}

}  // namespace
}  // namespace touchstone::rules
