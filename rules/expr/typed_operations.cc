#include "rules/expr/typed_operations.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/conversions.h"
#include "rules/expr/math_extension.h"
#include "rules/expr/strings.h"
#include "rules/expr/text.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }
Value DivideByZero() { return Value::Error(ErrorCode::kDivideByZero); }

// How a kind that is one number is read and made.
struct Ints {
  static int64_t Of(Value v) { return v.int_value(); }
  static Value Make(int64_t v) { return Value::Int(v); }
};
struct Uints {
  static uint64_t Of(Value v) { return v.uint_value(); }
  static Value Make(uint64_t v) { return Value::Uint(v); }
};
struct Doubles {
  static double Of(Value v) { return v.double_value(); }
};
struct Bools {
  static int64_t Of(Value v) { return v.bool_value() ? 1 : 0; }
};
struct Durations {
  static int64_t Of(Value v) { return v.duration_nanos(); }
  static Value Make(int64_t v) { return Value::DurationNanos(v); }
};
struct Decimals {
  static int64_t Of(Value v) { return v.decimal_value().thousandths; }
  static Value Make(int64_t v) { return Value::OfDecimal(Decimal{v}); }
};

// Of money of one currency.
struct MinorUnits {
  static int64_t Of(Value v) { return v.money_value().amount_minor; }
};

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

