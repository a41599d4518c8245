#include "tests/oracles/skips.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "rules/money/fixed_point.h"
#include "tests/oracles/case_rules.h"
#include "tests/oracles/comparison.h"

namespace touchstone::rules {
namespace {

// 15% of 10.50 is 1.575: a cent more or less by whether what is taken off is rounded or what is
// left.
bool IsHalfACent(const std::string& unit_price, const std::string& percent) {
  const absl::StatusOr<int64_t> price_e4 = ParseFixedPoint(unit_price, 4);
  const absl::StatusOr<int64_t> percent_e2 = ParseFixedPoint(percent, 2);
  if (!price_e4.ok() || !percent_e2.ok()) return false;
  // 1'000'000 of their product are a minor unit of a currency with two decimals.
  return *price_e4 * *percent_e2 % 1'000'000 == 500'000;
}

bool HasHalfACentOnTheShelf(const PromotionCase& test) {
  for (const Promotion& promotion : test.catalog_promotions) {
    const PromotionBenefit& benefit = promotion.benefits.front();
    if (benefit.kind != "percent") continue;
    for (const CartLine& line : test.cart) {
      if (IsHalfACent(line.unit_price, benefit.value)) return true;
    }
  }
  return false;
}

bool HasLineOfMoreThan(const PromotionCase& test, int64_t units) {
  return std::any_of(test.cart.begin(), test.cart.end(), [&](const CartLine& line) {
    int64_t quantity = 0;
    return absl::SimpleAtoi(line.quantity, &quantity) && quantity > units;
  });
}

// Where a percentage is of some units of a line only, there is more than one way to count what
// earlier promotions left of them.
bool IsOfSomeUnitsLeft(const PromotionCase& test) {
  if (!HasPercentagesOfNet(test)) return false;
  for (size_t i = 1; i < test.promotions.size(); ++i) {
    for (const PromotionBenefit& benefit : test.promotions[i].benefits) {
      const bool of_some = benefit.kind == "percent" && benefit.max_units > 0;
      if (of_some && HasLineOfMoreThan(test, benefit.max_units)) return true;
    }
  }
  return false;
}

}  // namespace

absl::string_view SkipReason(const PromotionCase& test) {
  if (test.HasTag("unrounded")) return "expects fractions of a cent";
  if (std::none_of(test.expected.begin(), test.expected.end(), IsComparable)) {
    return "asserts only what is net of tax; prices are what they are";
  }
  if (HasHalfACentOnTheShelf(test)) {
    return "rounds what is left on the shelf, half a cent up (10.50 less 15% is 8.93), where we "
           "round what is taken off (1.58)";
  }
  if (IsOfSomeUnitsLeft(test)) {
    return "conflicts with DESIGN section 8: a percentage on lines is of the price on entry, here "
           "of what earlier promotions left, by one platform's count of units";
  }
  return "";
}

}  // namespace touchstone::rules
