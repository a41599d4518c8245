#pragma once

// Rounding of exact quotients, in one place, so that money and quantities cannot disagree.
//
// Thread safety: pure. Errors: OutOfRange when the quotient leaves int64. No allocation on success.

#include <cstdint>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"

namespace touchstone::rules {

// How a result that falls between two units is rounded. kHalfAwayFromZero is the default of the
// house. kDown is toward zero and kUp away from zero, so that a return mirrors its sale.
enum class Rounding : uint8_t { kHalfAwayFromZero, kHalfEven, kDown, kUp };

// numerator / divisor, rounded once. REQUIRES: divisor > 0.
absl::StatusOr<int64_t> DivideRounded(absl::int128 numerator, int64_t divisor, Rounding rounding);

// 10^exponent. REQUIRES: 0 <= exponent <= 18.
int64_t PowerOfTen(int exponent);

}  // namespace touchstone::rules
