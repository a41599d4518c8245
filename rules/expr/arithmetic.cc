// + - * / %, negation and magnitude, over all that they mean something for but texts and lists.
// No implicit conversions; leaving the range of a kind is kOverflow.

#include <cmath>
#include <limits>

#include "rules/expr/amounts.h"
#include "rules/expr/kind_numbers.h"
#include "rules/expr/timestamps.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }
Value DivideByZero() { return Value::Error(ErrorCode::kDivideByZero); }

template <typename T>
Value Add(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  auto sum = T::Of(a);
  return __builtin_add_overflow(T::Of(a), T::Of(b), &sum) ? Overflow() : T::Make(sum);
}

template <typename T>
Value Subtract(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  auto difference = T::Of(a);
  return __builtin_sub_overflow(T::Of(a), T::Of(b), &difference) ? Overflow() : T::Make(difference);
}

template <typename T>
Value Multiply(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  auto product = T::Of(a);
  return __builtin_mul_overflow(T::Of(a), T::Of(b), &product) ? Overflow() : T::Make(product);
}

// The one quotient of ints that is none: the processor would trap on it.
bool IsSmallestByMinusOne(Value a, Value b) {
  return b.int_value() == -1 && a.int_value() == std::numeric_limits<int64_t>::min();
}

Value DivideInts(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  if (b.int_value() == 0) return DivideByZero();
  if (IsSmallestByMinusOne(a, b)) return Overflow();
  return Value::Int(a.int_value() / b.int_value());
}

Value DivideUints(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  if (b.uint_value() == 0) return DivideByZero();
  return Value::Uint(a.uint_value() / b.uint_value());
}

Value ModuloInts(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  if (b.int_value() == 0) return DivideByZero();
  return Value::Int(IsSmallestByMinusOne(a, b) ? 0 : a.int_value() % b.int_value());
}

Value ModuloUints(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  if (b.uint_value() == 0) return DivideByZero();
  return Value::Uint(a.uint_value() % b.uint_value());
}

Value AddDoubles(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(a.double_value() + b.double_value());
}
Value SubtractDoubles(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(a.double_value() - b.double_value());
}
Value MultiplyDoubles(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(a.double_value() * b.double_value());
}
Value DivideDoubles(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(a.double_value() / b.double_value());
}

template <typename T>
Value Negate(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  int64_t negated = 0;
  return __builtin_sub_overflow(int64_t{0}, T::Of(a), &negated) ? Overflow() : T::Make(negated);
}
Value NegateDouble(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(-a.double_value());
}
Value NegateAmountOfMoney(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return NegateMoney(a.money_value());
}

template <typename T>
Value Absolute(Value a, uint8_t detail, Evaluation& evaluation) {
  return T::Of(a) < 0 ? Negate<T>(a, detail, evaluation) : a;
}
Value AbsoluteUint(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) { return a; }
Value AbsoluteDouble(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(std::fabs(a.double_value()));
}
Value AbsoluteMoney(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return a.money_value().amount_minor < 0 ? NegateMoney(a.money_value()) : a;
}

Value AddMoneys(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return AddMoney(a.money_value(), b.money_value());
}
Value SubtractMoneys(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return SubtractMoney(a.money_value(), b.money_value());
}
Value MoneyByInt(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return MultiplyMoney(a.money_value(), b.int_value());
}
Value IntByMoney(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return MultiplyMoney(b.money_value(), a.int_value());
}
Value MoneyByDecimal(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return MultiplyMoney(a.money_value(), b.decimal_value());
}
Value DecimalByMoney(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return MultiplyMoney(b.money_value(), a.decimal_value());
}
Value MultiplyTwoDecimals(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return MultiplyDecimals(a.decimal_value(), b.decimal_value());
}
Value MoneyOverInt(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return DivideMoney(a.money_value(), b.int_value());
}

Value TimestampPlus(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return LaterBy(a, b.duration_nanos());
}
Value PlusTimestamp(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return LaterBy(b, a.duration_nanos());
}
Value TimestampMinus(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return EarlierBy(a, b.duration_nanos());
}
Value BetweenTimestamps(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return TimeBetween(b, a);
}
Value CurrencyCode(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::String(a.money_value().currency.code());
}

template <typename T>
void AddCounts(OperationTable& table) {
  table.Add(Function::kAdd, T::kKind, T::kKind, Add<T>);
  table.Add(Function::kSubtract, T::kKind, T::kKind, Subtract<T>);
}

void AddNumbers(OperationTable& table) {
  using enum Kind;
  AddCounts<Ints>(table);
  AddCounts<Uints>(table);
  table.Add(Function::kAdd, kDouble, kDouble, AddDoubles);
  table.Add(Function::kSubtract, kDouble, kDouble, SubtractDoubles);
  table.Add(Function::kMultiply, kInt, kInt, Multiply<Ints>);
  table.Add(Function::kMultiply, kUint, kUint, Multiply<Uints>);
  table.Add(Function::kMultiply, kDouble, kDouble, MultiplyDoubles);
  table.Add(Function::kDivide, kInt, kInt, DivideInts);
  table.Add(Function::kDivide, kUint, kUint, DivideUints);
  table.Add(Function::kDivide, kDouble, kDouble, DivideDoubles);
  table.Add(Function::kModulo, kInt, kInt, ModuloInts);
  table.Add(Function::kModulo, kUint, kUint, ModuloUints);
  table.Add(Function::kNegate, kInt, Negate<Ints>);
  table.Add(Function::kNegate, kDouble, NegateDouble);
  table.Add(Function::kAbs, kInt, Absolute<Ints>);
  table.Add(Function::kAbs, kUint, AbsoluteUint);
  table.Add(Function::kAbs, kDouble, AbsoluteDouble);
}

void AddAmounts(OperationTable& table) {
  using enum Kind;
  AddCounts<Decimals>(table);
  table.Add(Function::kAdd, kMoney, kMoney, AddMoneys);
  table.Add(Function::kSubtract, kMoney, kMoney, SubtractMoneys);
  table.Add(Function::kMultiply, kDecimal, kDecimal, MultiplyTwoDecimals);
  table.Add(Function::kMultiply, kMoney, kInt, MoneyByInt);
  table.Add(Function::kMultiply, kInt, kMoney, IntByMoney);
  table.Add(Function::kMultiply, kMoney, kDecimal, MoneyByDecimal);
  table.Add(Function::kMultiply, kDecimal, kMoney, DecimalByMoney);
  table.Add(Function::kDivide, kMoney, kInt, MoneyOverInt);
  table.Add(Function::kNegate, kMoney, NegateAmountOfMoney);
  table.Add(Function::kNegate, kDecimal, Negate<Decimals>);
  table.Add(Function::kAbs, kMoney, AbsoluteMoney);
  table.Add(Function::kAbs, kDecimal, Absolute<Decimals>);
  table.Add(Function::kCurrency, kMoney, CurrencyCode);
}

void AddTimes(OperationTable& table) {
  using enum Kind;
  AddCounts<Durations>(table);
  table.Add(Function::kAdd, kTimestamp, kDuration, TimestampPlus);
  table.Add(Function::kAdd, kDuration, kTimestamp, PlusTimestamp);
  table.Add(Function::kSubtract, kTimestamp, kTimestamp, BetweenTimestamps);
  table.Add(Function::kSubtract, kTimestamp, kDuration, TimestampMinus);
}

}  // namespace

void AddArithmetic(OperationTable& table) {
  AddNumbers(table);
  AddAmounts(table);
  AddTimes(table);
}

}  // namespace touchstone::rules::expr
