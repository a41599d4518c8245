#pragma once

// Discounts that cost more than their author meant. Internal to this room.
//
// deep_discount: more than 75% off, and no other offer of the campaign takes 60% or more.
// unlimited_discount: no `at_most` and no limit per customer, and the benefit is 30% off or more,
//   10% or more of the whole basket, or an amount off every unit or line.
// over_guard_rail: a percentage that is more than `most_off` lets an offer take from a line, or
//   from the basket where it works on all of it.
// stacked_discounts: two percentages, each within the guard rail of lines, that sum past it; both
//   can apply at one time, in one channel, to one segment, and to the same lines: of equal text,
//   one without `lines`, or a product of tests/reference that both take. Each offer is reported
//   once, with the deepest partner. An offer that requires an untouched basket
//   (`basket.net == basket.gross`) stacks with none.
// twin_offers: two automatic offers of the same kind of benefit whose `eligible`, `requires` and
//   `lines` are the same and that can both apply: perhaps one was copied from the other.
// below_cost: a percentage or an amount per unit that sells a product of tests/reference for less
//   than nine tenths of its `cost` (a lure a little below cost is usual): at its `price`, else at
//   the highest regular price that golden tests name for it; where no price is known, an amount
//   that is as much as the cost.
// Thread safety: pure function. Cost: n log n in the offers; at most kMostProbes conditions are run
// on products, the first offers first.

#include "rules/proof/offer_logic.h"
#include "rules/proof/proof_input.h"

namespace touchstone::rules {

inline constexpr int kMostProbes = 200'000;

void WarnOfDiscounts(const ProofInput& input, OfferLogic& logic);

}  // namespace touchstone::rules
