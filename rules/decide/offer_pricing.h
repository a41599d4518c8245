#pragma once

// The offers' turns on the basket, in the order of pricing, each seeing what is left: `requires`,
// the lines, the benefit. Internal to this room.
//
// An admitted offer that changes baskets either applies here or is refused here. An offer that
// changes none has its `requires` asked at the end, on what is to be paid then. Without a basket
// the parts of `requires` that read the basket are not asked: what is shown there is a proposal.

#include "rules/decide/decision_state.h"

namespace touchstone::rules {

void PriceOffers(DecisionContext& context);

}  // namespace touchstone::rules
