#pragma once

// Runs a plan. Internal. Recursion is bounded by the depth of the checked tree.

#include "rules/expr/evaluation.h"
#include "rules/expr/plan.h"

namespace touchstone::rules::expr {

// REQUIRES: evaluation.locals holds plan.locals values (may be null when there are none).
Value Run(const EvaluationPlan& plan, uint32_t node, Evaluation& evaluation);

// A whole program. Whatever was absorbed, kStepLimit when the steps ran out on the way.
Value RunRoot(const EvaluationPlan& plan, const Frame& frame, Scratch& scratch);

// The macros; see Op.
Value RunComprehension(const EvaluationPlan& plan, const Node& node, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
