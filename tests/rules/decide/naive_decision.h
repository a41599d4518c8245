#pragma once

// The decision as one would explain it: every offer asked on its own, everything worked out anew
// for each, nothing shared and nothing bounded. The model that Decide is checked against.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// What a naive decision is made of, kept alive.
struct NaiveDecision {
  std::string segment;
  std::vector<LineTotals> lines;
  std::vector<LineTaking> takings;
  std::vector<AppliedOffer> applied;
  std::deque<std::string> memory;
  std::deque<std::vector<absl::string_view>> texts;
  std::vector<std::vector<ShownOffer>> shown;
  std::vector<PlacementAnswer> placements;
  std::vector<OfferOutcome> offers;
  std::vector<expr::Value> facts;
  std::vector<std::unique_ptr<expr::Arena>> arenas;
  std::vector<std::unique_ptr<expr::Scratch>> scratches;
  std::vector<std::vector<expr::Value>> rows;
  Decision decision;  // refers to the rest
};

// REQUIRES: steps without a limit; texts whose only placeholder is {benefit.amount}.
std::unique_ptr<NaiveDecision> DecideNaively(const RuleSet& rules, const DecisionInput& input);

}  // namespace touchstone::rules
