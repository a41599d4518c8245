#pragma once

// Names and texts that speak of other numbers than the rules beside them. Internal to this room.
//
// text_disagrees: an offer that takes a percentage off while its title and texts name percentages
//   and not this one; an amount or a number of its conditions that is a power of ten from a number
//   which its title or a text names and no rule of the offer knows.
//   Also a weekday in the title or a text, in English or German, that is none of the window's days.
// name_disagrees: an aggregate called `…_90d` or `…_24h` over another time; a limit called daily,
//   weekly, fortnight, monthly, quarterly, half-year, yearly or once whose time is another by more
//   than half.
// Thread safety: pure function. Cost: linear in the texts.

#include "rules/proof/proof_input.h"

namespace touchstone::rules {

void WarnOfWording(const ProofInput& input);

}  // namespace touchstone::rules
