#include "rules/expr/amounts.h"

#include <algorithm>
#include <charconv>

#include "rules/money/quotient.h"
#include "rules/money/rounding.h"

namespace touchstone::rules::expr {
namespace {

__extension__ using Int128 = __int128;

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }

// count / 10^from as a count of 10^-to; the error when it does not fit exactly.
Value Rescaled(int64_t count, int from, int to) {
  if (from > to) {
    const int64_t divisor = PowerOfTen(from - to);
    if (count % divisor != 0) return Value::Error(ErrorCode::kInvalidArgument);
    return Value::Int(count / divisor);
  }
  int64_t scaled = 0;
  if (__builtin_mul_overflow(count, PowerOfTen(to - from), &scaled)) return Overflow();
  return Value::Int(scaled);
}

// Gives a bare amount its partner's currency. Null when both are of one currency then.
Value Align(Money& a, Money& b) {
  if (a.currency == b.currency) return Value::Null();
  if (!a.currency.is_none() && !b.currency.is_none()) {
    return Value::Error(ErrorCode::kCurrencyMismatch);
  }
  Money& bare = a.currency.is_none() ? a : b;
  const Currency currency = a.currency.is_none() ? b.currency : a.currency;
  const Value amount = Rescaled(bare.amount_minor, kBareScale, currency.minor_digits());
  if (amount.IsError()) return amount;
  bare = Money{amount.int_value(), currency};
  return Value::Null();
}

// count * factor / 1000, rounded once; the error when it does not fit.
Value TimesThousandths(int64_t count, int64_t factor) {
  const Int128 product = QuotientRounded(Int128{count} * factor, PowerOfTen(kDecimalScale),
                                         Rounding::kHalfAwayFromZero);
  if (product > INT64_MAX || product < INT64_MIN) return Overflow();
  return Value::Int(static_cast<int64_t>(product));
}

}  // namespace

bool AmountsEqual(Money a, Money b) {
  if (a.currency == b.currency) return a.amount_minor == b.amount_minor;
  if (a.currency.is_none()) return AmountsEqual(b, a);
  if (!b.currency.is_none()) return false;
  return CompareExact(a.amount_minor, ScaleOf(a), ExactNumber{b.amount_minor, kBareScale}) == 0;
}

Value CompareAmounts(Relation relation, Money a, Money b) {
  if (a.currency == b.currency) {
    return Value::Bool(Holds(relation, OrderOf(a.amount_minor, b.amount_minor)));
  }
  if (!a.currency.is_none() && !b.currency.is_none()) {
    return Value::Error(ErrorCode::kCurrencyMismatch);
  }
  if (a.currency.is_none()) return CompareAmounts(Mirrored(relation), b, a);
  const int sign =
      CompareExact(a.amount_minor, ScaleOf(a), ExactNumber{b.amount_minor, kBareScale});
  return Value::Bool(Holds(relation, OrderOf(int64_t{sign}, int64_t{0})));
}

Value CompareWithExact(Relation relation, const Value& value, ExactNumber literal) {
  switch (value.kind()) {
    case Kind::kError:
      return value;
    case Kind::kMoney:
      return CompareWithExact(relation, value.money_value(), literal);
    case Kind::kDecimal:
      return CompareWithExact(relation, value.decimal_value(), literal);
    case Kind::kInt:
      return CompareCountWithExact(relation, value.int_value(), 0, literal);
    default:
      if (IsEquality(relation)) return Value::Bool(relation == kRelationNotEqual);
      return NoOverload();
  }
}

Value AddMoney(Money a, Money b) {
  const Value aligned = Align(a, b);
  if (aligned.IsError()) return aligned;
  int64_t sum = 0;
  if (__builtin_add_overflow(a.amount_minor, b.amount_minor, &sum)) return Overflow();
  return Value::OfMoney(Money{sum, a.currency});
}

Value SubtractMoney(Money a, Money b) {
  const Value aligned = Align(a, b);
  if (aligned.IsError()) return aligned;
  int64_t difference = 0;
  if (__builtin_sub_overflow(a.amount_minor, b.amount_minor, &difference)) return Overflow();
  return Value::OfMoney(Money{difference, a.currency});
}

Value MultiplyMoney(Money a, int64_t factor) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a.amount_minor, factor, &product)) return Overflow();
  return Value::OfMoney(Money{product, a.currency});
}

Value MultiplyMoney(Money a, Decimal factor) {
  const Value product = TimesThousandths(a.amount_minor, factor.thousandths);
  return product.IsError() ? product : Value::OfMoney(Money{product.int_value(), a.currency});
}

Value DivideMoney(Money a, int64_t parts) {
  if (parts == 0) return Value::Error(ErrorCode::kDivideByZero);
  const Int128 amount = a.amount_minor;
  const Int128 rest = amount % parts;
  Int128 share = amount / parts;
  // The rest is smaller than the divisor, so twice either fits.
  const Int128 divisor = parts;
  if ((rest < 0 ? -rest : rest) * 2 >= (divisor < 0 ? -divisor : divisor)) {
    share += (amount < 0) == (parts < 0) ? 1 : -1;
  }
  if (share > INT64_MAX || share < INT64_MIN) return Overflow();
  return Value::OfMoney(Money{static_cast<int64_t>(share), a.currency});
}

Value NegateMoney(Money a) { return SubtractMoney(Money{0, a.currency}, a); }

Value MultiplyDecimals(Decimal a, Decimal b) {
  const Value product = TimesThousandths(a.thousandths, b.thousandths);
  return product.IsError() ? product : Value::OfDecimal(Decimal{product.int_value()});
}

Value ExactAsDecimal(ExactNumber literal) {
  const Value count = Rescaled(literal.mantissa, literal.scale, kDecimalScale);
  return count.IsError() ? count : Value::OfDecimal(Decimal{count.int_value()});
}

Value ExactAsBareMoney(ExactNumber literal) {
  const Value count = Rescaled(literal.mantissa, literal.scale, kBareScale);
  return count.IsError() ? count : Value::OfMoney(Money{count.int_value(), Currency()});
}

absl::string_view FormatAmount(const Value& amount, char* buffer) {
  const bool money = amount.kind() == Kind::kMoney;
  const int64_t count =
      money ? amount.money_value().amount_minor : amount.decimal_value().thousandths;
  const int decimals = money ? ScaleOf(amount.money_value()) : kDecimalScale;
  const auto scale = static_cast<uint64_t>(PowerOfTen(decimals));
  // Of the least int64, too, there is a magnitude.
  const uint64_t magnitude =
      count < 0 ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  char* const last = buffer + kAmountTextBytes;
  char* at = buffer;
  if (count < 0) *at++ = '-';
  at = std::to_chars(at, last, magnitude / scale).ptr;
  uint64_t fraction = magnitude % scale;
  int digits = decimals;
  for (; !money && digits > 0 && fraction % 10 == 0; --digits) fraction /= 10;
  if (digits > 0) {
    *at++ = '.';
    for (char* digit = at + digits; digit != at; fraction /= 10) {
      *--digit = static_cast<char>('0' + fraction % 10);
    }
    at += digits;
  }
  if (money) {
    *at++ = ' ';
    const absl::string_view code = amount.money_value().currency.code();
    at = std::copy(code.begin(), code.end(), at);
  }
  return absl::string_view(buffer, static_cast<size_t>(at - buffer));
}

double AmountAsDouble(int64_t count, int scale) {
  return static_cast<double>(count) / static_cast<double>(PowerOfTen(scale));
}

}  // namespace touchstone::rules::expr
