#pragma once

// A benefit of a case as benefits of ours. Pure functions.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/oracles/promotion_case.h"
#include "touchstone/v1/offer.pb.h"

namespace touchstone::rules {

// In the order in which they are to be priced; none for a benefit of nothing. Most are one of ours.
// `qualifying`: the lines that a gift is given for. Unimplemented for a form that is not known.
absl::StatusOr<std::vector<v1::Benefit>> MapBenefit(const PromotionBenefit& benefit,
                                                    const LineFilter& qualifying,
                                                    const std::string& currency);

}  // namespace touchstone::rules
