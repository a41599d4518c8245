#include "rules/expr/amounts.h"

#include <array>
#include <limits>
#include <string>

#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"

namespace touchstone::rules::expr {
namespace {

std::string Written(const Value& amount) {
  std::array<char, kAmountTextBytes> buffer;
  return std::string(FormatAmount(amount, buffer.data()));
}

std::string WrittenMoney(int64_t minor, absl::string_view currency) {
  return Written(Value::OfMoney(Money{minor, *Currency::FromCode(currency)}));
}

TEST(AmountsTest, WritesMoneyWithTheDigitsOfItsCurrency) {
  EXPECT_EQ(WrittenMoney(5, "EUR"), "0.05 EUR");
  EXPECT_EQ(WrittenMoney(-120, "EUR"), "-1.20 EUR");
  EXPECT_EQ(WrittenMoney(-7, "JPY"), "-7 JPY");
  EXPECT_EQ(WrittenMoney(std::numeric_limits<int64_t>::min(), "EUR"), "-92233720368547758.08 EUR");
}

TEST(AmountsTest, WritesDecimalsWithoutTrailingZeros) {
  EXPECT_EQ(Written(Value::OfDecimal(Decimal{250})), "0.25");
  EXPECT_EQ(Written(Value::OfDecimal(Decimal{-3000})), "-3");
  EXPECT_EQ(Written(Value::OfDecimal(Decimal{0})), "0");
  EXPECT_EQ(Written(Value::OfDecimal(Decimal{std::numeric_limits<int64_t>::min()})),
            "-9223372036854775.808");
}

// The form is that of rules/money, which asks the heap for longer texts.
RC_GTEST_PROP(AmountsProperty, WritesWhatMoneyAndDecimalsWrite, ()) {
  for (int i = 0; i < 50; ++i) {
    const auto count = *rc::gen::arbitrary<int64_t>();
    const auto* code = *rc::gen::element("EUR", "JPY", "KWD", "USD");
    const Money money{count, *Currency::FromCode(code)};
    RC_ASSERT(Written(Value::OfMoney(money)) == Format(money));
    RC_ASSERT(Written(Value::OfDecimal(Decimal{count})) == Format(Decimal{count}));
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
