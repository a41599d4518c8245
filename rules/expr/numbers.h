#pragma once

// Arithmetic over int, uint, double and, by delegation, over everything + and - mean something for.
// Internal to the evaluator. No implicit conversions; leaving the range of a type is kOverflow.

#include "rules/expr/evaluation.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Numbers, money, decimals, durations, timestamps, strings, bytes, lists.
Value AddValues(const Value& a, const Value& b, Evaluation& evaluation);
Value SubtractValues(const Value& a, const Value& b);
Value MultiplyValues(const Value& a, const Value& b);
Value DivideValues(const Value& a, const Value& b);
Value ModuloValues(const Value& a, const Value& b);
Value NegateValue(const Value& a);

}  // namespace touchstone::rules::expr
