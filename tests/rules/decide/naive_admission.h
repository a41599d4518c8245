#pragma once

// Whether an offer may be given at all, as one would explain it: each rule after the other.

#include <cstdint>

#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"
#include "tests/rules/decide/naive_facts.h"

namespace touchstone::rules {

// The offer as far as it is known before any basket is priced.
OfferOutcome AdmitNaively(const RuleSet& rules, const DecisionInput& input, NaiveFacts& facts,
                          uint32_t index);

// Whether one of the placements that are asked for has a treatment of it.
bool IsAskedFor(const OfferSpec& offer, const DecisionInput& input);

void Refuse(OfferOutcome& outcome, Stage stage, Cause cause, int part = 0);
// REQUIRES: it is not kYes.
Cause CauseOf(const NaiveAnswer& answer);

}  // namespace touchstone::rules
