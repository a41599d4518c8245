#pragma once

// What the steps of one decision share: its memory, its facts and what has been found so far.
// Internal to this room. Not thread safe. Vectors keep their capacity from one decision to the
// next.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/basket/pricing.h"
#include "rules/decide/decide.h"
#include "rules/decide/decision.h"
#include "rules/decide/local_clock.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

// Where a counting window begins, worked out once a decision.
struct CountingStart {
  LimitWindow window;
  absl::Time start;
};

// An offer that competes for places.
struct Candidate {
  bool value_failed = false;
  int64_t score_millionths = 0;
  uint32_t offer = 0;
};

// The part of `shown` that one placement got.
struct PlacementRange {
  size_t begin = 0;
  size_t end = 0;
};

struct DecisionScratch::State {
  expr::Scratch expr;
  expr::Frame frame;
  LocalClock clock;
  bool step_limit_reached = false;  // nothing is evaluated from then on

  // Facts.
  std::vector<expr::Value> facts;
  std::vector<expr::Value> line_rows;  // line_row_size() values a line
  std::vector<BasketLine> lines;       // the input's, with never_discount as the rule set says
  bool merchandise_known = true;       // false: the steps did not reach to find it out

  // Admission.
  std::vector<uint8_t> asked;     // by offer: already admitted or refused
  std::vector<Contact> contacts;  // in order of offer
  std::vector<CountingStart> counting_starts;
  std::vector<OfferOutcome> outcomes;

  // Pricing.
  Pricer pricer;
  std::vector<uint8_t> selected;  // by line
  std::vector<AppliedOffer> applied;

  // Placements.
  std::vector<Candidate> candidates;
  std::vector<Cause> not_shown;  // by offer: why the first placement that could show it did not
  std::vector<int> group_counts;
  std::vector<ShownOffer> shown;
  std::vector<PlacementRange> ranges;
  std::vector<PlacementAnswer> answers;
  std::string text;  // the one being rendered

  Decision decision;
};

// One decision in progress, as its steps pass it on.
struct DecisionContext {
  const RuleSet& rules;
  const DecisionInput& input;
  DecisionScratch::State& state;

  bool has_basket() const { return !input.basket.lines.empty(); }
  // Of the basket; without one, that of rules that name none.
  Currency currency() const {
    return input.basket.currency.is_none() ? rules.schema.currencies.front()
                                           : input.basket.currency;
  }
};

// Whether the offer can change a basket at all, whatever this one holds.
inline bool ChangesBaskets(const OfferSpec& offer) {
  return offer.applies == Applies::kAutomatic && offer.benefit.has_value();
}

}  // namespace touchstone::rules
