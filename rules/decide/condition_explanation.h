#pragma once

// The conditions of an offer or a segment, part by part, on the facts of a decision.
//
// Evaluated anew with the plain evaluator, whatever the decision found or left out, and without its
// step limit: a decision that ran out of steps may have refused an offer whose conditions hold.
// What facts declared `pii` hold is not told.
// Thread safety: one thread. Lifetime: refers to the rule set and the decision. Cost: parses,
// checks and plans the condition again; for Explain and tests, never on the way to an answer.

#include <cstdint>
#include <optional>
#include <string>

#include "rules/decide/decision.h"
#include "rules/expr/environment.h"
#include "rules/expr/explanation.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

struct ExplainedCondition {
  std::string text;  // canonical; the spans of the parts are in it
  expr::ExplainedPart root;
};

class ConditionExplainer {
 public:
  // REQUIRES: `decision` was made by this rule set and its scratch is not used while this exists.
  ConditionExplainer(const RuleSet& rule_set, const Decision& decision);

  // nullopt: there is no condition, or its canonical text is longer than an expression may be. Of
  // several errors the first decides, as in a decision.
  std::optional<ExplainedCondition> Eligible(uint32_t offer) const;
  // With basket.net as it was at the offer's turn.
  std::optional<ExplainedCondition> Requires(uint32_t offer) const;
  // `segment`: index into RuleSet::segments.
  std::optional<ExplainedCondition> Segment(size_t segment) const;

 private:
  std::optional<ExplainedCondition> Explain(const Condition& condition,
                                            const expr::Environment& environment,
                                            const expr::Frame& frame) const;

  const RuleSet& rule_set_;
  const Decision& decision_;
  const expr::Environment eligible_;
  const expr::Environment requires_;
  const expr::Environment segment_;
};

}  // namespace touchstone::rules
