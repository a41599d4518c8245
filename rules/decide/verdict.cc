#include "rules/decide/verdict.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

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

// Steps beyond this are not remembered: the conjunct is evaluated anew.
constexpr uint64_t kMostStepsKnown = UINT32_MAX;

Value ValueOf(const KnownConjunct& known) {
  switch (known.kind) {
    case KnownConjunct::Kind::kTrue:
      return Value::Bool(true);
    case KnownConjunct::Kind::kFalse:
      return Value::Bool(false);
    default:
      return Value::Error(static_cast<ErrorCode>(known.error));
  }
}

KnownConjunct Known(const Value& value, uint64_t steps, uint32_t decision) {
  KnownConjunct known;
  known.decision = decision;
  known.steps = static_cast<uint32_t>(steps);
  if (value.kind() == expr::Kind::kBool) {
    known.kind = value.bool_value() ? KnownConjunct::Kind::kTrue : KnownConjunct::Kind::kFalse;
  } else {
    known.kind = KnownConjunct::Kind::kError;
    known.error = static_cast<uint8_t>(value.IsError() ? value.error() : ErrorCode::kNoOverload);
  }
  return known;
}

Value EvaluateAnew(uint32_t part, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const SharedConjunct& conjunct = context.rules.scan.conjuncts[part];
  const uint64_t before = state.expr.steps_left();
  const Value value = Evaluate(*conjunct.program, context);
  const uint64_t steps = before - state.expr.steps_left();
  if (!conjunct.reads_basket_net && !state.step_limit_reached && steps <= kMostStepsKnown) {
    state.conjuncts[part] = Known(value, steps, state.decision_number);
  }
  return value;
}

inline Value EvaluatePart(uint32_t part, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const KnownConjunct& known = state.conjuncts[part];
  if (known.decision != state.decision_number) return EvaluateAnew(part, context);
  // Whether the steps left reach for all of it is all that evaluating it again could add.
  if (state.step_limit_reached || !state.expr.Spend(known.steps)) {
    state.step_limit_reached = true;
    return Value::Error(ErrorCode::kStepLimit);
  }
  return ValueOf(known);
}

}  // namespace

Cause CauseOfError(ErrorCode error) {
  if (error == ErrorCode::kUnavailable) return Cause::kInputMissing;
  if (error == ErrorCode::kStepLimit) return Cause::kStepLimit;
  return Cause::kError;
}

Verdict EvaluateFrom(const Condition& condition, Value value, DecisionContext& context) {
  Verdict verdict;
  for (size_t part = 0; !AddConjunct(value, part, verdict);) {
    if (++part == condition.conjuncts.size()) break;
    value = Evaluate(condition.conjuncts[part].program, context);
  }
  return verdict;
}

Verdict Evaluate(const Condition& condition, DecisionContext& context) {
  if (condition.conjuncts.empty()) return Verdict();
  return EvaluateFrom(condition, Evaluate(condition.conjuncts[0].program, context), context);
}

Verdict EvaluateParts(absl::Span<const uint32_t> parts, DecisionContext& context) {
  Verdict verdict;
  for (size_t i = 0; i < parts.size(); ++i) {
    const Value value = EvaluatePart(parts[i], context);
    if (!value.IsTrue() && AddConjunct(value, i, verdict)) break;
  }
  return verdict;
}

Verdict EvaluatePartsWithoutBasket(absl::Span<const uint32_t> parts, DecisionContext& context) {
  Verdict verdict;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (context.rules.scan.conjuncts[parts[i]].reads_basket) continue;
    if (AddConjunct(EvaluatePart(parts[i], context), i, verdict)) break;
  }
  return verdict;
}

}  // namespace touchstone::rules
