#pragma once

// Types in the words of people who write rules, not programs. Internal to the checker.

#include <string>

#include "absl/strings/string_view.h"
#include "rules/expr/functions.h"
#include "rules/expr/type.h"

namespace touchstone::rules::expr {

// "a whole number", "a list of texts". REQUIRES: no type variables.
std::string DescribeType(const Type& type);

// What cannot be done with two operands of an operator: "cannot be compared with".
absl::string_view CannotBe(Function op);

// What to write instead of an operation between these types; "" when nothing comes to mind.
std::string HintForOperands(Function op, const Type& left, const Type& right);

}  // namespace touchstone::rules::expr
