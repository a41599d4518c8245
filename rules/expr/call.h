#pragma once

// From a function and its argument values to a result, where the kinds of the values are known only
// now. Internal to the evaluator.

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Everything but && || ?: and macros. The first argument that is an error is the result;
// kNoOverload when the function does not take such values or so many.
// REQUIRES: 1 to kMaxOperands arguments; two of a comparison.
Value Call(Function function, absl::Span<const Value> arguments, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
