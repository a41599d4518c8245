#pragma once

// The text of an exact number with a fixed count of decimals: what money, decimals and percentages
// are read from and written as.
//
// Thread safety: pure. Only the text forms and the reasons of failures allocate.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace touchstone::rules {

// Reads "-12.5" as a count of 10^-decimals: (2) gives -1250. A minus sign, digits, and a point that
// digits follow (".5" is 0.5, as in CEL); no exponent, plus sign, blanks or grouping.
// InvalidArgument when the text is anything else or writes more decimals; OutOfRange when the count
// leaves int64. REQUIRES: 0 <= decimals <= 18.
absl::StatusOr<int64_t> ParseFixedPoint(absl::string_view text, int decimals);

// The same without a reason, and so without allocation: nullopt for what ParseFixedPoint refuses.
std::optional<int64_t> ReadFixedPoint(absl::string_view text, int decimals);

// The inverse: (-1250, 2) gives "-12.50", or "-12.5" when trailing zeros are trimmed.
enum class TrailingZeros : uint8_t { kKeep, kTrim };
std::string FormatFixedPoint(int64_t count, int decimals, TrailingZeros trailing_zeros);

}  // namespace touchstone::rules