// math.greatest and math.least of two: the first of equal ones.
template <typename T>
Value Extreme(Value a, Value b, uint8_t detail, Evaluation& /*evaluation*/) {
  const Order order = OrderOf(T::Of(b), T::Of(a));
  if (order == Order::kUnordered) return Value::Error(ErrorCode::kInvalidArgument);
  const bool greatest = static_cast<Function>(detail) == Function::kGreatest;
  return order == (greatest ? Order::kGreater : Order::kLess) ? b : a;
}
Value ExtremeMoney(Value a, Value b, uint8_t detail, Evaluation& evaluation) {
  if (a.money_value().currency == b.money_value().currency) {
    return Extreme<MinorUnits>(a, b, detail, evaluation);
  }
  const Value both[] = {a, b};
  return CallMath(static_cast<Function>(detail), both, evaluation);
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
Value TimestampPart(Value a, uint8_t detail, Evaluation& evaluation) {
  return PartOfTimestamp(static_cast<Function>(detail), a, absl::UTCTimeZone(),
                         evaluation.calendar());
}
Value DurationPart(Value a, uint8_t detail, Evaluation& /*evaluation*/) {
  return PartOfDuration(static_cast<Function>(detail), a.duration_nanos());
}

Value JoinTexts(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return ConcatenateText(a, b, evaluation);
}
Value JoinLists(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return ConcatenateLists(a.list_value(), b.list_value(), evaluation);
}
Value HasPrefix(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Bool(absl::StartsWith(a.string_value(), b.string_value()));
}
Value HasSuffix(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Bool(absl::EndsWith(a.string_value(), b.string_value()));
}
Value HasPart(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return ContainsText(a.string_value(), b.string_value(), evaluation);
}
Value MatchesText(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return MatchesPattern(a.string_value(), b.string_value(), evaluation);
}

Value SizeOfString(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  if (!evaluation.SpendBytes(a.string_value().size())) return StepLimitError();
  return Value::Int(CodePointCount(a.string_value()));
}
Value SizeOfBytes(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int(static_cast<int64_t>(a.bytes_value().size()));
}
Value SizeOfList(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int(a.list_value().size);
}
Value SizeOfMap(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int(a.map_value().size);
}

Value ElementOfList(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  const ListData& list = a.list_value();
  const int64_t position = b.int_value();
  if (position < 0 || position >= list.size) return Value::Error(ErrorCode::kNoSuchKey);
  return list.elements[position];
}
Value EntryOfMap(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const MapData& map = a.map_value();
  if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
  const Value* found = FindEntry(map, b.string_value());
  return found != nullptr ? *found : Value::Error(ErrorCode::kNoSuchKey);
}
Value TextInList(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return HoldsText(b, a, evaluation);
}

Value CurrencyCode(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::String(a.money_value().currency.code());
}

// The detail of what follows is a Relation.

template <typename T>
Value Compare(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  return Value::Bool(Holds(relation, OrderOf(T::Of(a), T::Of(b))));
}

// An integer and a double meet as doubles, as CEL pins it.
template <typename A, typename B>
Value CompareAsDoubles(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  return Value::Bool(
      Holds(relation, OrderOf(static_cast<double>(A::Of(a)), static_cast<double>(B::Of(b)))));
}

template <typename A, typename B>
Value CompareIntegers(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  const Order order = std::cmp_less(A::Of(a), B::Of(b))    ? Order::kLess
                      : std::cmp_equal(A::Of(a), B::Of(b)) ? Order::kEqual
                                                           : Order::kGreater;
  return Value::Bool(Holds(relation, order));
}

Value CompareTimes(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  const bool same_second = a.timestamp_seconds() == b.timestamp_seconds();
  const Order order = same_second
                          ? OrderOf(int64_t{a.timestamp_nanos()}, int64_t{b.timestamp_nanos()})
                          : OrderOf(a.timestamp_seconds(), b.timestamp_seconds());
  return Value::Bool(Holds(relation, order));
}

Value CompareTexts(Value a, Value b, uint8_t relation, Evaluation& evaluation) {
  const absl::string_view x = a.string_value();
  const absl::string_view y = b.string_value();
  const bool equality = IsEquality(relation);
  if (!evaluation.SpendBytes(equality || x.size() < y.size() ? x.size() : y.size())) {
    return StepLimitError();
  }
  if (equality) return Value::Bool((x == y) == (relation == kRelationEqual));
  return Value::Bool(Holds(relation, OrderOf(int64_t{x.compare(y)}, int64_t{0})));
}

Value CompareMoneys(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  const Money x = a.money_value();
  const Money y = b.money_value();
  if (x.currency == y.currency) {
    return Value::Bool(Holds(relation, OrderOf(x.amount_minor, y.amount_minor)));
  }
  if (!IsEquality(relation)) return CompareAmounts(relation, x, y);
  return Value::Bool(AmountsEqual(x, y) == (relation == kRelationEqual));
}

struct UnaryRow {
  Function function;
  Kind a;
  TypedUnary run;
};

constexpr UnaryRow kUnary[] = {
    {Function::kNegate, Kind::kInt, Negate<Ints>},
    {Function::kNegate, Kind::kDouble, NegateDouble},
    {Function::kNegate, Kind::kMoney, NegateAmountOfMoney},
    {Function::kNegate, Kind::kDecimal, Negate<Decimals>},
    {Function::kAbs, Kind::kInt, Absolute<Ints>},
    {Function::kAbs, Kind::kUint, AbsoluteUint},
    {Function::kAbs, Kind::kDouble, AbsoluteDouble},
    {Function::kAbs, Kind::kMoney, AbsoluteMoney},
    {Function::kAbs, Kind::kDecimal, Absolute<Decimals>},
    {Function::kSize, Kind::kString, SizeOfString},
    {Function::kSize, Kind::kBytes, SizeOfBytes},
    {Function::kSize, Kind::kList, SizeOfList},
    {Function::kSize, Kind::kMap, SizeOfMap},
    {Function::kCurrency, Kind::kMoney, CurrencyCode},
};

struct BinaryRow {
  Function function;
  Kind a;
  Kind b;
  TypedBinary run;
};

constexpr BinaryRow kBinary[] = {
    {Function::kAdd, Kind::kInt, Kind::kInt, Add<Ints>},
    {Function::kAdd, Kind::kUint, Kind::kUint, Add<Uints>},
    {Function::kAdd, Kind::kDouble, Kind::kDouble, AddDoubles},
    {Function::kAdd, Kind::kString, Kind::kString, JoinTexts},
    {Function::kAdd, Kind::kBytes, Kind::kBytes, JoinTexts},
    {Function::kAdd, Kind::kDuration, Kind::kDuration, Add<Durations>},
    {Function::kAdd, Kind::kMoney, Kind::kMoney, AddMoneys},
    {Function::kAdd, Kind::kDecimal, Kind::kDecimal, Add<Decimals>},
    {Function::kAdd, Kind::kList, Kind::kList, JoinLists},
    {Function::kAdd, Kind::kTimestamp, Kind::kDuration, TimestampPlus},
    {Function::kAdd, Kind::kDuration, Kind::kTimestamp, PlusTimestamp},
    {Function::kSubtract, Kind::kInt, Kind::kInt, Subtract<Ints>},
    {Function::kSubtract, Kind::kUint, Kind::kUint, Subtract<Uints>},
    {Function::kSubtract, Kind::kDouble, Kind::kDouble, SubtractDoubles},
    {Function::kSubtract, Kind::kDuration, Kind::kDuration, Subtract<Durations>},
    {Function::kSubtract, Kind::kMoney, Kind::kMoney, SubtractMoneys},
    {Function::kSubtract, Kind::kDecimal, Kind::kDecimal, Subtract<Decimals>},
    {Function::kSubtract, Kind::kTimestamp, Kind::kTimestamp, BetweenTimestamps},
    {Function::kSubtract, Kind::kTimestamp, Kind::kDuration, TimestampMinus},
    {Function::kMultiply, Kind::kInt, Kind::kInt, Multiply<Ints>},
    {Function::kMultiply, Kind::kUint, Kind::kUint, Multiply<Uints>},
    {Function::kMultiply, Kind::kDouble, Kind::kDouble, MultiplyDoubles},
    {Function::kMultiply, Kind::kDecimal, Kind::kDecimal, MultiplyTwoDecimals},
    {Function::kMultiply, Kind::kMoney, Kind::kInt, MoneyByInt},
    {Function::kMultiply, Kind::kInt, Kind::kMoney, IntByMoney},
    {Function::kMultiply, Kind::kMoney, Kind::kDecimal, MoneyByDecimal},
    {Function::kMultiply, Kind::kDecimal, Kind::kMoney, DecimalByMoney},
    {Function::kDivide, Kind::kInt, Kind::kInt, DivideInts},
    {Function::kDivide, Kind::kUint, Kind::kUint, DivideUints},
    {Function::kDivide, Kind::kDouble, Kind::kDouble, DivideDoubles},
    {Function::kDivide, Kind::kMoney, Kind::kInt, MoneyOverInt},
    {Function::kModulo, Kind::kInt, Kind::kInt, ModuloInts},
    {Function::kModulo, Kind::kUint, Kind::kUint, ModuloUints},
    {Function::kGreatest, Kind::kInt, Kind::kInt, Extreme<Ints>},
    {Function::kGreatest, Kind::kUint, Kind::kUint, Extreme<Uints>},
    {Function::kGreatest, Kind::kDouble, Kind::kDouble, Extreme<Doubles>},
    {Function::kGreatest, Kind::kMoney, Kind::kMoney, ExtremeMoney},
    {Function::kGreatest, Kind::kDecimal, Kind::kDecimal, Extreme<Decimals>},
    {Function::kLeast, Kind::kInt, Kind::kInt, Extreme<Ints>},
    {Function::kLeast, Kind::kUint, Kind::kUint, Extreme<Uints>},
    {Function::kLeast, Kind::kDouble, Kind::kDouble, Extreme<Doubles>},
    {Function::kLeast, Kind::kMoney, Kind::kMoney, ExtremeMoney},
    {Function::kLeast, Kind::kDecimal, Kind::kDecimal, Extreme<Decimals>},
    {Function::kStartsWith, Kind::kString, Kind::kString, HasPrefix},
    {Function::kEndsWith, Kind::kString, Kind::kString, HasSuffix},
    {Function::kContains, Kind::kString, Kind::kString, HasPart},
    {Function::kMatches, Kind::kString, Kind::kString, MatchesText},
    {Function::kIndex, Kind::kList, Kind::kInt, ElementOfList},
    {Function::kIndex, Kind::kMap, Kind::kString, EntryOfMap},
    {Function::kIn, Kind::kString, Kind::kList, TextInList},
};

struct ComparisonRow {
  Kind a;
  Kind b;
  TypedBinary run;
};

constexpr ComparisonRow kComparisons[] = {
    {Kind::kBool, Kind::kBool, Compare<Bools>},
    {Kind::kInt, Kind::kInt, Compare<Ints>},
    {Kind::kUint, Kind::kUint, Compare<Uints>},
    {Kind::kDouble, Kind::kDouble, Compare<Doubles>},
    {Kind::kDuration, Kind::kDuration, Compare<Durations>},
    {Kind::kDecimal, Kind::kDecimal, Compare<Decimals>},
    {Kind::kString, Kind::kString, CompareTexts},
    {Kind::kBytes, Kind::kBytes, CompareTexts},
    {Kind::kTimestamp, Kind::kTimestamp, CompareTimes},
    {Kind::kMoney, Kind::kMoney, CompareMoneys},
    {Kind::kInt, Kind::kUint, CompareIntegers<Ints, Uints>},
    {Kind::kUint, Kind::kInt, CompareIntegers<Uints, Ints>},
    {Kind::kInt, Kind::kDouble, CompareAsDoubles<Ints, Doubles>},
    {Kind::kDouble, Kind::kInt, CompareAsDoubles<Doubles, Ints>},
    {Kind::kUint, Kind::kDouble, CompareAsDoubles<Uints, Doubles>},
    {Kind::kDouble, Kind::kUint, CompareAsDoubles<Doubles, Uints>},
};

TypedUnary FindGetter(Function function, Kind a) {
  if (a == Kind::kTimestamp) return TimestampPart;
  return a == Kind::kDuration && function >= Function::kGetHours ? DurationPart : nullptr;
}

}  // namespace

