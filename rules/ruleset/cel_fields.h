#pragma once

// Which fields of a rule set hold CEL: the one table that the file reader (quoting rules), the
// compiler (what to check) and mutation tests (what to change) share.
//
// Thread safety: pure functions over constants. No allocation.

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::rules {

// Full field names, "touchstone.v1.Offer.eligible", in byte order.
absl::Span<const absl::string_view> CelFields();

bool IsCelField(absl::string_view full_field_name);

}  // namespace touchstone::rules
