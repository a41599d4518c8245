#pragma once

// && and || of many terms as a balanced tree, so that a rule of 5,000 terms is 13 levels deep.
// Internal to rules/expr. CEL's && and || are associative even over errors, so the shape is free.

#include <vector>

#include "rules/expr/ast.h"

namespace touchstone::rules::expr {

// One canonical tree over `terms`, in order. REQUIRES: at least one term; op is kAnd or kOr.
ExprPtr BalancedTree(Function op, std::vector<ExprPtr> terms);

// The terms of the chain of `op` that `expr` is the root of (or `expr` itself), in order. A node
// that is a chain of the other operator is one term.
std::vector<const Expr*> ChainTerms(Function op, const Expr& expr);
std::vector<ExprPtr> TakeChainTerms(Function op, ExprPtr expr);

bool IsCallTo(const Expr& expr, Function function);

}  // namespace touchstone::rules::expr
