#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "rules/money/amount_text.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

Currency Of(absl::string_view code) { return Currency::FromCode(code).value(); }

// Every code that the table accepts, found by asking for all there could be.
const std::vector<Currency>& AllCurrencies() {
  static const std::vector<Currency>* const all = [] {
    auto* currencies = new std::vector<Currency>();
    for (char a = 'A'; a <= 'Z'; ++a) {
      for (char b = 'A'; b <= 'Z'; ++b) {
        for (char c = 'A'; c <= 'Z'; ++c) {
          const absl::StatusOr<Currency> currency = Currency::FromCode(std::string{a, b, c});
          if (currency.ok()) currencies->push_back(*currency);
        }
      }
    }
    return currencies;
  }();
  return *all;
}

TEST(MoneyTextTest, EveryTableEntryIsFoundByItsCodeAtItsIndex) {
  ASSERT_EQ(AllCurrencies().size(), 165u);
  uint16_t index = 0;
  for (const Currency currency : AllCurrencies()) {
    EXPECT_EQ(currency.index(), ++index);
    EXPECT_EQ(Currency::FromIndex(index).code(), currency.code());
    EXPECT_LE(currency.minor_digits(), 4) << std::string(currency.code());
  }
}

TEST(MoneyTextTest, WritesAsManyDecimalsAsTheCurrencyHas) {
  EXPECT_EQ(Format(Money{1250, Of("EUR")}), "12.50 EUR");
  EXPECT_EQ(Format(Money{-5, Of("EUR")}), "-0.05 EUR");
  EXPECT_EQ(FormatAmount(Money{1250, Of("JPY")}), "1250");
  EXPECT_EQ(FormatAmount(Money{1250, Of("KWD")}), "1.250");
  EXPECT_EQ(FormatAmount(Money{0, Of("CLF")}), "0.0000");
  EXPECT_EQ(Format(Money{kMin, Of("EUR")}), "-92233720368547758.08 EUR");
  EXPECT_EQ(Format(Money{3, Currency()}), "3");
}

TEST(MoneyTextTest, ReadsFewerDecimalsThanTheCurrencyHas) {
  EXPECT_EQ(ParseMoney("5 EUR").value(), (Money{500, Of("EUR")}));
  EXPECT_EQ(ParseMoney("5.5 EUR").value(), (Money{550, Of("EUR")}));
  EXPECT_EQ(ParseMoney("-0.05 EUR").value(), (Money{-5, Of("EUR")}));
  EXPECT_EQ(ParseAmount("12.50", Of("KWD"))->amount_minor, 12500);
}

TEST(MoneyTextTest, RefusesTextThatIsNotMoney) {
  for (const char* text : {"", "EUR", "5", "5EUR", "5  EUR", "5 EUR ", " 5 EUR", "5 eur", "5 XXX",
                           "EUR 5", "5,00 EUR", "5.001 EUR", "5.0 JPY", "1e2 EUR", "five EUR"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParseMoney(text).status())) << text;
  }
  EXPECT_TRUE(absl::IsOutOfRange(ParseMoney("92233720368547758.08 EUR").status()));
  EXPECT_EQ(ParseMoney("92233720368547758.07 EUR")->amount_minor, kMax);
}

// With a reason or without.
RC_GTEST_PROP(MoneyTextTest, ReadsWhatItParsesAndNothingElse, ()) {
  const std::string text =
      *rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789999.- EURJPYK")));
  for (const std::string& each : {text, text + " EUR", text + " JPY", text + " EURO"}) {
    const absl::StatusOr<Money> parsed = ParseMoney(each);
    const std::optional<Money> read = ReadMoney(each);
    RC_ASSERT(read.has_value() == parsed.ok());
    if (read.has_value()) RC_ASSERT(*read == *parsed);
  }
  const absl::StatusOr<Decimal> parsed = ParseDecimal(text);
  const std::optional<Decimal> read = ReadDecimal(text);
  RC_ASSERT(read.has_value() == parsed.ok());
  if (read.has_value()) RC_ASSERT(*read == *parsed);
}

TEST(MoneyTextTest, ReadsTheEdgesOfWhatFits) {
  EXPECT_EQ(ReadMoney("92233720368547758.07 EUR")->amount_minor, kMax);
  EXPECT_EQ(ReadMoney("-92233720368547758.08 EUR")->amount_minor, kMin);
  EXPECT_EQ(ReadMoney("92233720368547758.08 EUR"), std::nullopt);
  EXPECT_EQ(ReadMoney("1.005 EUR"), std::nullopt);
  EXPECT_EQ(ReadMoney("1.00"), std::nullopt);
  EXPECT_EQ(ReadMoney("1.00 EU"), std::nullopt);
  EXPECT_EQ(ReadDecimal("-0.005")->thousandths, -5);
  EXPECT_EQ(ReadDecimal("0.0005"), std::nullopt);
  EXPECT_EQ(ReadDecimal(""), std::nullopt);
}

RC_GTEST_PROP(MoneyTextTest, ReadsBackWhatItWritesInEveryCurrency, (int64_t amount_minor)) {
  for (const Currency currency : AllCurrencies()) {
    const Money money{amount_minor, currency};
    RC_ASSERT(ParseMoney(Format(money)).value() == money);
    RC_ASSERT(ParseAmount(FormatAmount(money), currency).value() == money);
  }
}

TEST(MoneyTextTest, ReadsPercentagesAsPartsPerMillion) {
  EXPECT_EQ(ParsePercent("20%").value(), 200'000);
  EXPECT_EQ(ParsePercent("12.5%").value(), 125'000);
  EXPECT_EQ(ParsePercent("0.0001%").value(), 1);
  EXPECT_EQ(ParsePercent("0%").value(), 0);
  EXPECT_EQ(ParsePercent("1000%").value(), 10'000'000);
}

TEST(MoneyTextTest, RefusesPercentagesOutOfShapeOrRange) {
  for (const char* text : {"", "%", "20", "20 %", "-1%", "1000.0001%", "0.00001%", "1e1%", "20%%",
                           "99999999999999999999%"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ParsePercent(text).status())) << text;
  }
}

RC_GTEST_PROP(MoneyTextTest, ReadsBackThePercentagesItWrites, ()) {
  const auto parts_per_million = *rc::gen::inRange<int64_t>(0, 10'000'001);
  RC_ASSERT(ParsePercent(FormatPercent(parts_per_million)).value() == parts_per_million);
}

TEST(FixedPointTest, KeepsOrTrimsTrailingZeros) {
  EXPECT_EQ(FormatFixedPoint(-1250, 2, TrailingZeros::kKeep), "-12.50");
  EXPECT_EQ(FormatFixedPoint(-1250, 2, TrailingZeros::kTrim), "-12.5");
  EXPECT_EQ(FormatFixedPoint(1200, 2, TrailingZeros::kTrim), "12");
  EXPECT_EQ(FormatFixedPoint(1200, 0, TrailingZeros::kTrim), "1200");
}

}  // namespace
}  // namespace touchstone::rules
