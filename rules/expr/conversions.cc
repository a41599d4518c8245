#include "rules/expr/conversions.h"

#include <array>
#include <charconv>
#include <cmath>

#include "absl/strings/charconv.h"
#include "rules/expr/amounts.h"
#include "rules/expr/text.h"
#include "rules/expr/timestamps.h"
#include "rules/money/amount_text.h"

namespace touchstone::rules::expr {
namespace {

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }
Value Invalid() { return Value::Error(ErrorCode::kInvalidArgument); }

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

Value ToBool(const Value& value, Evaluation& /*evaluation*/) {
  if (value.kind() == Kind::kBool) return value;
  if (value.kind() != Kind::kString) return NoOverload();
  const absl::string_view text = value.string_value();
  for (const absl::string_view yes : {"1", "t", "true", "TRUE", "True"}) {
    if (text == yes) return Value::Bool(true);
  }
  for (const absl::string_view no : {"0", "f", "false", "FALSE", "False"}) {
    if (text == no) return Value::Bool(false);
  }
  return Invalid();
}

// All of `text` as a decimal number of the integer type, with an optional plus.
template <typename Integer>
bool ReadInteger(absl::string_view text, Integer* number) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

Value ToInt(const Value& value, Evaluation& /*evaluation*/) {
  switch (value.kind()) {
    case Kind::kInt:
      return value;
    case Kind::kUint:
      return value.uint_value() > INT64_MAX ? Overflow() : Value::Int(value.int_value());
    case Kind::kDouble: {
      const double d = value.double_value();
      // The smallest int is excluded too: the conformance suite pins it.
      if (!(d > -kTwoTo63 && d < kTwoTo63)) return Overflow();
      return Value::Int(static_cast<int64_t>(d));
    }
    case Kind::kString: {
      int64_t number = 0;
      return ReadInteger(value.string_value(), &number) ? Value::Int(number) : Invalid();
    }
    case Kind::kTimestamp:
      return Value::Int(value.timestamp_seconds());
    case Kind::kDecimal:
      return Value::Int(value.decimal_value().thousandths / 1000);
    default:
      return NoOverload();
  }
}

Value ToUint(const Value& value, Evaluation& /*evaluation*/) {
  switch (value.kind()) {
    case Kind::kUint:
      return value;
    case Kind::kInt:
      return value.int_value() < 0 ? Overflow() : Value::Uint(value.uint_value());
    case Kind::kDouble: {
      const double d = value.double_value();
      if (!(d >= 0 && d < kTwoTo64)) return Overflow();
      return Value::Uint(static_cast<uint64_t>(d));
    }
    case Kind::kString: {
      uint64_t number = 0;
      return ReadInteger(value.string_value(), &number) ? Value::Uint(number) : Invalid();
    }
    default:
      return NoOverload();
  }
}

Value ReadDouble(absl::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  // "nan(...)" is C's, not CEL's.
  if (text.find('(') != absl::string_view::npos) return Invalid();
  double number = 0;
  const char* end = text.data() + text.size();
  const absl::from_chars_result result = absl::from_chars(text.data(), end, number);
  if (result.ptr != end || text.empty()) return Invalid();
  // Too small a number is the nearest double, zero; too large a one has none.
  if (result.ec == std::errc::result_out_of_range && std::abs(number) > 1) return Overflow();
  if (result.ec == std::errc::invalid_argument) return Invalid();
  return Value::Double(number);
}

Value ToDouble(const Value& value, Evaluation& /*evaluation*/) {
  switch (value.kind()) {
    case Kind::kDouble:
      return value;
    case Kind::kInt:
      return Value::Double(static_cast<double>(value.int_value()));
    case Kind::kUint:
      return Value::Double(static_cast<double>(value.uint_value()));
    case Kind::kString:
      return ReadDouble(value.string_value());
    case Kind::kMoney: {
      const Money money = value.money_value();
      return Value::Double(AmountAsDouble(money.amount_minor, ScaleOf(money)));
    }
    case Kind::kDecimal:
      return Value::Double(AmountAsDouble(value.decimal_value().thousandths, kDecimalScale));
    default:
      return NoOverload();
  }
}

Value Text(absl::string_view text, Evaluation& evaluation) {
  return Value::String(evaluation.arena().Copy(text));
}

template <typename Integer>
Value IntegerText(Integer number, Evaluation& evaluation) {
  std::array<char, 24> buffer;
  const std::to_chars_result result =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return Text(absl::string_view(buffer.data(), static_cast<size_t>(result.ptr - buffer.data())),
              evaluation);
}

Value ToString(const Value& value, Evaluation& evaluation) {
  std::array<char, kTimeTextBytes> buffer;
  static_assert(kTimeTextBytes >= kDoubleTextBytes && kTimeTextBytes >= kAmountTextBytes);
  switch (value.kind()) {
    case Kind::kString:
      return value;
    case Kind::kBool:
      return Value::String(value.bool_value() ? "true" : "false");
    case Kind::kInt:
      return IntegerText(value.int_value(), evaluation);
    case Kind::kUint:
      return IntegerText(value.uint_value(), evaluation);
    case Kind::kDouble:
      return Text(FormatDouble(value.double_value(), buffer.data()), evaluation);
    case Kind::kBytes:
      if (!evaluation.SpendBytes(value.bytes_value().size())) return StepLimitError();
      if (!IsValidUtf8(value.bytes_value())) return Invalid();
      return Value::String(value.bytes_value());
    case Kind::kTimestamp:
      return Text(FormatTimestamp(value, buffer.data()), evaluation);
    case Kind::kDuration:
      return Text(FormatDuration(value, buffer.data()), evaluation);
    case Kind::kMoney:
      if (value.money_value().currency.is_none()) return Invalid();
      return Text(FormatAmount(value, buffer.data()), evaluation);
    case Kind::kDecimal:
      return Text(FormatAmount(value, buffer.data()), evaluation);
    default:
      return NoOverload();
  }
}

Value ToBytes(const Value& value, Evaluation& /*evaluation*/) {
  if (value.kind() == Kind::kBytes) return value;
  return value.kind() == Kind::kString ? Value::Bytes(value.string_value()) : NoOverload();
}

Value ToTimestamp(const Value& value, Evaluation& /*evaluation*/) {
  switch (value.kind()) {
    case Kind::kTimestamp:
      return value;
    case Kind::kInt:
      return TimestampFromSeconds(value.int_value());
    case Kind::kString:
      return ParseTimestamp(value.string_value());
    default:
      return NoOverload();
  }
}

Value ToDuration(const Value& value, Evaluation& /*evaluation*/) {
  if (value.kind() == Kind::kDuration) return value;
  return value.kind() == Kind::kString ? ParseDuration(value.string_value()) : NoOverload();
}

Value ToMoney(const Value& value, Evaluation& /*evaluation*/) {
  if (value.kind() == Kind::kMoney) return value;
  if (value.kind() != Kind::kString) return NoOverload();
  const std::optional<Money> money = ReadMoney(value.string_value());
  return money.has_value() ? Value::OfMoney(*money) : Invalid();
}

Value ToDecimal(const Value& value, Evaluation& /*evaluation*/) {
  switch (value.kind()) {
    case Kind::kDecimal:
      return value;
    case Kind::kInt: {
      int64_t thousandths = 0;
      if (__builtin_mul_overflow(value.int_value(), 1000, &thousandths)) return Overflow();
      return Value::OfDecimal(Decimal{thousandths});
    }
    case Kind::kString: {
      const std::optional<Decimal> decimal = ReadDecimal(value.string_value());
      return decimal.has_value() ? Value::OfDecimal(*decimal) : Invalid();
    }
    default:
      return NoOverload();
  }
}

// At run time types have no parameters, so one of each kind serves all values.
Value TypeOfValue(const Value& value, Evaluation& /*evaluation*/) {
  static const auto* const kTypes = new std::array<Type, 17>{
      Type(TypeKind::kError),    Type(TypeKind::kNull),  Type(TypeKind::kBool),
      Type(TypeKind::kInt),      Type(TypeKind::kUint),  Type(TypeKind::kDouble),
      Type(TypeKind::kString),   Type(TypeKind::kBytes), Type(TypeKind::kTimestamp),
      Type(TypeKind::kDuration), Type(TypeKind::kMoney), Type(TypeKind::kDecimal),
      Type(TypeKind::kList),     Type(TypeKind::kMap),   Type(TypeKind::kRecord),
      Type(TypeKind::kOptional), Type(TypeKind::kType)};
  return Value::OfType(&(*kTypes)[static_cast<size_t>(value.kind())]);
}

// A conversion where the kind is known: the compiler leaves the others out.
template <auto Conversion, Kind kind>
Value From(Value value, uint8_t /*detail*/, Evaluation& evaluation) {
  if (value.kind() != kind) __builtin_unreachable();
  return Conversion(value, evaluation);
}

template <auto Conversion, Kind... kinds>
void Add(OperationTable& table, Function function) {
  (table.Add(function, kinds, From<Conversion, kinds>), ...);
}

Value Unchanged(Value value, uint8_t /*detail*/, Evaluation& /*evaluation*/) { return value; }

template <Kind... kinds>
void AddForAll(OperationTable& table, KindList<kinds...> /*all*/) {
  (table.Add(Function::kDyn, kinds, Unchanged), ...);
  Add<TypeOfValue, kinds...>(table, Function::kType);
}

}  // namespace

