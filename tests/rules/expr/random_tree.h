#pragma once

// Random syntax trees in canonical form (chains of && and || balanced), for properties.

#include <cstdint>
#include <random>

#include "rules/expr/ast.h"

namespace touchstone::rules::expr {

// A tree of at most `depth` levels, the same for the same state of `random`.
ExprPtr RandomTree(std::mt19937_64& random, int depth);

// Same structure: all that the parser writes except spans.
bool SameTree(const Expr& a, const Expr& b);

}  // namespace touchstone::rules::expr
