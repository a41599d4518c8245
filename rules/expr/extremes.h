#pragma once

// math.greatest and math.least over values of any kinds. Internal to the evaluator; where the kinds
// are known there are typed operations.

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Numbers of any kinds together, or money, or decimals: kNoOverload for other values,
// kInvalidArgument beside NaN. A literal that wins over money is money of that currency.
// REQUIRES: function is kGreatest or kLeast; there is a value.
Value ExtremeOfAny(Function function, absl::Span<const Value> values, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
