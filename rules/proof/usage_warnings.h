#pragma once

// What is declared and does nothing. Internal to this room.
//
// unused_attribute: a customer attribute, aggregate, request fact or computed attribute that no
//   condition, formula, text or computed attribute reads; a customer's `zone` counts as read where
//   a window has the zone `customer`. Columns of reference tables are left alone: others use them.
// unused_list: a product list whose name stands in no condition.
// idle_channel: a channel that an offer without benefit names, although none of its treatments is
//   for a placement of that channel.
// no_value: an offer that a placement shows and that has no `value`, so that it ranks last,
// although
//   three offers at least, and most of those shown, have one; no fallback of a placement.
// Thread safety: pure function. Cost: linear in the rule set.

#include "rules/proof/proof_input.h"

namespace touchstone::rules {

void WarnOfUsage(const ProofInput& input);

}  // namespace touchstone::rules
