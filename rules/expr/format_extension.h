#pragma once

// text.format(list). Internal to the evaluator. Results live in the evaluation's arena; what is
// written is charged by its length.
//
// %s writes what string() writes, but doubles without an exponent, null, types by name, lists as
// [a, b] and maps as {k: v}, ordered by the text of their keys; money and decimals as string() has
// them. %d takes int, uint and double, %f and %e also; %b int, uint and bool; %o int and uint; %x
// and %X int, uint, string and bytes. Too few values, a place that is none and bytes that are no
// text are kInvalidArgument; a value of another kind is kNoOverload.
// Source: google/cel-spec's string_ext tests and cel-go's strings extension, version 4.

#include "rules/expr/evaluation.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// REQUIRES: neither is an error.
Value FormatText(const Value& text, const Value& values, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
