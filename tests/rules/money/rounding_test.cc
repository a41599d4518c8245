#include "rules/money/rounding.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "rules/money/money.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// The definition in words: among the two integers around the quotient, choose by distance, all in
// 128 bits and without a remainder.
absl::int128 NaiveRounded(absl::int128 numerator, absl::int128 divisor, Rounding rounding) {
  absl::int128 floor = numerator / divisor;
  while (floor * divisor > numerator) --floor;
  if (floor * divisor == numerator) return floor;
  const absl::int128 ceiling = floor + 1;
  const absl::int128 toward_zero = numerator < 0 ? ceiling : floor;
  const absl::int128 away = numerator < 0 ? floor : ceiling;
  if (rounding == Rounding::kDown) return toward_zero;
  if (rounding == Rounding::kUp) return away;
  const absl::int128 to_floor = numerator - floor * divisor;
  const absl::int128 to_ceiling = ceiling * divisor - numerator;
  if (to_floor != to_ceiling) return to_floor < to_ceiling ? floor : ceiling;
  if (rounding == Rounding::kHalfAwayFromZero) return away;
  return floor % 2 == 0 ? floor : ceiling;
}

rc::Gen<Rounding> AnyRounding() {
  return rc::gen::element(Rounding::kHalfAwayFromZero, Rounding::kHalfEven, Rounding::kDown,
                          Rounding::kUp);
}

RC_GTEST_PROP(RoundingTest, LineTotalsAreTheSameInEitherWidth, ()) {
  const int64_t bound = *rc::gen::element<int64_t>(2'000, 1'000'000'000, kMax);
  const auto quantity = *rc::gen::inRange<int64_t>(-bound, bound);
  const auto price_e4 = *rc::gen::inRange<int64_t>(0, bound);
  const Currency currency = *Currency::FromCode(*rc::gen::element("EUR", "JPY", "KWD"));
  const auto rounding = *AnyRounding();
  const absl::int128 expected = NaiveRounded(absl::int128(quantity) * price_e4,
                                             PowerOfTen(7 - currency.minor_digits()), rounding);
  const absl::StatusOr<Money> total = LineTotal(Decimal{quantity}, price_e4, currency, rounding);
  if (expected < kMin || expected > kMax) {
    RC_ASSERT(absl::IsOutOfRange(total.status()));
  } else {
    RC_ASSERT(total.ok());
    RC_ASSERT(total->amount_minor == static_cast<int64_t>(expected));
    RC_ASSERT(total->currency == currency);
  }
}

void ExpectLikeNaive(absl::int128 numerator, int64_t divisor, Rounding rounding) {
  const absl::int128 expected = NaiveRounded(numerator, divisor, rounding);
  const absl::StatusOr<int64_t> result = DivideRounded(numerator, divisor, rounding);
  if (expected < kMin || expected > kMax) {
    RC_ASSERT(absl::IsOutOfRange(result.status()));
  } else {
    RC_ASSERT(result.ok());
    RC_ASSERT(*result == static_cast<int64_t>(expected));
  }
}

RC_GTEST_PROP(RoundingTest, AgreesWithTheDefinitionOnSmallQuotients, ()) {
  const auto numerator = *rc::gen::inRange<int64_t>(-100, 101);
  const auto divisor = *rc::gen::inRange<int64_t>(1, 13);
  ExpectLikeNaive(numerator, divisor, *AnyRounding());
}

RC_GTEST_PROP(RoundingTest, AgreesWithTheDefinitionOnProductsOfAllSizes, ()) {
  const auto a = *rc::gen::arbitrary<int64_t>();
  const auto b = *rc::gen::arbitrary<int64_t>();
  const auto divisor =
      *rc::gen::suchThat(rc::gen::arbitrary<int64_t>(), [](int64_t value) { return value > 0; });
  ExpectLikeNaive(absl::int128(a) * b, divisor, *AnyRounding());
}

TEST(RoundingTest, SendsHalvesWhereTheModeSays) {
  EXPECT_EQ(DivideRounded(5, 2, Rounding::kHalfAwayFromZero).value(), 3);
  EXPECT_EQ(DivideRounded(-5, 2, Rounding::kHalfAwayFromZero).value(), -3);
  EXPECT_EQ(DivideRounded(5, 2, Rounding::kHalfEven).value(), 2);
  EXPECT_EQ(DivideRounded(7, 2, Rounding::kHalfEven).value(), 4);
  EXPECT_EQ(DivideRounded(-5, 2, Rounding::kHalfEven).value(), -2);
  EXPECT_EQ(DivideRounded(9, 10, Rounding::kDown).value(), 0);
  EXPECT_EQ(DivideRounded(-9, 10, Rounding::kDown).value(), 0);
  EXPECT_EQ(DivideRounded(1, 10, Rounding::kUp).value(), 1);
  EXPECT_EQ(DivideRounded(-1, 10, Rounding::kUp).value(), -1);
}

TEST(RoundingTest, ReachesBothEndsOfInt64AndNoFurther) {
  EXPECT_EQ(DivideRounded(kMax, 1, Rounding::kUp).value(), kMax);
  EXPECT_EQ(DivideRounded(kMin, 1, Rounding::kUp).value(), kMin);
  EXPECT_EQ(DivideRounded(absl::int128(kMax) * 2, 2, Rounding::kUp).value(), kMax);
  EXPECT_TRUE(
      absl::IsOutOfRange(DivideRounded(absl::int128(kMax) * 2 + 1, 2, Rounding::kUp).status()));
  EXPECT_EQ(DivideRounded(absl::int128(kMin) * 2 - 1, 2, Rounding::kDown).value(), kMin);
  EXPECT_TRUE(
      absl::IsOutOfRange(DivideRounded(absl::int128(kMin) * 2 - 1, 2, Rounding::kUp).status()));
}

}  // namespace
}  // namespace touchstone::rules
