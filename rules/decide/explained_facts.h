#pragma once

// Facts of a decision as an explanation tells them. Internal to this room; pure functions.

#include "rules/decide/decision.h"
#include "rules/expr/ast.h"
#include "rules/expr/value.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// Whether a slot of the decision row holds what a reader may have no right to.
bool IsPii(expr::Slot slot, const RuleSet& rule_set);

// basket.net when the offer's turn came: what the offers before it had left.
expr::Value NetAtTurn(const RuleSet& rule_set, const Decision& decision, uint32_t offer);

}  // namespace touchstone::rules
