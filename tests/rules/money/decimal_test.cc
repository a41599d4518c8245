#include "rules/money/decimal.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "absl/numeric/int128.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(DecimalTest, AddsAndSubtractsExactly) {
  EXPECT_EQ(Add(Decimal{1500}, Decimal{-250})->thousandths, 1250);
  EXPECT_EQ(Subtract(Decimal{1500}, Decimal{2000})->thousandths, -500);
}

TEST(DecimalTest, RefusesResultsOutsideInt64) {
  EXPECT_TRUE(absl::IsOutOfRange(Add(Decimal{kMax}, Decimal{1}).status()));
  EXPECT_EQ(Add(Decimal{kMax - 1}, Decimal{1})->thousandths, kMax);
  EXPECT_TRUE(absl::IsOutOfRange(Subtract(Decimal{kMin}, Decimal{1}).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Subtract(Decimal{0}, Decimal{kMin}).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Multiply(Decimal{kMax}, Decimal{1001}).status()));
  EXPECT_EQ(Multiply(Decimal{kMax}, Decimal{1000})->thousandths, kMax);
}

TEST(DecimalTest, RoundsProductsHalfAwayFromZero) {
  EXPECT_EQ(Multiply(Decimal{1}, Decimal{500})->thousandths, 1);
  EXPECT_EQ(Multiply(Decimal{-1}, Decimal{500})->thousandths, -1);
  EXPECT_EQ(Multiply(Decimal{1}, Decimal{499})->thousandths, 0);
}

TEST(DecimalTest, ReadsUpToThreeDecimals) {
  EXPECT_EQ(ParseDecimal("3")->thousandths, 3000);
  EXPECT_EQ(ParseDecimal("0.25")->thousandths, 250);
  EXPECT_EQ(ParseDecimal("-1.5")->thousandths, -1500);
  EXPECT_EQ(ParseDecimal("-0.001")->thousandths, -1);
  EXPECT_EQ(ParseDecimal("007")->thousandths, 7000);
  EXPECT_EQ(ParseDecimal("-9223372036854775.808")->thousandths, kMin);
  EXPECT_EQ(ParseDecimal("9223372036854775.807")->thousandths, kMax);
}

TEST(DecimalTest, RefusesTextThatIsNotADecimal) {
  for (const char* text : {"", "-", ".", "1.", "-.", "+1", "1e3", "1 ", " 1", "1,5", "0x1", "1.2.3",
                           "--1", "0.1234", "1.0000", "inf", "nan"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseDecimal(text).status())) << text;
  }
  for (const char* text : {"9223372036854775.808", "-9223372036854775.809", "9223372036854776",
                           "99999999999999999999999999999999999999999"}) {
    EXPECT_TRUE(absl::IsOutOfRange(ParseDecimal(text).status())) << text;
  }
}

TEST(DecimalTest, WritesTheShortestForm) {
  EXPECT_EQ(Format(Decimal{3000}), "3");
  EXPECT_EQ(Format(Decimal{250}), "0.25");
  EXPECT_EQ(Format(Decimal{-1}), "-0.001");
  EXPECT_EQ(Format(Decimal{0}), "0");
  EXPECT_EQ(Format(Decimal{100000}), "100");
  EXPECT_EQ(Format(Decimal{kMin}), "-9223372036854775.808");
}

RC_GTEST_PROP(DecimalTest, ReadsBackWhatItWrites, (int64_t thousandths)) {
  RC_ASSERT(ParseDecimal(Format(Decimal{thousandths}))->thousandths == thousandths);
}

TEST(ExactNumberTest, KeepsTheScaleThatWasWritten) {
  const auto expect = [](const char* text, int64_t mantissa, int scale) {
    const absl::StatusOr<ExactNumber> number = ParseExactNumber(text);
    ASSERT_TRUE(number.ok()) << text;
    EXPECT_EQ(number->mantissa, mantissa) << text;
    EXPECT_EQ(number->scale, scale) << text;
  };
  expect("10.00", 1000, 2);
  expect("10", 10, 0);
  expect("-0.5", -5, 1);
  expect(".5", 5, 1);
  expect("0.123456789", 123456789, 9);
  expect("-9223372036854775808", kMin, 0);
}

TEST(ExactNumberTest, RefusesWhatIsNotExactOrTooLarge) {
  for (const char* text :
       {"", "1e2", "1.", "0.1234567890", "9223372036854775808", "1.5u", "92233720368547758.08"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseExactNumber(text).status())) << text;
  }
}

TEST(CompareExactTest, ComparesAcrossScales) {
  EXPECT_EQ(CompareExact(1250, 2, ExactNumber{125, 1}), 0);
  EXPECT_EQ(CompareExact(1250, 2, ExactNumber{12500001, 6}), -1);
  EXPECT_EQ(CompareExact(1250, 2, ExactNumber{12499999, 6}), 1);
  EXPECT_EQ(CompareExact(0, 0, ExactNumber{0, 9}), 0);
  EXPECT_EQ(CompareExact(-1, 0, ExactNumber{0, 9}), -1);
}

TEST(CompareExactTest, NeverOverflowsHoweverFarApartTheScalesAre) {
  EXPECT_EQ(CompareExact(kMax, 0, ExactNumber{kMax, 9}), 1);
  EXPECT_EQ(CompareExact(kMin, 0, ExactNumber{kMin, 9}), -1);
  EXPECT_EQ(CompareExact(kMax, 100, ExactNumber{1, 0}), -1);
  EXPECT_EQ(CompareExact(kMin, 100, ExactNumber{-1, 0}), 1);
  EXPECT_EQ(CompareExact(1, 100, ExactNumber{0, 0}), 1);
  EXPECT_EQ(CompareExact(0, 100, ExactNumber{-1, 9}), 1);
  EXPECT_EQ(CompareExact(1, std::numeric_limits<int>::min(), ExactNumber{1, kMaxExactScale}), 1);
  EXPECT_EQ(CompareExact(kMax, 19, ExactNumber{1, 0}), -1);
  EXPECT_EQ(CompareExact(kMax, 18, ExactNumber{9, 0}), 1);
}

RC_GTEST_PROP(CompareExactTest, AgreesWithCrossMultiplication, (int64_t value, int64_t mantissa)) {
  const int value_scale = *rc::gen::inRange(0, 10);
  const int scale = *rc::gen::inRange(0, kMaxExactScale + 1);
  absl::int128 left = value;
  absl::int128 right = mantissa;
  for (int i = 0; i < scale; ++i) left *= 10;
  for (int i = 0; i < value_scale; ++i) right *= 10;
  const int expected = left < right ? -1 : (left > right ? 1 : 0);
  RC_ASSERT(CompareExact(value, value_scale, ExactNumber{mantissa, scale}) == expected);
}

RC_GTEST_PROP(CompareExactTest, FindsEqualNumbersEqual, ()) {
  const auto value = *rc::gen::inRange<int64_t>(-1'000'000, 1'000'000);
  RC_ASSERT(CompareExact(value * 1000, 5, ExactNumber{value, 2}) == 0);
  RC_ASSERT(CompareExact(value, 2, ExactNumber{value * 1000, 5}) == 0);
}

}  // namespace
}  // namespace touchstone::rules
