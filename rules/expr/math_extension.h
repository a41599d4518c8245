#pragma once

// The math extension. Internal to the evaluator.
//
// Results are the same on every machine: ceil, floor, round and trunc work on the bits of the
// double, and of libm only sqrt is called, which IEEE 754 requires to be correctly rounded.
// math.round goes half away from zero. A shift by 64 or more is 0, by less than 0 an error; a shift
// to the right fills with zeros, also for int. greatest and least keep the first of equal values
// and fail over NaN (kInvalidArgument), which has no order.
// Source: cel-go's ext/README.md, math version 2; google/cel-spec's math_ext tests.
// Ours: greatest, least and abs take money of one currency and decimals.

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// kGreatest to kBitShiftRight. greatest and least take one value, two values or a list.
// REQUIRES: no argument is an error.
Value CallMath(Function function, absl::Span<const Value> arguments, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
