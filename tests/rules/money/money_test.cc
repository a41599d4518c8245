#include "rules/money/money.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

#include "absl/numeric/int128.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr Rounding kDefault = Rounding::kHalfAwayFromZero;

Currency Of(absl::string_view code) { return Currency::FromCode(code).value(); }
Money Euro(int64_t amount_minor) { return Money{amount_minor, Of("EUR")}; }

TEST(CurrencyTest, KnowsMinorDigits) {
  EXPECT_EQ(Of("EUR").minor_digits(), 2);
  EXPECT_EQ(Of("USD").minor_digits(), 2);
  EXPECT_EQ(Of("JPY").minor_digits(), 0);
  EXPECT_EQ(Of("KRW").minor_digits(), 0);
  EXPECT_EQ(Of("ISK").minor_digits(), 0);
  EXPECT_EQ(Of("KWD").minor_digits(), 3);
  EXPECT_EQ(Of("TND").minor_digits(), 3);
  EXPECT_EQ(Of("CLF").minor_digits(), 4);
  EXPECT_EQ(Of("HUF").minor_digits(), 2);
}

TEST(CurrencyTest, RefusesCodesThatAreNotInUse) {
  for (const char* code : {"", "E", "EU", "EURO", "eur", "Eur", "ZZZ", "AAA", "XXX", "XTS", "XAU",
                           "DEM", "HRK", "SLL", "ZWL", "EUR "}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Currency::FromCode(code).status())) << code;
  }
}

TEST(CurrencyTest, NoneEqualsOnlyItself) {
  EXPECT_EQ(Currency(), Currency());
  EXPECT_NE(Currency(), Of("AED"));
  EXPECT_TRUE(Currency().is_none());
  EXPECT_EQ(Currency().code(), "");
  EXPECT_EQ(Currency().minor_digits(), 0);
  EXPECT_EQ(Currency::FromIndex(0), Currency());
}

TEST(CurrencyTest, TheIndexLeadsBackToTheCurrency) {
  for (const char* code : {"AED", "EUR", "ZWG"}) {
    EXPECT_EQ(Currency::FromIndex(Of(code).index()).code(), code);
  }
}

TEST(MoneyTest, AddsAndSubtractsWithinOneCurrency) {
  EXPECT_EQ(Add(Euro(1050), Euro(-60)).value(), Euro(990));
  EXPECT_EQ(Subtract(Euro(1050), Euro(1060)).value(), Euro(-10));
  EXPECT_EQ(Negate(Euro(5)).value(), Euro(-5));
}

TEST(MoneyTest, NeverMixesCurrencies) {
  const Money dollars{1, Of("USD")};
  EXPECT_TRUE(absl::IsInvalidArgument(Add(Euro(1), dollars).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Subtract(Euro(1), dollars).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Compare(Euro(1), dollars).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Add(Euro(1), Money{1, Currency()}).status()));
}

TEST(MoneyTest, RefusesResultsOutsideInt64) {
  EXPECT_EQ(Add(Euro(kMax - 1), Euro(1)).value(), Euro(kMax));
  EXPECT_TRUE(absl::IsOutOfRange(Add(Euro(kMax), Euro(1)).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Subtract(Euro(kMin), Euro(1)).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Negate(Euro(kMin)).status()));
  EXPECT_EQ(Negate(Euro(kMax)).value(), Euro(-kMax));
  EXPECT_TRUE(absl::IsOutOfRange(Multiply(Euro(kMin), -1).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Multiply(Euro(kMax), 2).status()));
  EXPECT_TRUE(absl::IsOutOfRange(Multiply(Euro(kMax), Decimal{1001}, kDefault).status()));
  EXPECT_EQ(Multiply(Euro(kMin), Decimal{1000}, kDefault).value(), Euro(kMin));
  EXPECT_TRUE(absl::IsOutOfRange(Percentage(Euro(kMax), 1'000'001, kDefault).status()));
  EXPECT_EQ(Percentage(Euro(kMax), 1'000'000, kDefault).value(), Euro(kMax));
  EXPECT_TRUE(absl::IsOutOfRange(LineTotal(Decimal{kMax}, kMax, Of("EUR"), kDefault).status()));
}

TEST(MoneyTest, MultipliesByWholeAndDecimalFactors) {
  EXPECT_EQ(Multiply(Euro(250), 3).value(), Euro(750));
  EXPECT_EQ(Multiply(Euro(250), Decimal{1500}, kDefault).value(), Euro(375));
  EXPECT_EQ(Multiply(Euro(1), Decimal{500}, kDefault).value(), Euro(1));
  EXPECT_EQ(Multiply(Euro(-1), Decimal{500}, kDefault).value(), Euro(-1));
  EXPECT_EQ(Multiply(Euro(1), Decimal{500}, Rounding::kHalfEven).value(), Euro(0));
  EXPECT_EQ(Multiply(Euro(1), Decimal{1}, Rounding::kUp).value(), Euro(1));
  EXPECT_EQ(Multiply(Euro(1), Decimal{999}, Rounding::kDown).value(), Euro(0));
}

