#pragma once

// The one place where a quotient is rounded, as a template over the width of the numerator: a
// 64-bit division costs a fraction of a 128-bit one, and nearly every amount needs no more.
// Internal to what computes amounts; others use rounding.h.
//
// Thread safety: pure. No allocation.

#include <cstdint>

#include "rules/money/rounding.h"

namespace touchstone::rules {

// Whether a quotient that was cut toward zero moves one unit away from it. `remainder` is the
// magnitude of what the cut left over. Written without doubling the remainder, which could
// overflow.
template <typename Quotient>
bool MovesAwayFromZero(Quotient quotient, int64_t remainder, int64_t divisor, Rounding rounding) {
  if (remainder == 0) return false;
  const int64_t rest = divisor - remainder;
  switch (rounding) {
    case Rounding::kHalfAwayFromZero:
      return remainder >= rest;
    case Rounding::kHalfEven:
      return remainder > rest || (remainder == rest && quotient % 2 != 0);
    case Rounding::kDown:
      return false;
    case Rounding::kUp:
      return true;
  }
  return false;
}

// numerator / divisor, rounded once. REQUIRES: divisor > 0. Cannot overflow: with the divisor at 1
// there is no remainder, so nothing moves away from zero.
template <typename Integer>
Integer QuotientRounded(Integer numerator, int64_t divisor, Rounding rounding) {
  const Integer quotient = numerator / divisor;
  const int64_t remainder = static_cast<int64_t>(numerator % divisor);
  const bool negative = numerator < 0;
  if (!MovesAwayFromZero(quotient, negative ? -remainder : remainder, divisor, rounding)) {
    return quotient;
  }
  return negative ? quotient - 1 : quotient + 1;
}

}  // namespace touchstone::rules
