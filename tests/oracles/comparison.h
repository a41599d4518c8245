#pragma once

// What a case expects beside what came. Pure functions.

#include <string>

#include "tests/oracles/priced_case.h"
#include "tests/oracles/promotion_case.h"

namespace touchstone::rules {

// Whether we have what the case asserts: what is net of a tax that prices include we have not.
bool IsComparable(const Assertion& assertion);

// A line for each assertion that does not hold, with what was expected and what came; "" when all
// hold.
std::string Differences(const PromotionCase& test, const PricedCase& priced);

}  // namespace touchstone::rules
