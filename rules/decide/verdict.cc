#include "rules/decide/verdict.h"

#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

bool ReadsBasket(const expr::Program& program) {
  for (const expr::Slot slot : program.slots()) {
    if (slot.row == kDecisionRow && slot.index >= kSlotBasketCurrency &&
        slot.index <= kSlotBasketLines) {
      return true;
    }
  }
  return false;
}

// Adds one conjunct's value; true when the condition is settled.
bool AddConjunct(const Value& value, size_t part, Verdict& verdict) {
  if (value.IsTrue()) return false;
  if (value.IsFalse()) {
    verdict = {Verdict::Kind::kFalse, static_cast<uint16_t>(part)};
    return true;
  }
  const ErrorCode error = value.IsError() ? value.error() : ErrorCode::kNoOverload;
  if (verdict.kind == Verdict::Kind::kTrue) {
    verdict = {Verdict::Kind::kError, static_cast<uint16_t>(part), error, IsMissing(error)};
  }
  verdict.open = verdict.open && IsMissing(error);
  return false;
}

}  // namespace

bool IsMissing(ErrorCode error) {
  return error == ErrorCode::kUnavailable || error == ErrorCode::kStepLimit;
}

Cause CauseOfError(ErrorCode error) {
  if (error == ErrorCode::kUnavailable) return Cause::kInputMissing;
  if (error == ErrorCode::kStepLimit) return Cause::kStepLimit;
  return Cause::kError;
}

Value Evaluate(const expr::Program& program, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  if (state.step_limit_reached || !state.expr.Spend(1)) {
    state.step_limit_reached = true;
    return Value::Error(ErrorCode::kStepLimit);
  }
  const Value value = program.Evaluate(state.frame, state.expr);
  if (value.IsError() && value.error() == ErrorCode::kStepLimit) state.step_limit_reached = true;
  return value;
}

Verdict Evaluate(const Condition& condition, DecisionContext& context) {
  Verdict verdict;
  for (size_t part = 0; part < condition.conjuncts.size(); ++part) {
    const Value value = Evaluate(condition.conjuncts[part].program, context);
    if (AddConjunct(value, part, verdict)) break;
  }
  return verdict;
}

Verdict EvaluateWithoutBasket(const Condition& condition, DecisionContext& context) {
  Verdict verdict;
  for (size_t part = 0; part < condition.conjuncts.size(); ++part) {
    const expr::Program& program = condition.conjuncts[part].program;
    if (ReadsBasket(program)) continue;
    if (AddConjunct(Evaluate(program, context), part, verdict)) break;
  }
  return verdict;
}

}  // namespace touchstone::rules
