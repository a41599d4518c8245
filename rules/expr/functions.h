#pragma once

// Every operator and function of the language, once. The parser turns operators into these, the
// checker knows their signatures, the evaluator their meaning. Adding a function touches this list,
// checker signatures (signatures.cc) and one evaluator file.

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::rules::expr {

enum class Function : uint8_t {
  // Operators.
  kConditional,
  kAnd,
  kOr,
  kNot,
  kNegate,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kIndex,
  kOptionalIndex,  // a[?k]
  // Conversions and type tests.
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kDyn,
  kType,
  kMoney,    // money("12.50 EUR")
  kDecimal,  // decimal("0.250"), decimal(int)
  // Standard library.
  kSize,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kGetFullYear,
  kGetMonth,
  kGetDate,
  kGetDayOfMonth,
  kGetDayOfWeek,
  kGetDayOfYear,
  kGetHours,
  kGetMinutes,
  kGetSeconds,
  kGetMilliseconds,
  // Strings extension.
  kCharAt,
  kIndexOf,
  kLastIndexOf,
  kJoin,
  kLowerAscii,
  kUpperAscii,
  kQuote,
  kReplace,
  kReverse,
  kSplit,
  kSubstring,
  kTrim,
  kFormat,
  // Optionals; or, orValue and the macros are not called with all values computed.
  kOptionalOf,
  kOptionalNone,
  kOptionalOfNonZeroValue,
  kHasValue,
  kValue,
  kOrOptional,  // a.or(b)
  kOrValue,
  kFirst,
  kLast,
  kOptionalUnwrap,  // optional.unwrap(list) and list.unwrapOpt(): the values that there are
  kUnwrapOpt,
  // Math extension.
  kGreatest,
  kLeast,
  kCeil,
  kFloor,
  kRound,
  kTrunc,
  kAbs,
  kSign,
  kIsNan,
  kIsInf,
  kIsFinite,
  kSqrt,
  kBitAnd,
  kBitOr,
  kBitXor,
  kBitNot,
  kBitShiftLeft,
  kBitShiftRight,
  // Encoders extension.
  kBase64Encode,
  kBase64Decode,
  // Touchstone.
  kAge,       // age(birth_date, now): full years between two timestamps on the frame's calendar
  kCurrency,  // currency(money): its ISO code
  kSum,       // list.sum(): of ints, uints, doubles, decimals or money
  // A name that no function has (Expr::name). Only between parser and checker: the checker reports
  // it, or, without types, turns the call into an unbound name.
  kUnknown,
};

// How the source writes it: "_&&_" for operators, the plain name for functions; "" for kUnknown.
absl::string_view FunctionName(Function function);
// By the plain name of a function ("startsWith", "strings.quote"); nullopt when there is none.
std::optional<Function> FindFunction(absl::string_view name);
// The plain names of all functions, for "did you mean".
absl::Span<const absl::string_view> FunctionNames();

}  // namespace touchstone::rules::expr
