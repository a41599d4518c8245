#include "rules/decide/condition_explanation.h"

#include <utility>
#include <vector>

#include "rules/decide/explained_facts.h"
#include "rules/expr/checker.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/parser.h"
#include "rules/expr/printer.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

// The conjuncts as one text again; "" when one of them is too long to be read.
std::string TextOf(const Condition& condition) {
  std::vector<expr::ExprPtr> terms;
  for (const Condition::Conjunct& conjunct : condition.conjuncts) {
    expr::ParseResult parsed = expr::Parse(conjunct.text);
    if (parsed.expr == nullptr) return "";
    terms.push_back(std::move(parsed.expr));
  }
  return expr::Print(*expr::BalancedTree(expr::Function::kAnd, std::move(terms)));
}

// A decision names the first error. Within one expression a fact that did not come goes before
// others.
void LetTheFirstErrorDecide(expr::ExplainedPart& root) {
  if (root.kind != expr::ExplainedPart::Kind::kAll || !root.value.IsError()) return;
  for (const expr::ExplainedPart& part : root.parts) {
    if (!part.value.IsError()) continue;
    root.value = part.value;
    break;
  }
  expr::MarkDecisive(root);
}

}  // namespace

ConditionExplainer::ConditionExplainer(const RuleSet& rule_set, const Decision& decision)
    : rule_set_(rule_set),
      decision_(decision),
      eligible_(rule_set.layout->EnvironmentFor(Scope::kEligible, NamesOf(rule_set))),
      requires_(rule_set.layout->EnvironmentFor(Scope::kRequires, NamesOf(rule_set))),
      segment_(rule_set.layout->EnvironmentFor(Scope::kSegment, NamesOf(rule_set))) {}

std::optional<ExplainedCondition> ConditionExplainer::Eligible(uint32_t offer) const {
  expr::Frame frame;
  frame.rows[kDecisionRow] = decision_.facts;
  frame.zone = rule_set_.schema.zone;
  return Explain(rule_set_.offers[offer].eligible, eligible_, frame);
}

std::optional<ExplainedCondition> ConditionExplainer::Requires(uint32_t offer) const {
  std::vector<expr::Value> facts(decision_.facts.begin(), decision_.facts.end());
  facts[kSlotBasketNet] = NetAtTurn(rule_set_, decision_, offer);
  expr::Frame frame;
  frame.rows[kDecisionRow] = facts;
  frame.zone = rule_set_.schema.zone;
  return Explain(rule_set_.offers[offer].requires_, requires_, frame);
}

std::optional<ExplainedCondition> ConditionExplainer::Segment(size_t segment) const {
  expr::Frame frame;
  frame.rows[kDecisionRow] = decision_.facts;
  frame.zone = rule_set_.schema.zone;
  return Explain(rule_set_.segments[segment].when, segment_, frame);
}

std::optional<ExplainedCondition> ConditionExplainer::Explain(const Condition& condition,
                                                              const expr::Environment& environment,
                                                              const expr::Frame& frame) const {
  if (condition.conjuncts.empty()) return std::nullopt;
  ExplainedCondition explained;
  explained.text = TextOf(condition);
  const expr::ParseResult parsed = expr::Parse(explained.text);
  if (parsed.expr == nullptr) return std::nullopt;
  if (!expr::Check(*parsed.expr, environment, expr::Type(expr::TypeKind::kBool)).empty()) {
    return std::nullopt;
  }
  const auto hides = [this](expr::Slot slot) { return IsPii(slot, rule_set_); };
  absl::StatusOr<expr::ExplainedPart> root = expr::Explain(*parsed.expr, environment, frame, hides);
  if (!root.ok()) return std::nullopt;
  explained.root = *std::move(root);
  LetTheFirstErrorDecide(explained.root);
  return explained;
}

}  // namespace touchstone::rules
