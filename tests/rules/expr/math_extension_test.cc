// The math extension against the standard library.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"
#include "rules/expr/call.h"

namespace touchstone::rules::expr {
namespace {

double CallOn(Function function, double x) {
  const Frame frame;
  Scratch scratch;
  Evaluation evaluation{frame, scratch};
  const Value argument = Value::Double(x);
  return Call(function, {&argument, 1}, evaluation).double_value();
}

// Equal to the bit, or both NaN.
bool Same(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b) ||
         (std::isnan(a) && std::isnan(b));
}

void ExpectAsTheLibrary(double x) {
  EXPECT_TRUE(Same(CallOn(Function::kCeil, x), std::ceil(x))) << x;
  EXPECT_TRUE(Same(CallOn(Function::kFloor, x), std::floor(x))) << x;
  EXPECT_TRUE(Same(CallOn(Function::kRound, x), std::round(x))) << x;
  EXPECT_TRUE(Same(CallOn(Function::kTrunc, x), std::trunc(x))) << x;
  EXPECT_TRUE(Same(CallOn(Function::kAbs, x), std::fabs(x))) << x;
}

TEST(MathExtensionTest, RoundsAtTheEdgesAsTheStandardSays) {
  using Limits = std::numeric_limits<double>;
  for (const double x : {0.0,
                         -0.0,
                         0.5,
                         -0.5,
                         0.49999999999999994,
                         -0.49999999999999994,
                         1.5,
                         2.5,
                         -2.5,
                         4503599627370495.5,
                         4503599627370496.5,
                         4503599627370497.0,
                         9007199254740991.0,
                         1e300,
                         Limits::denorm_min(),
                         -Limits::denorm_min(),
                         Limits::min(),
                         Limits::max(),
                         -Limits::max(),
                         Limits::infinity(),
                         -Limits::infinity(),
                         Limits::quiet_NaN()}) {
    ExpectAsTheLibrary(x);
  }
}

RC_GTEST_PROP(MathExtensionProperty, RoundsAnyBitsAsTheStandardSays, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::uniform_real_distribution<double> near(-100.0, 100.0);
  for (int i = 0; i < 500; ++i) {
    ExpectAsTheLibrary(std::bit_cast<double>(random()));
    const double small = near(random);
    ExpectAsTheLibrary(small);
    // Halves and wholes, which random bits never are.
    ExpectAsTheLibrary(std::round(small * 2) / 2);
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
