#pragma once

// Money and decimals inside expressions. Internal to the evaluator.
//
// A bare amount is money whose currency is none (see Value::OfMoney): it compares exactly with any
// money and, in arithmetic, must be representable in its partner's currency (kInvalidArgument).

#include "rules/expr/comparison.h"
#include "rules/expr/value.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"

namespace touchstone::rules::expr {

// Decimals of a bare amount.
inline constexpr int kBareScale = 4;
inline int ScaleOf(Money money) {
  return money.currency.is_none() ? kBareScale : money.currency.minor_digits();
}
// Of a decimal.
inline constexpr int kDecimalScale = 3;

bool AmountsEqual(Money a, Money b);
// Bool, or kCurrencyMismatch for an order between currencies.
Value CompareAmounts(Relation relation, Money a, Money b);
// A literal, exactly as written, on the right of money, a decimal or an int.
Value CompareWithExact(Relation relation, const Value& value, ExactNumber literal);
inline Value CompareCountWithExact(Relation relation, int64_t count, int scale,
                                   ExactNumber literal) {
  const int sign = CompareExact(count, scale, literal);
  return Value::Bool(Holds(relation, OrderOf(int64_t{sign}, int64_t{0})));
}
inline Value CompareWithExact(Relation relation, Money value, ExactNumber literal) {
  return CompareCountWithExact(relation, value.amount_minor, ScaleOf(value), literal);
}
inline Value CompareWithExact(Relation relation, Decimal value, ExactNumber literal) {
  return CompareCountWithExact(relation, value.thousandths, kDecimalScale, literal);
}

// Nothing is allocated when it overflows either. A quotient is rounded half away from zero.
Value AddMoney(Money a, Money b);
Value SubtractMoney(Money a, Money b);
Value MultiplyMoney(Money a, int64_t factor);
Value MultiplyMoney(Money a, Decimal factor);
Value DivideMoney(Money a, int64_t parts);
Value NegateMoney(Money a);
Value MultiplyDecimals(Decimal a, Decimal b);

// What an exact literal is where it stands for a value of its own: a decimal, or a bare amount.
// kInvalidArgument when it has more decimals than the type, kOverflow when it is too large.
Value ExactAsDecimal(ExactNumber literal);
Value ExactAsBareMoney(ExactNumber literal);

inline constexpr size_t kAmountTextBytes = 32;
// What rules/money writes for money with a currency or a decimal, without asking the heap; `buffer`
// holds kAmountTextBytes.
absl::string_view FormatAmount(const Value& amount, char* buffer);

// double(money), double(decimal): the nearest double.
double AmountAsDouble(int64_t count, int scale);

}  // namespace touchstone::rules::expr
