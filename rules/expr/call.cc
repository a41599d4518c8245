#include "rules/expr/call.h"

#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/compiled_texts.h"
#include "rules/expr/conversions.h"
#include "rules/expr/encoders_extension.h"
#include "rules/expr/format_extension.h"
#include "rules/expr/math_extension.h"
#include "rules/expr/numbers.h"
#include "rules/expr/optionals.h"
#include "rules/expr/strings.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

using Arguments = absl::Span<const Value>;

bool IsCalendarPart(Function function) {
  return function >= Function::kGetFullYear && function <= Function::kGetMilliseconds;
}

// Functions that are not operators, conversions or of the standard library.
Value CallExtension(Function function, Arguments arguments, Evaluation& evaluation) {
  if (function >= Function::kOptionalOf && function <= Function::kUnwrapOpt) {
    return CallOptional(function, arguments, evaluation);
  }
  if (function >= Function::kGreatest && function <= Function::kBitShiftRight) {
    return CallMath(function, arguments, evaluation);
  }
  if (function == Function::kBase64Encode || function == Function::kBase64Decode) {
    return arguments.size() == 1 ? CallEncoder(function, arguments[0], evaluation) : NoOverload();
  }
  if (function == Function::kFormat) {
    return arguments.size() == 2 ? FormatText(arguments[0], arguments[1], evaluation)
                                 : NoOverload();
  }
  return CallStringExtension(function, arguments, evaluation);
}

Value CallUnary(Function function, const Value& a, Evaluation& evaluation) {
  if (function >= Function::kBool && function <= Function::kDecimal) {
    return function == Function::kDyn ? a : Convert(function, a, evaluation);
  }
  if (IsCalendarPart(function)) {
    return CalendarPart(function, a, absl::UTCTimeZone(), evaluation.calendar());
  }
  switch (function) {
    case Function::kNegate:
      return NegateValue(a);
    case Function::kSize:
      return Size(a, evaluation);
    case Function::kCurrency:
      if (a.kind() != Kind::kMoney) return NoOverload();
      return Value::String(a.money_value().currency.code());
    default:
      return CallExtension(function, {&a, 1}, evaluation);
  }
}

Value CalendarPartInNamedZone(Function function, const Value& time, const Value& zone_name,
                              Evaluation& evaluation) {
  if (time.kind() != Kind::kTimestamp || zone_name.kind() != Kind::kString) return NoOverload();
  const absl::TimeZone* zone = evaluation.scratch.compiled_texts().Zone(zone_name.string_value());
  if (zone == nullptr) return Value::Error(ErrorCode::kInvalidArgument);
  return CalendarPart(function, time, *zone, evaluation.calendar());
}

Value CallBinary(Function function, Arguments arguments, Evaluation& evaluation) {
  const Value& a = arguments[0];
  const Value& b = arguments[1];
  if (IsCalendarPart(function)) return CalendarPartInNamedZone(function, a, b, evaluation);
  switch (function) {
    case Function::kAdd:
      return AddValues(a, b, evaluation);
    case Function::kSubtract:
      return SubtractValues(a, b);
    case Function::kMultiply:
      return MultiplyValues(a, b);
    case Function::kDivide:
      return DivideValues(a, b);
    case Function::kModulo:
      return ModuloValues(a, b);
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
      return CompareValues(RelationOf(function), a, b, evaluation);
    case Function::kIn:
      return In(a, b, evaluation);
    case Function::kIndex:
      if (a.kind() == Kind::kOptional) return OptionalIndex(a, b, evaluation);
      return Index(a, b, evaluation);
    case Function::kOptionalIndex:
      return OptionalIndex(a, b, evaluation);
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith:
      return FindAffix(function, a, b, evaluation);
    case Function::kMatches:
      if (a.kind() != Kind::kString || b.kind() != Kind::kString) return NoOverload();
      return MatchesPattern(a.string_value(), b.string_value(), evaluation);
    case Function::kAge:
      return Age(a, b, evaluation.frame.zone, evaluation.calendar());
    default:
      return CallExtension(function, arguments, evaluation);
  }
}

}  // namespace

Value Call(Function function, Arguments arguments, Evaluation& evaluation) {
  for (const Value& argument : arguments) {
    if (argument.IsError()) return argument;
  }
  if (arguments.size() == 1) return CallUnary(function, arguments[0], evaluation);
  if (arguments.size() == 2) return CallBinary(function, arguments, evaluation);
  return CallExtension(function, arguments, evaluation);
}

}  // namespace touchstone::rules::expr
