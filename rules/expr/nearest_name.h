#pragma once

// "Did you mean ...?": the known name that someone most likely meant. Internal to the checker.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::rules::expr {

// The name that differs from `written` by the fewest edits (letters inserted, left out, replaced or
// swapped; case is free), or that `written` is the last part of ("tier" for "customer.tier").
// nullopt when none is near. Cost: names times the product of the lengths.
std::optional<std::string> NearestName(absl::string_view written,
                                       absl::Span<const absl::string_view> names);

}  // namespace touchstone::rules::expr
