#include "rules/facts/elementary.h"

#include <bit>
#include <cassert>
#include <cstdint>

namespace touchstone::rules {
namespace {

constexpr double kLogarithmOfTwo = 0x1.62e42fefa39efp-1;
constexpr int kExponentShift = 52;
constexpr int kExponentBias = 1023;

double PowerOfTwo(int exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(kExponentBias + exponent) << kExponentShift);
}

}  // namespace

double HalfToThe(double x) {
  assert(x >= 0 && x <= 1000);
  const int whole = static_cast<int>(x);
  // The exponential series, from its smallest term up; with |y| < 0.7 the 20th is below 1e-21.
  const double y = -(x - whole) * kLogarithmOfTwo;
  double sum = 1;
  for (int term = 20; term > 0; --term) sum = 1 + sum * y / term;
  return sum * PowerOfTwo(-whole);
}

double NaturalLogarithm(double x) {
  assert(x >= 1);
  const auto bits = std::bit_cast<uint64_t>(x);
  const int exponent = static_cast<int>(bits >> kExponentShift) - kExponentBias;
  const double mantissa = x * PowerOfTwo(-exponent);  // from 1 to 2
  // ln m = 2 (z + z^3/3 + z^5/5 + ...) with z = (m - 1) / (m + 1), at most a third.
  const double z = (mantissa - 1) / (mantissa + 1);
  double sum = 0;
  for (int power = 37; power > 0; power -= 2) sum = sum * z * z + 1.0 / power;
  return exponent * kLogarithmOfTwo + 2 * z * sum;
}

}  // namespace touchstone::rules
