#pragma once

// Which offers are shown: each placement asked for is filled, in the order asked, with the best of
// the offers that nothing has ruled out. Internal to this room.
//
// Best: the higher value, in millionths, then the smaller offer id; an offer whose value ended in
// an error or NaN comes last. An offer may be shown in several placements. In a placement that
// names it as a fallback it does not compete: fallback offers fill the places that the others
// leave, in the order in which the placement names them. group_at_most holds for both. An offer
// whose texts need a fact that did not come in time is not shown. An offer that neither changed the
// basket nor is shown is refused at kRank, with the reason of the first placement that could have
// shown it.

#include "rules/decide/decision_state.h"

namespace touchstone::rules {

void FillPlacements(DecisionContext& context);

}  // namespace touchstone::rules
