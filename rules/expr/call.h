#pragma once

// From a function and its argument values to a result: the one switch over functions that are
// called with values already computed. Internal to the evaluator.

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// More arguments than any function takes.
inline constexpr size_t kMaxArguments = 4;

// Everything but && || ?: and macros. The first argument that is an error is the result;
// kNoOverload when the function does not take such values or so many.
Value Call(Function function, absl::Span<const Value> arguments, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
