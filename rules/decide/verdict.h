#pragma once

// What a condition came to in one decision. Internal to this room.

#include <cstdint>

#include "absl/types/span.h"
#include "rules/decide/decision_state.h"
#include "rules/expr/missing.h"
#include "rules/expr/value.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

struct Verdict {
  enum class Kind : uint8_t { kTrue, kFalse, kError };
  Kind kind = Kind::kTrue;
  uint16_t part = 0;  // the conjunct that decided, unless true
  expr::ErrorCode error = expr::ErrorCode::kAbsent;
  // kError only: every error comes from what was not at hand, so that the condition might have
  // held.
  bool open = false;

  bool holds() const { return kind == Kind::kTrue; }
};

// kInputMissing, kStepLimit or kError.
Cause CauseOfError(expr::ErrorCode error);

// One program on the decision's frame; takes a step of the decision's budget beside those of the
// evaluator. Once the budget is used up everything is kStepLimit, cheap or not: what came later in
// a decision must not have decided while what came earlier could not.
inline expr::Value Evaluate(const expr::Program& program, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  if (state.step_limit_reached || !state.expr.Spend(1)) {
    state.step_limit_reached = true;
    return expr::Value::Error(expr::ErrorCode::kStepLimit);
  }
  const expr::Value value = program.Evaluate(state.frame, state.expr);
  if (value.IsError() && value.error() == expr::ErrorCode::kStepLimit) {
    state.step_limit_reached = true;
  }
  return value;
}

// As Condition says: false if any conjunct is, else the first error, else true. `value` is the
// first conjunct's.
Verdict EvaluateFrom(const Condition& condition, expr::Value value, DecisionContext& context);

// As Condition says: false if any conjunct is, else the first error, else true.
Verdict Evaluate(const Condition& condition, DecisionContext& context);

// The same of a condition whose conjuncts are `parts` of the rule set's scan: each is evaluated at
// its first use in a decision, and takes the same steps at every use. REQUIRES: all facts of the
// decision row but basket.net are final.
Verdict EvaluateParts(absl::Span<const uint32_t> parts, DecisionContext& context);

// The same without the conjuncts that read a fact of the basket: what can be said of `requires`
// where there is no basket.
Verdict EvaluatePartsWithoutBasket(absl::Span<const uint32_t> parts, DecisionContext& context);

}  // namespace touchstone::rules
