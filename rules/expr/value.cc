#include "rules/expr/value.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/expr/amounts.h"
#include "rules/expr/conversions.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

std::string Quoted(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

std::string DoubleText(double value) {
  std::array<char, kDoubleTextBytes> buffer;
  std::string text(FormatDouble(value, buffer.data()));
  // So that 1.0 does not read as an int.
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string TimeText(const Value& value) {
  std::array<char, kTimeTextBytes> buffer;
  if (value.kind() == Kind::kTimestamp) {
    return absl::StrCat("timestamp(\"", FormatTimestamp(value, buffer.data()), "\")");
  }
  return absl::StrCat("duration(\"", FormatDuration(value, buffer.data()), "\")");
}

std::string MoneyText(Money money) {
  if (!money.currency.is_none()) return Format(money);
  return absl::StrCat(DoubleText(AmountAsDouble(money.amount_minor, kBareScale)),
                      " of no currency");
}

std::string ListText(const Value* elements, uint32_t size) {
  std::vector<std::string> parts;
  for (uint32_t i = 0; i < size; ++i) parts.push_back(DebugString(elements[i]));
  return absl::StrJoin(parts, ", ");
}

// Types have no parameters at run time: "list", not "list(int)".
std::string TypeName(const Type& type) {
  const std::string text = type.ToString();
  return type.Is(TypeKind::kRecord) ? text : text.substr(0, text.find('('));
}

std::string MapText(const MapData& map) {
  std::vector<std::string> parts;
  for (uint32_t i = 0; i < map.size; ++i) {
    parts.push_back(
        absl::StrCat(DebugString(map.entries[i].key), ": ", DebugString(map.entries[i].value)));
  }
  return absl::StrCat("{", absl::StrJoin(parts, ", "), "}");
}

}  // namespace

absl::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kAbsent:
      return "absent";
    case ErrorCode::kNoSuchKey:
      return "no_such_key";
    case ErrorCode::kNoOverload:
      return "no_overload";
    case ErrorCode::kOverflow:
      return "overflow";
    case ErrorCode::kDivideByZero:
      return "divide_by_zero";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kCurrencyMismatch:
      return "currency_mismatch";
    case ErrorCode::kDuplicateKey:
      return "duplicate_key";
    case ErrorCode::kStepLimit:
      return "step_limit";
    case ErrorCode::kUnboundName:
      return "unbound_name";
    case ErrorCode::kUnavailable:
      return "unavailable";
  }
  return "unknown";
}

Value Value::Timestamp(absl::Time v) {
  const int64_t seconds = absl::ToUnixSeconds(v);
  const int64_t nanos = absl::ToInt64Nanoseconds(v - absl::FromUnixSeconds(seconds));
  return TimestampParts(seconds, static_cast<uint32_t>(nanos));
}

std::string DebugString(const Value& value) {
  switch (value.kind()) {
    case Kind::kError:
      return absl::StrCat("error: ", ErrorCodeName(value.error()));
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.bool_value() ? "true" : "false";
    case Kind::kInt:
      return absl::StrCat(value.int_value());
    case Kind::kUint:
      return absl::StrCat(value.uint_value(), "u");
    case Kind::kDouble:
      return DoubleText(value.double_value());
    case Kind::kString:
      return Quoted(value.string_value());
    case Kind::kBytes:
      return absl::StrCat("b", Quoted(value.bytes_value()));
    case Kind::kTimestamp:
    case Kind::kDuration:
      return TimeText(value);
    case Kind::kMoney:
      return MoneyText(value.money_value());
    case Kind::kDecimal:
      return Format(value.decimal_value());
    case Kind::kList:
      return absl::StrCat("[", ListText(value.list_value().elements, value.list_value().size), "]");
    case Kind::kMap:
      return MapText(value.map_value());
    case Kind::kRecord:
      return absl::StrCat("record(", ListText(value.record_fields(), value.record_size()), ")");
    case Kind::kOptional:
      if (value.optional_value() == nullptr) return "optional.none()";
      return absl::StrCat("optional.of(", DebugString(*value.optional_value()), ")");
    case Kind::kType:
      return TypeName(value.type_value());
  }
  return "unknown";
}

}  // namespace touchstone::rules::expr
