#pragma once

// Amounts and numbers with a decimal point in the wrong place. Internal to this room.
//
// odd_amount: a number that is a power of ten from its siblings: at least ten times the largest of
//   them, or at least five times while a tenth of it lies among them; the same downwards. Siblings
//   are numbers of one kind (amount off per unit, cap, count of a limit…) of the same campaign, or
//   of the whole rule set where the campaign has not two others; for a condition that compares a
//   fact with a number, all such numbers of that fact; for a span of time (`duration("168h")`), all
//   spans that conditions name, and ten times alone is odd. Also a percentage below 1.
// uneven_currencies: two amounts of one benefit whose ratio is four times, or a quarter of, the
//   usual one (the median of three at least) between these currencies.
// over_guard_rail: an amount off the basket that, at the smallest net that `requires` lets through,
//   is more than `most_off` of a basket.
// small_cap: an `at_most` below the amount that the benefit takes.
// Thread safety: pure function. Cost: n log n in the numbers.

#include "rules/proof/proof_input.h"

namespace touchstone::rules {

void WarnOfAmounts(const ProofInput& input);

}  // namespace touchstone::rules
