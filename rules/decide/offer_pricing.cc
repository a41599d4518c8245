#include "rules/decide/offer_pricing.h"

#include <algorithm>

#include "rules/decide/combination.h"
#include "rules/decide/turn.h"
#include "rules/decide/verdict.h"

namespace touchstone::rules {
namespace {

using Turns = absl::Span<const uint32_t>;

PricingStage StageOfTurn(uint32_t turn, const RuleSet& rules) {
  return rules.offers[rules.pricing_order[turn]].benefit->stage;
}

// Takes those of the first stage away from the turns.
Turns NextStage(Turns& turns, const RuleSet& rules) {
  const PricingStage stage = StageOfTurn(turns.front(), rules);
  size_t count = 1;
  while (count < turns.size() && StageOfTurn(turns[count], rules) == stage) ++count;
  const Turns of_stage = turns.first(count);
  turns.remove_prefix(count);
  return of_stage;
}

void TakeStage(Turns turns, DecisionContext& context) {
  const RuleSet& rules = context.rules;
  if (rules.best_for_customer[static_cast<size_t>(StageOfTurn(turns.front(), rules))]) {
    return TakeBestTurns(turns, context);
  }
  for (const uint32_t turn : turns) TakeTurn(rules.pricing_order[turn], context);
}

// The first of the offers that exclude all others, shelf prices aside, that is applied.
std::optional<uint32_t> TakeExclusiveTurns(Turns turns, DecisionContext& context) {
  for (const uint32_t turn : turns) {
    const uint32_t index = context.rules.pricing_order[turn];
    if (!context.rules.offers[index].stacking.excludes_all()) continue;
    TakeTurn(index, context);
    if (context.state.outcomes[index].applied) return index;
  }
  return std::nullopt;
}

void TakeTurns(Turns turns, DecisionContext& context) {
  const RuleSet& rules = context.rules;
  std::vector<OfferOutcome>& outcomes = context.state.outcomes;
  if (!turns.empty() && StageOfTurn(turns.front(), rules) == PricingStage::kShelf) {
    TakeStage(NextStage(turns, rules), context);
  }
  if (rules.has_exclusive) {
    const std::optional<uint32_t> alone = TakeExclusiveTurns(turns, context);
    for (const uint32_t turn : turns) {
      OfferOutcome& outcome = outcomes[rules.pricing_order[turn]];
      const bool is_open = !outcome.applied && outcome.stage == Stage::kNone;
      if (alone.has_value() && is_open) RefuseExcluded(*alone, outcome);
    }
    if (alone.has_value()) return;
  }
  while (!turns.empty()) TakeStage(NextStage(turns, rules), context);
}

}  // namespace

void PriceOffers(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  state.applied.clear();
  state.search = CombinationSearch::kNone;
  state.greedy_gap_minor = 0;
  state.turns.clear();
  if (context.has_basket()) {
    for (const uint32_t index : state.admitted) {
      const ScannedOffer& scanned = context.rules.scan.offers[index];
      if (scanned.changes_baskets) state.turns.push_back(scanned.turn);
    }
    std::sort(state.turns.begin(), state.turns.end());
    TakeTurns(state.turns, context);
  }
  for (const uint32_t index : state.admitted) {
    OfferOutcome& outcome = state.outcomes[index];
    if (outcome.stage != Stage::kNone || outcome.applied) continue;
    const absl::Span<const uint32_t> parts = context.rules.scan.RequiresParts(index);
    const Verdict verdict = context.has_basket() ? EvaluateParts(parts, context)
                                                 : EvaluatePartsWithoutBasket(parts, context);
    if (!verdict.holds()) RefuseByCondition(verdict, outcome);
  }
}

}  // namespace touchstone::rules
