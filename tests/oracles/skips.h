#pragma once

// Which cases of basket arithmetic are not run, and why.

#include "absl/strings/string_view.h"
#include "tests/oracles/promotion_case.h"

namespace touchstone::rules {

// The reason for leaving the case out; "" when it is to be run.
absl::string_view SkipReason(const PromotionCase& test);

}  // namespace touchstone::rules
