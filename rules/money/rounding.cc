#include "rules/money/rounding.h"

#include <cassert>
#include <limits>

#include "rules/money/quotient.h"

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

}  // namespace

absl::StatusOr<int64_t> DivideRounded(absl::int128 numerator, int64_t divisor, Rounding rounding) {
  assert(divisor > 0);
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
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