std::optional<Kind> KindOf(const Type& type) {
  switch (type.kind()) {
    case TypeKind::kBool:
      return Kind::kBool;
    case TypeKind::kInt:
      return Kind::kInt;
    case TypeKind::kUint:
      return Kind::kUint;
    case TypeKind::kDouble:
      return Kind::kDouble;
    case TypeKind::kString:
      return Kind::kString;
    case TypeKind::kBytes:
      return Kind::kBytes;
    case TypeKind::kTimestamp:
      return Kind::kTimestamp;
    case TypeKind::kDuration:
      return Kind::kDuration;
    case TypeKind::kMoney:
      return Kind::kMoney;
    case TypeKind::kDecimal:
      return Kind::kDecimal;
    case TypeKind::kList:
      return Kind::kList;
    case TypeKind::kMap:
      return Kind::kMap;
    case TypeKind::kWrapper:
      return KindOf(type.element());
    default:
      return std::nullopt;
  }
}

TypedUnary FindTypedUnary(Function function, Kind a) {
  if (function >= Function::kBool && function <= Function::kDecimal) {
    return FindConversion(function, a);
  }
  if (function >= Function::kGetFullYear && function <= Function::kGetMilliseconds) {
    return FindGetter(function, a);
  }
  for (const UnaryRow& row : kUnary) {
    if (row.function == function && row.a == a) return row.run;
  }
  return nullptr;
}

TypedBinary FindTypedBinary(Function function, Kind a, Kind b) {
  for (const BinaryRow& row : kBinary) {
    if (row.function == function && row.a == a && row.b == b) return row.run;
  }
  return nullptr;
}

TypedBinary FindTypedComparison(Kind a, Kind b) {
  for (const ComparisonRow& row : kComparisons) {
    if (row.a == a && row.b == b) return row.run;
  }
  return nullptr;
}

}  // namespace touchstone::rules::expr
