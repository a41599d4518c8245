#pragma once

// Why an offer came out as it did, in a sentence for a person.
//
// Thread safety: pure functions. Cost: allocates; for Explain and tests, never on the way to an
// answer. What a fact declared `pii` holds is not named, since a reason may reach readers who have
// no right to it.

#include <string>

#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// "customer.spend_90d >= 300.00 does not hold: customer.spend_90d is 112.40 EUR". The part of a
// condition that decided, as canonical text, and the facts it reads; basket.net as it was at the
// offer's turn. REQUIRES: `decision` was made by this rule set and its scratch not used since.
std::string ReasonText(const RuleSet& rule_set, const Decision& decision, uint32_t offer);

// Whether an outcome at kEligible or kSegment speaks of the offer's condition, and not of what
// stands beside it: a currency, a code, a grant, a claim. Of kNotMatched, which does, nobody asked
// for the part.
bool IsOfCondition(Cause cause);

}  // namespace touchstone::rules
