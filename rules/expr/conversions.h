#pragma once

// Conversions between kinds: bool(), int(), uint(), double(), string(), bytes(), timestamp(),
// duration(), money(), decimal(), type(). Internal to the evaluator. Text that does not read as the
// target is kInvalidArgument, a number outside its range kOverflow.

#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/typed_operations.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

inline constexpr size_t kDoubleTextBytes = 32;
// The shortest text that reads back as the same double; "NaN", "Infinity". `buffer` holds
// kDoubleTextBytes.
absl::string_view FormatDouble(double value, char* buffer);

}  // namespace touchstone::rules::expr
