#pragma once

// The filters and conditions of a case in the rule language. Pure functions.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/oracles/promotion_case.h"

namespace touchstone::rules {

// The column of products that holds the SKU of a line and those of its parents, since a filter on a
// parent matches its children too.
inline constexpr char kSkusColumn[] = "skus";
// Facts of the request.
inline constexpr char kShippingMethodFact[] = "shipping_method";
inline constexpr char kOrderNumberFact[] = "order_number";

// Over `line`; "" for a filter that lets every line pass.
std::string LinesText(const LineFilter& filter);

// What the conditions of a promotion that name products or categories of the cart let pass; what
// such a promotion gives for each unit, it gives for each of these.
LineFilter QualifyingLines(const Promotion& promotion);

// Over the basket; "" for no condition. `total`: what the basket comes to when the offer's turn
// comes, `basket.net` or `basket.gross`. Unimplemented for a kind that is not known.
absl::StatusOr<std::string> RequiresText(const Promotion& promotion, const std::string& total,
                                         size_t cart_lines);

}  // namespace touchstone::rules
