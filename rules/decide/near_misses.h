#pragma once

// Near misses: offers that were not reached, each with the smallest change that reaches it. What
// the answer says of them was decided: the basket was priced with the change made.
//
// Looked at are offers that have texts of a near miss for a placement that is asked for and that
// something refused which more of the basket, a later moment or the customer's card can mend. Of
// the changes that such a text can speak of, the first kind of NearMissChange::Kind that reaches
// the offer counts: it is then applied, and all offers together take more off than now, or give
// more points, a coupon or goods. docs/rules/near-misses.md says what a change is.
//
// Smallest: one minor unit less, or one piece or thousandth less, does not reach it.
//
// A pure function of its arguments, whatever the order of the lines and whichever reasons the
// decision was asked for. Bounded by kMostTrials decisions, none of them of placements, and by the
// steps that the decision has left; what that does not reach is not there.
// Thread safety: one NearMissScratch a thread. Errors: none.
// Cost: nothing without such offers; no heap allocation after warm-up.

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/decide/decide.h"
#include "rules/decide/decision.h"
#include "rules/expr/arena.h"
#include "rules/ruleset/near_miss_change.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// Decisions that are tried for one answer, and for one offer of it.
inline constexpr int kMostTrials = 24;
inline constexpr int kMostTrialsOfAnOffer = 12;
// Products of the basket that are tried as what is added, the dearest first.
inline constexpr size_t kMostProductsTried = 3;

// One field of a placement.
struct FieldText {
  uint16_t field = 0;
  absl::string_view text;
};

// What a placement says of a near miss.
struct NearMissText {
  uint16_t placement = 0;
  absl::Span<const FieldText> fields;  // in order of name; not all of the placement's
};

struct NearMiss {
  uint32_t offer = 0;
  NearMissChange change = {};
  absl::string_view sku = {};  // of what is added: a product of the basket; empty but for kUnits
  // What all offers together take and give with the change, less what they do without it. Of the
  // points below 0 too where more is taken off.
  int64_t gain_minor = 0;
  int64_t gain_points = 0;
  Money taken = {};                           // by the offer itself, the change made
  absl::Span<const NearMissText> texts = {};  // by placement, as asked for
};

// Memory of the search, reused from one decision to the next.
struct NearMissScratch {
  DecisionScratch trial;
  std::vector<BasketLine> lines;
  std::vector<LineFacts> line_facts;
  std::vector<expr::Value> facts;  // of a customer of whom nothing is known
  expr::Arena fact_memory;
  std::vector<uint32_t> products;  // lines of what may be added
  std::vector<int64_t> guesses;
  std::vector<NearMiss> found;
  int trials = 0;  // that the latest search made
};

// REQUIRES: `decision` was made by `rule_set` from `input` in `scratch`, which was not used since;
// it stays valid. Most worthwhile first: by what is taken off more, then points, then the kind and
// size of the change, then offer id; at most as many as the rule set says. The result lives in both
// scratches until their next use.
absl::Span<const NearMiss> FindNearMisses(const RuleSet& rule_set, const DecisionInput& input,
                                          const Decision& decision, DecisionScratch& scratch,
                                          NearMissScratch& memory);

}  // namespace touchstone::rules
