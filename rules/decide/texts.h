#pragma once

// The texts of a treatment, filled in. Internal to this room.
//
// Locale: the tag asked for, then shorter prefixes of it ("de-AT", "de"), then the first locale of
// the same language, then the rule set's first. Placeholders: {benefit.amount} is what the offer
// took, or for an offer that has not changed a basket the amount it takes off in the decision's
// currency ("" for a percentage); {benefit.percent} is "20", "" for an amount; a fact is written as
// people read it ("412.00 EUR", "2026-11-26") and "" when absent. In a text of a near miss
// {benefit.amount} is what the offer takes once the change is made, and {near_miss.spend} "3.20",
// {near_miss.units} "1" or "0.25", {near_miss.from} "2026-11-27" or "2026-11-27 07:00", by the
// clock of the offer's window, {near_miss.card} nothing. A text longer than its field is cut
// between characters. Memory: the texts live in the scratch arena.

#include "absl/types/span.h"
#include "rules/decide/decision_state.h"
#include "rules/decide/near_misses.h"

namespace touchstone::rules {

// Index into RuleSet::locales. REQUIRES: at least one locale.
size_t ChooseLocale(absl::Span<const std::string> locales, absl::string_view asked);

// By field of the placement. REQUIRES: a treatment for the placement.
absl::Span<const absl::string_view> RenderTexts(uint32_t offer, uint16_t placement, size_t locale,
                                                DecisionContext& context);

// By field that `treatment` has. REQUIRES: it SpeaksOf the near miss.
absl::Span<const FieldText> RenderNearMiss(const NearMiss& near, uint16_t placement,
                                           const TreatmentSpec& treatment, size_t locale,
                                           DecisionContext& context);

// Whether no text names a change of another kind.
bool SpeaksOf(const TreatmentSpec& treatment, size_t locale, NearMissChange::Kind kind);

// Whether a text needs a fact that did not come in time: it is then not shown.
bool TextsNeedMissing(const TreatmentSpec& treatment, size_t locale,
                      const DecisionContext& context);

}  // namespace touchstone::rules
