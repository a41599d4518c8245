#include "rules/expr/functions.h"

#include <array>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace touchstone::rules::expr {
namespace {

struct NamedFunction {
  Function function;
  const char* name;
};

// In the order of the enum, so that the enum value is the position.
constexpr std::array kNames = {
    NamedFunction{Function::kConditional, "_?_:_"},
    NamedFunction{Function::kAnd, "_&&_"},
    NamedFunction{Function::kOr, "_||_"},
    NamedFunction{Function::kNot, "!_"},
    NamedFunction{Function::kNegate, "-_"},
    NamedFunction{Function::kAdd, "_+_"},
    NamedFunction{Function::kSubtract, "_-_"},
    NamedFunction{Function::kMultiply, "_*_"},
    NamedFunction{Function::kDivide, "_/_"},
    NamedFunction{Function::kModulo, "_%_"},
    NamedFunction{Function::kEqual, "_==_"},
    NamedFunction{Function::kNotEqual, "_!=_"},
    NamedFunction{Function::kLess, "_<_"},
    NamedFunction{Function::kLessEqual, "_<=_"},
    NamedFunction{Function::kGreater, "_>_"},
    NamedFunction{Function::kGreaterEqual, "_>=_"},
    NamedFunction{Function::kIn, "_in_"},
    NamedFunction{Function::kIndex, "_[_]"},
    NamedFunction{Function::kOptionalIndex, "_[?_]"},
    NamedFunction{Function::kBool, "bool"},
    NamedFunction{Function::kInt, "int"},
    NamedFunction{Function::kUint, "uint"},
    NamedFunction{Function::kDouble, "double"},
    NamedFunction{Function::kString, "string"},
    NamedFunction{Function::kBytes, "bytes"},
    NamedFunction{Function::kTimestamp, "timestamp"},
    NamedFunction{Function::kDuration, "duration"},
    NamedFunction{Function::kDyn, "dyn"},
    NamedFunction{Function::kType, "type"},
    NamedFunction{Function::kMoney, "money"},
    NamedFunction{Function::kDecimal, "decimal"},
    NamedFunction{Function::kSize, "size"},
    NamedFunction{Function::kContains, "contains"},
    NamedFunction{Function::kStartsWith, "startsWith"},
    NamedFunction{Function::kEndsWith, "endsWith"},
    NamedFunction{Function::kMatches, "matches"},
    NamedFunction{Function::kGetFullYear, "getFullYear"},
    NamedFunction{Function::kGetMonth, "getMonth"},
    NamedFunction{Function::kGetDate, "getDate"},
    NamedFunction{Function::kGetDayOfMonth, "getDayOfMonth"},
    NamedFunction{Function::kGetDayOfWeek, "getDayOfWeek"},
    NamedFunction{Function::kGetDayOfYear, "getDayOfYear"},
    NamedFunction{Function::kGetHours, "getHours"},
    NamedFunction{Function::kGetMinutes, "getMinutes"},
    NamedFunction{Function::kGetSeconds, "getSeconds"},
    NamedFunction{Function::kGetMilliseconds, "getMilliseconds"},
    NamedFunction{Function::kCharAt, "charAt"},
    NamedFunction{Function::kIndexOf, "indexOf"},
    NamedFunction{Function::kLastIndexOf, "lastIndexOf"},
    NamedFunction{Function::kJoin, "join"},
    NamedFunction{Function::kLowerAscii, "lowerAscii"},
    NamedFunction{Function::kUpperAscii, "upperAscii"},
    NamedFunction{Function::kQuote, "strings.quote"},
    NamedFunction{Function::kReplace, "replace"},
    NamedFunction{Function::kReverse, "reverse"},
    NamedFunction{Function::kSplit, "split"},
    NamedFunction{Function::kSubstring, "substring"},
    NamedFunction{Function::kTrim, "trim"},
    NamedFunction{Function::kFormat, "format"},
    NamedFunction{Function::kOptionalOf, "optional.of"},
    NamedFunction{Function::kOptionalNone, "optional.none"},
    NamedFunction{Function::kOptionalOfNonZeroValue, "optional.ofNonZeroValue"},
    NamedFunction{Function::kHasValue, "hasValue"},
    NamedFunction{Function::kValue, "value"},
    NamedFunction{Function::kOrOptional, "or"},
    NamedFunction{Function::kOrValue, "orValue"},
    NamedFunction{Function::kFirst, "first"},
    NamedFunction{Function::kLast, "last"},
    NamedFunction{Function::kOptionalUnwrap, "optional.unwrap"},
    NamedFunction{Function::kUnwrapOpt, "unwrapOpt"},
    NamedFunction{Function::kGreatest, "math.greatest"},
    NamedFunction{Function::kLeast, "math.least"},
    NamedFunction{Function::kCeil, "math.ceil"},
    NamedFunction{Function::kFloor, "math.floor"},
    NamedFunction{Function::kRound, "math.round"},
    NamedFunction{Function::kTrunc, "math.trunc"},
    NamedFunction{Function::kAbs, "math.abs"},
    NamedFunction{Function::kSign, "math.sign"},
    NamedFunction{Function::kIsNan, "math.isNaN"},
    NamedFunction{Function::kIsInf, "math.isInf"},
    NamedFunction{Function::kIsFinite, "math.isFinite"},
    NamedFunction{Function::kSqrt, "math.sqrt"},
    NamedFunction{Function::kBitAnd, "math.bitAnd"},
    NamedFunction{Function::kBitOr, "math.bitOr"},
    NamedFunction{Function::kBitXor, "math.bitXor"},
    NamedFunction{Function::kBitNot, "math.bitNot"},
    NamedFunction{Function::kBitShiftLeft, "math.bitShiftLeft"},
    NamedFunction{Function::kBitShiftRight, "math.bitShiftRight"},
    NamedFunction{Function::kBase64Encode, "base64.encode"},
    NamedFunction{Function::kBase64Decode, "base64.decode"},
    NamedFunction{Function::kAge, "age"},
    NamedFunction{Function::kCurrency, "currency"},
    NamedFunction{Function::kSum, "sum"},
};

constexpr bool IsInEnumOrder() {
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (static_cast<size_t>(kNames[i].function) != i) return false;
  }
  return kNames.size() == static_cast<size_t>(Function::kUnknown);
}
static_assert(IsInEnumOrder());

constexpr size_t kFirstPlainName = static_cast<size_t>(Function::kOptionalIndex) + 1;

}  // namespace

absl::string_view FunctionName(Function function) {
  const size_t position = static_cast<size_t>(function);
  return position < kNames.size() ? kNames[position].name : "";
}

std::optional<Function> FindFunction(absl::string_view name) {
  static const auto& by_name = *[] {
    auto* map = new absl::flat_hash_map<absl::string_view, Function>();
    for (size_t i = kFirstPlainName; i < kNames.size(); ++i) {
      map->emplace(kNames[i].name, kNames[i].function);
    }
    return map;
  }();
  const auto found = by_name.find(name);
  if (found == by_name.end()) return std::nullopt;
  return found->second;
}

absl::Span<const absl::string_view> FunctionNames() {
  static const auto& names = *[] {
    auto* list = new std::vector<absl::string_view>();
    for (size_t i = kFirstPlainName; i < kNames.size(); ++i) list->push_back(kNames[i].name);
    return list;
  }();
  return names;
}

}  // namespace touchstone::rules::expr
