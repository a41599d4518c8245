#pragma once

// From the input of a decision to the rows that rules read: built-in facts, the store's columns,
// computed attributes, the segment, and the basket with its lines. Internal to this room.

#include "rules/decide/decision_state.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {

// Fills state.facts and the decision row of state.frame, and names the segment in state.decision.
//
// Customer facts by status: present, as bound; unknown or anonymous, absent but for
// customer.known = false and customer.segment = "anonymous"; unavailable, errors (kUnavailable),
// customer.known too, and customer.segment unless a segment holds without them.
void BindDecisionRow(DecisionContext& context);

// Binds one row a line, decides what is merchandise, starts the pricer and fills basket.*. A line
// for which `never_discount` ends in an error is kept from discounts: the safe side. Were the steps
// used up on the way, basket.* hold that error and state.merchandise_known is false.
void BindBasket(DecisionContext& context);

// Sets basket.net to what the offers so far have left. REQUIRES: a basket that is bound.
void UpdateBasketNet(DecisionContext& context);

// Points the frame's line row at a line.
inline void SelectLine(size_t line, DecisionContext& context) {
  const size_t stride = context.rules.layout->line_row_size();
  context.state.frame.rows[kLineRow] =
      absl::MakeConstSpan(context.state.line_rows.data() + line * stride, stride);
}

}  // namespace touchstone::rules
