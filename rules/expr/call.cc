#include "rules/expr/call.h"

#include "rules/expr/comparison.h"
#include "rules/expr/extremes.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

using Arguments = absl::Span<const Value>;

// What takes values of kinds that it has no operation for.
Value CallOnAny(Function function, Arguments arguments, Evaluation& evaluation) {
  if (function == Function::kGreatest || function == Function::kLeast) {
    return ExtremeOfAny(function, arguments, evaluation);
  }
  // The strings extension is charged for its text before it looks at anything else.
  const bool of_text = function >= Function::kCharAt && function <= Function::kTrim &&
                       arguments[0].kind() == Kind::kString;
  if (of_text && !evaluation.SpendBytes(arguments[0].string_value().size())) {
    return StepLimitError();
  }
  return NoOverload();
}

}  // namespace

Value Call(Function function, Arguments arguments, Evaluation& evaluation) {
  OperandKinds operands;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].IsError()) return arguments[i];
    operands.kinds |= KindsOf(arguments[i].kind()) << 8 * i;
  }
  if (IsComparison(function)) {
    return CompareValues(RelationOf(function), arguments[0], arguments[1], evaluation);
  }
  const TypedOperation* typed = FindTyped(function, operands);
  if (typed == nullptr) return CallOnAny(function, arguments, evaluation);
  return typed->Run(arguments, static_cast<uint8_t>(function), evaluation);
}

}  // namespace touchstone::rules::expr
