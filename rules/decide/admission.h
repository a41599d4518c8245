#pragma once

// Which offers may come into question: paused, window, channel, placement, eligible and segment,
// limits, in that order. Internal to this room.
//
// Writes state.outcomes for every offer: Stage::kNone, or the first thing that ruled it out; those
// with kNone are listed in state.admitted. An
// offer without an amount in the basket's currency is not eligible (kNoCurrency). The fallback
// offers of the placements asked for come first, so that they are decided even where the steps do
// not reach for the others.

#include "rules/decide/decision_state.h"

namespace touchstone::rules {

void AdmitOffers(DecisionContext& context);

// HasTreatmentAskedFor, placement by placement.
bool HasOneOfTheTreatments(uint32_t offer, const DecisionContext& context);

// Whether the offer has a treatment for one of the placements asked for.
inline bool HasTreatmentAskedFor(uint32_t offer, const DecisionContext& context) {
  // No bit in common rules a treatment out; one in common is proof where each placement has a bit
  // of its own.
  if ((context.rules.scan.offers[offer].placements & context.placements_asked) == 0) return false;
  return context.rules.placements.size() <= kPlacementBits || HasOneOfTheTreatments(offer, context);
}

}  // namespace touchstone::rules
