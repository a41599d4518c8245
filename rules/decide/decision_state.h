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
#include "rules/eligibility/index.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

// Where a counting window begins, worked out once for the decisions of one second.
struct CountingStart {
  LimitWindow window;
  absl::TimeZone zone;
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

// What a conjunct that offers share came to in the decision that last asked.
struct KnownConjunct {
  enum class Kind : uint8_t { kTrue, kFalse, kError };
  Kind kind = Kind::kTrue;
  uint8_t error = 0;      // kError: the ErrorCode
  uint32_t steps = 0;     // what it took, and what each further use takes
  uint32_t decision = 0;  // State::decision_number of that decision
};

// What a window that offers share came to in this decision.
struct KnownWindow {
  bool known = false;
  Stage stage = Stage::kNone;
  Cause cause = Cause::kNone;
};

struct DecisionScratch::State {
  expr::Scratch expr;
  expr::Frame frame;
  LocalClock clock;
  bool step_limit_reached = false;  // nothing is evaluated from then on

  // Facts.
  std::vector<expr::Value> facts;
  std::vector<expr::Value> line_rows;        // line_row_size() values a line
  std::vector<uint64_t> key_hashes;          // by line
  std::vector<const expr::Value*> products;  // by line: its row of the snapshot, or null
  std::vector<BasketLine> lines;  // the input's, with never_discount as the rule set says
  bool merchandise_known = true;  // false: the steps did not reach to find it out

  // Admission.
  std::vector<KnownConjunct> conjuncts;  // by index into OfferScan::conjuncts
  std::vector<KnownWindow> windows;      // by index into OfferScan::windows
  uint32_t decision_number = 0;          // from 1; which entries of `conjuncts` are this one's
  EligibilityScratch eligibility;
  std::vector<uint32_t> asked_for;   // fallback offers and those of codes and grants, ascending
  std::vector<uint32_t> matched;     // offers whose condition holds, ascending
  bool reset_all = false;            // more outcomes than those of `considered` were written
  std::vector<uint32_t> considered;  // offers, ascending; all others have the outcome NotMatched
  std::vector<uint32_t> admitted;    // those of them that nothing refused, ascending
  std::vector<Contact> contacts;     // in order of offer
  std::vector<CountingStart> counting_starts;
  std::vector<OfferOutcome> outcomes;

  // Pricing.
  Pricer pricer;
  std::vector<uint8_t> selected;  // by line
  std::vector<uint32_t> turns;    // places in the pricing order
  std::vector<AppliedOffer> applied;
  CombinationSearch search = CombinationSearch::kNone;
  int64_t greedy_gap_minor = 0;

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
  uint64_t placements_asked = 0;  // their PlacementBits

  bool has_basket() const { return !input.basket.lines.empty(); }
  // Of the basket; without one, that of rules that name none.
  Currency currency() const {
    return input.basket.currency.is_none() ? rules.schema.currencies.front()
                                           : input.basket.currency;
  }
};

// Whether the offer can change a basket at all, whatever this one holds.
inline bool ChangesBaskets(const OfferSpec& offer) {
  return offer.applies != Applies::kNever && offer.benefit.has_value();
}

}  // namespace touchstone::rules
