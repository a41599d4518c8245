#pragma once

// The offers of one stage that take most off the basket together. Internal to this room.
//
// What may be chosen are options: an offer as a whole; where offers exclude each other on the same
// line only and take from each line by itself, an offer on one line; of an offer that takes from
// each set by itself, one more set. Options meet where they cannot all be had: their offers exclude
// each other, or both want units of one line for a set. Those that meet, directly or through
// others, are looked at together; what meets nothing is simply taken. With sets options may come in
// any order, else they come in the order of pricing.
//
// All combinations are looked at, those aside that cannot come to more than the best one found
// (branch and bound) or that leave the same units, and the same lines open, as one that came to as
// much. After kMostCombinations turns of one stage the search gives up, and the option that takes
// most at that moment goes first, again and again; how much the best combination could take beyond
// that is bounded by what each option takes alone.
//
// Where more than one offer took from a line until nothing was left of it, or a guard rail cut
// one, another combination may take more: the answer is then not called exact either, and the bound
// is what is left of the merchandise. What comes of it all is never less than by priority: sets
// made one by one may be fewer, and what meets nothing is priced after its turn, so that is tried
// too.
//
// Deterministic: the search is bounded by a count, and by the steps of the decision, whose turns it
// takes. Cost: a turn for each offer, and a turn and a copy of what is priced for each option
// tried.

#include <cstdint>

#include "absl/types/span.h"
#include "rules/decide/decision_state.h"

namespace touchstone::rules {

// Turns that are tried in one stage, and lines that are priced by these: baskets of more than 100
// lines have fewer turns.
inline constexpr int kMostCombinations = 2'000;
inline constexpr int kMostLinesTried = 200'000;

// `turns` are those of one stage, in order. Says in state.search how the best combination was
// looked for.
void TakeBestTurns(absl::Span<const uint32_t> turns, DecisionContext& context);

}  // namespace touchstone::rules
