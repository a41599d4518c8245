#pragma once

// What one evaluation may cost, estimated from declared sizes before anything is evaluated.
//
// The unit is the visit of a node. A macro counts its body once for each element that its range may
// have: `max:` of an attribute, the length of a product list or of a literal, else
// limits::kAssumedElements. Both sides of && and || count, of ? : the dearer one. The length of
// texts does not count: the step budget of an evaluation bounds what they cost.
// Thread safety: pure functions. Cost: linear.

#include <cstdint>

#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

// At most UINT64_MAX, whatever the nesting. REQUIRES: `checked` has passed Check.
uint64_t EstimateCost(const Expr& checked, const Environment& environment);

// One issue when the estimate exceeds limits::kMaxCost; else none.
Issues CheckCost(const Expr& checked, const Environment& environment);

}  // namespace touchstone::rules::expr