TEST(MoneyTest, TakesPercentagesInPartsPerMillion) {
  EXPECT_EQ(Percentage(Euro(1400), 200'000, kDefault).value(), Euro(280));
  EXPECT_EQ(Percentage(Euro(999), 125'000, kDefault).value(), Euro(125));  // 124.875
  EXPECT_EQ(Percentage(Euro(10), 50'000, kDefault).value(), Euro(1));      // 0.5
  EXPECT_EQ(Percentage(Euro(-10), 50'000, kDefault).value(), Euro(-1));
  EXPECT_EQ(Percentage(Euro(10), 0, kDefault).value(), Euro(0));
  EXPECT_TRUE(absl::IsInvalidArgument(Percentage(Euro(10), -1, kDefault).status()));
}

TEST(MoneyTest, RoundsALineTotalOnceToTheMinorUnit) {
  // 32.451 litres at 1.7590 a litre: 57.0813...
  EXPECT_EQ(LineTotal(Decimal{32451}, 17590, Of("EUR"), kDefault).value(), Euro(5708));
  EXPECT_EQ(LineTotal(Decimal{32451}, 17590, Of("KWD"), kDefault)->amount_minor, 57081);
  EXPECT_EQ(LineTotal(Decimal{2000}, 140000, Of("EUR"), kDefault).value(), Euro(2800));
  EXPECT_EQ(LineTotal(Decimal{-2000}, 140000, Of("EUR"), kDefault).value(), Euro(-2800));
  EXPECT_EQ(LineTotal(Decimal{1000}, 15000, Of("JPY"), kDefault)->amount_minor, 2);  // 1.5 yen
  EXPECT_EQ(LineTotal(Decimal{1000}, 15000, Of("JPY"), Rounding::kDown)->amount_minor, 1);
  EXPECT_EQ(LineTotal(Decimal{1000}, 12345, Of("CLF"), kDefault)->amount_minor, 12345);
  EXPECT_EQ(LineTotal(Decimal{1'000'000'000}, 1'000'000'000, Of("EUR"), kDefault).value(),
            Euro(10'000'000'000'000));
}

TEST(MoneyTest, ComparesWithinOneCurrency) {
  EXPECT_EQ(Compare(Euro(1), Euro(2)).value(), -1);
  EXPECT_EQ(Compare(Euro(2), Euro(2)).value(), 0);
  EXPECT_EQ(Compare(Euro(kMax), Euro(kMin)).value(), 1);
}

RC_GTEST_PROP(MoneyTest, AgreesWithThe128BitSumOrRefuses, (int64_t a, int64_t b)) {
  const absl::int128 sum = absl::int128(a) + b;
  const absl::StatusOr<Money> result = Add(Euro(a), Euro(b));
  RC_ASSERT(result.ok() == (sum >= kMin && sum <= kMax));
  if (result.ok()) RC_ASSERT(absl::int128(result->amount_minor) == sum);
}

RC_GTEST_PROP(MoneyTest, SubtractingUndoesAdding, (int32_t a, int32_t b)) {
  RC_ASSERT(Subtract(Add(Euro(a), Euro(b)).value(), Euro(b)).value() == Euro(a));
}

RC_GTEST_PROP(MoneyTest, AReturnedLineMirrorsTheSoldOne, (int32_t quantity, int32_t unit_price)) {
  const auto rounding = *rc::gen::element(Rounding::kHalfAwayFromZero, Rounding::kHalfEven,
                                          Rounding::kDown, Rounding::kUp);
  const Money sold = LineTotal(Decimal{quantity}, unit_price, Of("EUR"), rounding).value();
  const Money returned =
      LineTotal(Decimal{-int64_t{quantity}}, unit_price, Of("EUR"), rounding).value();
  RC_ASSERT(Negate(sold).value() == returned);
}

RC_GTEST_PROP(MoneyTest, APercentageStaysWithinHalfAMinorUnitOfTheTruth, ()) {
  const auto amount = *rc::gen::inRange<int64_t>(-1'000'000'000'000, 1'000'000'000'000);
  const auto ppm = *rc::gen::inRange<int64_t>(0, 1'000'001);
  const absl::int128 exact = absl::int128(amount) * ppm;
  const absl::int128 error =
      absl::int128(Percentage(Euro(amount), ppm, kDefault)->amount_minor) * 1'000'000 - exact;
  RC_ASSERT(error <= 500'000);
  RC_ASSERT(error >= -500'000);
}

}  // namespace
}  // namespace touchstone::rules
