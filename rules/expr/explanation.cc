#include "rules/expr/explanation.h"

#include <utility>

#include "rules/expr/evaluation.h"
#include "rules/expr/explanation_words.h"
#include "rules/expr/logical_chain.h"

namespace touchstone::rules::expr {
namespace {

using PartKind = ExplainedPart::Kind;

// A value that is neither true nor false has no place in logic.
Value AsCondition(const Value& value) {
  if (value.kind() == Kind::kBool || value.IsError()) return value;
  return NoOverload();
}

// && and || over the values of the parts; `settles` is the value that needs no other.
Value CombineLogic(bool settles, const std::vector<ExplainedPart>& parts) {
  Value error;
  bool failed = false;
  for (const ExplainedPart& part : parts) {
    if (!part.value.IsError()) {
      if (part.value.bool_value() == settles) return part.value;
      continue;
    }
    error = failed ? LeadingError(error, part.value) : part.value;
    failed = true;
  }
  return failed ? error : Value::Bool(!settles);
}

Value Combine(const ExplainedPart& part) {
  switch (part.kind) {
    case PartKind::kAll:
      return CombineLogic(false, part.parts);
    case PartKind::kAny:
      return CombineLogic(true, part.parts);
    case PartKind::kNot: {
      const Value& operand = part.parts[0].value;
      return operand.IsError() ? operand : Value::Bool(!operand.bool_value());
    }
    case PartKind::kChoice: {
      const Value& condition = part.parts[0].value;
      if (condition.IsError()) return condition;
      return part.parts[condition.bool_value() ? 1 : 2].value;
    }
    case PartKind::kAtom:
      break;
  }
  return part.value;
}

bool SameValue(const Value& a, const Value& b) {
  if (a.IsError() || b.IsError()) return a.IsError() && b.IsError() && a.error() == b.error();
  return a.bool_value() == b.bool_value();
}

class Explainer {
 public:
  Explainer(const Environment& environment, const Frame& frame, const HidesFact& hides)
      : frame_(frame), words_(environment, frame, hides), environment_(environment) {}

  absl::Status Visit(const Expr& expr, bool wanted, ExplainedPart& part) {
    part.span = expr.span;
    if (expr.kind != ExprKind::kCall) return VisitAtom(expr, wanted, part);
    switch (expr.function) {
      case Function::kAnd:
        return VisitParts(PartKind::kAll, ChainTerms(Function::kAnd, expr), wanted, part);
      case Function::kOr:
        return VisitParts(PartKind::kAny, ChainTerms(Function::kOr, expr), wanted, part);
      case Function::kNot:
        return VisitParts(PartKind::kNot, {expr.children[0].get()}, !wanted, part);
      case Function::kConditional:
        return VisitParts(PartKind::kChoice,
                          {expr.children[0].get(), expr.children[1].get(), expr.children[2].get()},
                          wanted, part);
      default:
        return VisitAtom(expr, wanted, part);
    }
  }

 private:
  // `wanted`: what the parts must be for the whole to hold.
  absl::Status VisitParts(PartKind kind, const std::vector<const Expr*>& exprs, bool wanted,
                          ExplainedPart& part) {
    part.kind = kind;
    part.parts.resize(exprs.size());
    for (size_t i = 0; i < exprs.size(); ++i) {
      const bool is_test = kind == PartKind::kChoice && i == 0;
      if (absl::Status failed = Visit(*exprs[i], is_test || wanted, part.parts[i]); !failed.ok()) {
        return failed;
      }
    }
    part.value = Combine(part);
    return absl::OkStatus();
  }

  absl::Status VisitAtom(const Expr& expr, bool wanted, ExplainedPart& part) {
    const absl::StatusOr<Program> program = Program::Compile(expr, environment_);
    if (!program.ok()) return program.status();
    scratch_.Reset();
    part.value = AsCondition(program->Evaluate(frame_, scratch_));
    part.text = words_.TextOf(expr);
    part.words = words_.Of(expr, part.value, wanted);
    return absl::OkStatus();
  }

  const Frame& frame_;
  AtomWords words_;
  const Environment& environment_;
  Scratch scratch_;
};

void MarkFrom(ExplainedPart& part) {
  part.decisive = true;
  if (part.kind == PartKind::kChoice) {
    MarkFrom(part.parts[0]);
    const Value& condition = part.parts[0].value;
    if (!condition.IsError()) MarkFrom(part.parts[condition.bool_value() ? 1 : 2]);
    return;
  }
  const bool settles = part.kind == PartKind::kAny;
  const bool takes_all = !part.value.IsError() && part.value.bool_value() != settles;
  for (ExplainedPart& each : part.parts) {
    if (part.kind != PartKind::kNot && !takes_all && !SameValue(each.value, part.value)) continue;
    MarkFrom(each);
    if (!takes_all) return;
  }
}

void Unmark(ExplainedPart& part) {
  part.decisive = false;
  for (ExplainedPart& each : part.parts) Unmark(each);
}

}  // namespace

absl::StatusOr<ExplainedPart> Explain(const Expr& checked, const Environment& environment,
                                      const Frame& frame, const HidesFact& hides) {
  ExplainedPart root;
  if (absl::Status failed = Explainer(environment, frame, hides).Visit(checked, true, root);
      !failed.ok()) {
    return failed;
  }
  MarkDecisive(root);
  return root;
}

void MarkDecisive(ExplainedPart& root) {
  Unmark(root);
  MarkFrom(root);
}

const ExplainedPart* FirstDecisiveAtom(const ExplainedPart& root) {
  if (!root.decisive) return nullptr;
  if (root.kind == PartKind::kAtom) return &root;
  for (const ExplainedPart& part : root.parts) {
    if (const ExplainedPart* atom = FirstDecisiveAtom(part)) return atom;
  }
  return nullptr;
}

size_t CountParts(const ExplainedPart& root) {
  size_t count = 1;
  for (const ExplainedPart& part : root.parts) count += CountParts(part);
  return count;
}

}  // namespace touchstone::rules::expr
