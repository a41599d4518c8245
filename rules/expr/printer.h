#pragma once

// Tree to canonical text: one spelling per tree, least parentheses. Parse(Print(t)) is the same
// tree.

#include <string>

#include "rules/expr/ast.h"

namespace touchstone::rules::expr {

std::string Print(const Expr& root);

}  // namespace touchstone::rules::expr
