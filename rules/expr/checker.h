#pragma once

// Resolves names and types of a parsed tree against an environment, in place.
//
// On success every node carries its type and resolution. On failure the tree is unspecified and
// there is at least one issue; all findings are reported at once, with the nearest declared name as
// a hint where one is near ("did you mean customer.spend_90d?").
// Thread safety: pure with respect to the environment.

#include <optional>

#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

// `expected`: what the whole expression must be (bool for a condition); nullopt: anything. An
// expected money or decimal makes a bare numeric literal exact.
Issues Check(Expr& root, const Environment& environment, std::optional<Type> expected);

}  // namespace touchstone::rules::expr
