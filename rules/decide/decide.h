#pragma once

// The decision itself: a pure function of its input. Same input, same answer, on every machine.
//
// Steps: bind built-in, store and computed facts; segment; find the offers that are eligible by one
// probe of the index; for each of them paused, window, channel, placement, limits, budget; price
// the basket offer by offer with `requires` seeing what is left; rank and fill placements;
// fallback. Cost: no heap allocation after warm-up; bounded by input.step_limit evaluator steps,
// after which the answer is PARTIAL and what was not decided is refused with kStepLimit. Thread
// safety: one Scratch per thread. Errors: none; input is validated by the caller (ValidateBasket,
// known indexes); REQUIRES that it is.

#include <memory>

#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// Changes in the commit that changes any result: receipts replay under the same version only.
inline constexpr int kEngineVersion = 10;

// Enough for 10,000 offers on a basket of 60 lines.
inline constexpr uint64_t kDefaultDecisionStepLimit = 2'000'000;

class DecisionScratch {
 public:
  DecisionScratch();
  ~DecisionScratch();
  DecisionScratch(DecisionScratch&&) noexcept;
  DecisionScratch& operator=(DecisionScratch&&) noexcept;

  struct State;
  State& state() { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// Whose outcomes are worked out. The answer is the same.
enum class Reasons : uint8_t {
  kNone,        // of no more than the answer takes: to try something out
  kConsidered,  // of the offers whose condition holds
  kEveryOffer,  // of the others too, by the plain evaluator, once all else is decided
};

// The result lives in `scratch` until its next use.
const Decision& Decide(const RuleSet& rule_set, const DecisionInput& input,
                       DecisionScratch& scratch, Reasons reasons = Reasons::kConsidered);

}  // namespace touchstone::rules
