#include "rules/money/rounding.h"

#include <cassert>
#include <limits>

namespace touchstone::rules {
namespace {

constexpr int64_t kPowersOfTen[] = {1,
                                    10,
                                    100,
                                    1'000,
                                    10'000,
                                    100'000,
                                    1'000'000,
                                    10'000'000,
                                    100'000'000,
                                    1'000'000'000,
                                    10'000'000'000,
                                    100'000'000'000,
                                    1'000'000'000'000,
                                    10'000'000'000'000,
                                    100'000'000'000'000,
                                    1'000'000'000'000'000,
                                    10'000'000'000'000'000,
                                    100'000'000'000'000'000,
                                    1'000'000'000'000'000'000};

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

}  // namespace

absl::StatusOr<int64_t> DivideRounded(absl::int128 numerator, int64_t divisor, Rounding rounding) {
  assert(divisor > 0);
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  // Nearly every amount fits, and a 64-bit division costs a fraction of a 128-bit one. With the
  // divisor at 1 there is no remainder, so the step away from zero cannot overflow.
  if (numerator >= kMin && numerator <= kMax) {
    return QuotientRounded(static_cast<int64_t>(numerator), divisor, rounding);
  }
  const absl::int128 result = QuotientRounded(numerator, divisor, rounding);
  if (result < kMin || result > kMax) {
    return absl::OutOfRangeError("the result does not fit 64 bits");
  }
  return static_cast<int64_t>(result);
}

int64_t PowerOfTen(int exponent) {
  assert(exponent >= 0 && exponent <= 18);
  return kPowersOfTen[exponent];
}

}  // namespace touchstone::rules
