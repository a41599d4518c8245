#pragma once

// Which offers may come into question: paused, window, channel, placement, right (a code or a
// grant), eligible and segment, limits, budget, in that order. Internal to this room.
//
// The index finds the offers whose condition holds; those, the fallback offers of the placements
// asked for, and what valid codes and grants are for, are state.considered. Of each of them
// state.outcomes gets Stage::kNone or the first thing that ruled it out; those with kNone are
// listed in state.admitted. An offer without an amount in the basket's currency is not eligible
// (kNoCurrency). Fallback offers come first and by the plain evaluator, so that they are decided
// even where the steps do not reach for the others.

#include "rules/decide/decision_state.h"

namespace touchstone::rules {

void AdmitOffers(DecisionContext& context);

// From when on contacts count over `window`.
absl::Time StartOf(const LimitWindow& window, DecisionContext& context);

// Where the window's days and hours are read. REQUIRES: the facts of the decision row.
absl::TimeZone ZoneOf(const WindowSpec& window, DecisionContext& context);

// An answer tells why offers were not chosen: at least this many, if so many were refused...
inline constexpr size_t kFewestReasons = 3;
// ...among the first this many that the index did not match.
inline constexpr size_t kMostAskedForReasons = 64;

// Once all else is decided: where fewer than kFewestReasons of the considered offers were refused,
// asks others for their reasons, which makes them considered. REQUIRES: the outcomes are final.
void RefuseSome(DecisionContext& context);
// The same for all offers; they do not become considered.
void RefuseTheRest(DecisionContext& context);

// Whether the customer, or the one who presents a code, has the right that the offer asks for. Of
// an offer that asks for none: no.
bool HasRight(uint32_t offer, const DecisionContext& context);

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
