#pragma once

// What each placement shows, as one would explain it: all that may be shown, sorted, and taken from
// the front.

#include <vector>

#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"
#include "tests/rules/decide/naive_decision.h"
#include "tests/rules/decide/naive_facts.h"

namespace touchstone::rules {

// Scores the offers, fills `result` with what is shown, and refuses of `outcomes` those that could
// have been shown, and are neither shown nor applied.
void ShowNaively(const RuleSet& rules, const DecisionInput& input, NaiveFacts& facts,
                 std::vector<OfferOutcome>& outcomes, NaiveDecision* result);

}  // namespace touchstone::rules
