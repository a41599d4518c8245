#pragma once

// One offer's turn on the basket: `requires`, the lines, the offers that it does not go together
// with, the benefit. Internal to this room.

#include <cstdint>
#include <limits>
#include <optional>

#include "absl/types/span.h"
#include "rules/decide/decision_state.h"
#include "rules/decide/verdict.h"
#include "rules/expr/value.h"

namespace touchstone::rules {

// What one offer's turn is limited to while combinations are tried.
struct Portion {
  int64_t most_sets = std::numeric_limits<int64_t>::max();
  std::optional<uint32_t> line;        // this one alone
  absl::Span<const uint8_t> selected;  // as SelectLines had it; empty: to be asked
  bool is_whole() const { return selected.empty(); }
};

// Takes it. Unless the offer was applied, its outcome says why. With a portion it may be called
// again, and what is taken adds up.
void TakeTurn(uint32_t index, const Portion& portion, DecisionContext& context);
inline void TakeTurn(uint32_t index, DecisionContext& context) {
  TakeTurn(index, Portion(), context);
}

// Says in state.selected what each line may do in the benefit. An error on a line leaves the line
// out; one that comes of what is missing is the result, since what the offer takes would depend on
// it.
std::optional<expr::ErrorCode> SelectLines(const OfferSpec& offer, DecisionContext& context);

// By `requires`, and by an offer that was applied.
void RefuseByCondition(const Verdict& verdict, OfferOutcome& outcome);
void RefuseExcluded(uint32_t rival, OfferOutcome& outcome);

// Where two offers do not go together.
enum class Exclusion : uint8_t { kNone, kOnLine, kInBasket };
Exclusion Between(uint32_t a, uint32_t b, const RuleSet& rules);

}  // namespace touchstone::rules
