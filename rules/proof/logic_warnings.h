#pragma once

// Conditions that say nothing, or that nothing can fulfil. Internal to this room.
//
// always_false: a condition, or one of its parts, that no facts make true; `requires` that does not
//   go together with `eligible`.
// always_true: a condition, or one of its parts, that no facts make false (where a fact is absent
//   it may still be neither).
// excludes_itself: an offer whose conditions can hold, but not in its channels, within its window,
//   or in the segments that it asks for; whose `lines` are all excluded by `never_discount`, or are
//   marked down without `takes_marked_down`.
// shadowed_segment: a segment whose every customer is in one before it.
// overlapping_segments: two segments that can both hold, whose conditions share a fact, and of
//   which neither implies the other. Segments are asked in order, so two conditions about different
//   facts are an order of precedence and a staircase (>= 300, then >= 100) is meant: neither is
//   warned of.
// Thread safety: pure function. Cost: linear in the offers; quadratic in the segments, of which the
// first kMostSegments are compared.

#include "rules/proof/offer_logic.h"
#include "rules/proof/proof_input.h"

namespace touchstone::rules {

inline constexpr size_t kMostSegments = 200;

void WarnOfLogic(const ProofInput& input, OfferLogic& logic);

}  // namespace touchstone::rules