absl::string_view FormatDouble(double value, char* buffer) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  const std::to_chars_result result = std::to_chars(buffer, buffer + kDoubleTextBytes, value);
  return absl::string_view(buffer, static_cast<size_t>(result.ptr - buffer));
}

void AddConversions(OperationTable& table) {
  using enum Kind;
  Add<ToBool, kBool, kString>(table, Function::kBool);
  Add<ToInt, kInt, kUint, kDouble, kString, kTimestamp, kDecimal>(table, Function::kInt);
  Add<ToUint, kUint, kInt, kDouble, kString>(table, Function::kUint);
  Add<ToDouble, kDouble, kInt, kUint, kString, kMoney, kDecimal>(table, Function::kDouble);
  Add<ToString, kString, kBool, kInt, kUint, kDouble, kBytes, kTimestamp, kDuration, kMoney,
      kDecimal>(table, Function::kString);
  Add<ToBytes, kBytes, kString>(table, Function::kBytes);
  Add<ToTimestamp, kTimestamp, kString, kInt>(table, Function::kTimestamp);
  Add<ToDuration, kDuration, kString>(table, Function::kDuration);
  Add<ToMoney, kMoney, kString>(table, Function::kMoney);
  Add<ToDecimal, kDecimal, kString, kInt>(table, Function::kDecimal);
  AddForAll(table, AllKinds());
}

}  // namespace touchstone::rules::expr
