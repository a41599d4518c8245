#include "tests/oracles/skips.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "tests/oracles/case_rules.h"
#include "tests/oracles/comparison.h"

namespace touchstone::rules {
namespace {

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
  if (IsOfSomeUnitsLeft(test)) {
    return "conflicts with DESIGN section 8: a percentage on lines is of the price on entry, here "
           "of what earlier promotions left, by one platform's count of units";
  }
  return "";
}

}  // namespace touchstone::rules
