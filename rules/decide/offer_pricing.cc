#include "rules/decide/offer_pricing.h"

#include <algorithm>

#include "rules/decide/binding.h"
#include "rules/decide/verdict.h"

namespace touchstone::rules {
namespace {

void Refuse(Stage stage, Cause cause, OfferOutcome& outcome) {
  outcome.stage = stage;
  outcome.cause = cause;
}

void RefuseByCondition(const Verdict& verdict, OfferOutcome& outcome) {
  const bool is_false = verdict.kind == Verdict::Kind::kFalse;
  Refuse(Stage::kRequires, is_false ? Cause::kCondition : CauseOfError(verdict.error), outcome);
  outcome.part = verdict.part;
  outcome.error = verdict.error;
}

bool MayTouch(const BenefitSpec& benefit, const BasketLine& line) {
  const bool marked_down =
      line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
  return line.counts_as_merchandise() && (benefit.takes_marked_down || !marked_down);
}

// Selects the lines that the offer works on. An error on a line leaves the line out; one that comes
// of what is missing is the result, since what the offer takes would depend on it. REQUIRES: a
// condition on lines.
std::optional<expr::ErrorCode> SelectLines(const OfferSpec& offer, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const expr::Program& first = offer.lines.conjuncts.front().program;
  state.selected.assign(state.lines.size(), 0);
  for (size_t i = 0; i < state.lines.size(); ++i) {
    if (!MayTouch(*offer.benefit, state.lines[i])) continue;
    SelectLine(i, context);
    const expr::Value value = Evaluate(first, context);
    if (value.IsFalse()) continue;  // as most lines are, and one false conjunct settles it
    const Verdict verdict = EvaluateFrom(offer.lines, value, context);
    if (verdict.open) return verdict.error;
    state.selected[i] = verdict.holds() ? 1 : 0;
  }
  return std::nullopt;
}

void RefuseUntaken(NothingTaken reason, OfferOutcome& outcome) {
  switch (reason) {
    case NothingTaken::kNone:
      return;
    case NothingTaken::kNoCurrency:
      return Refuse(Stage::kEligible, Cause::kNoCurrency, outcome);
    case NothingTaken::kNoLines:
      return Refuse(Stage::kRequires, Cause::kNoLines, outcome);
    case NothingTaken::kNothingLeft:
      return Refuse(Stage::kStacking, Cause::kNothingLeft, outcome);
    case NothingTaken::kTooSmall:
      return Refuse(Stage::kRequires, Cause::kTooSmall, outcome);
  }
}

void TakeTurn(uint32_t index, DecisionContext& context) {
  const OfferSpec& offer = context.rules.offers[index];
  DecisionScratch::State& state = context.state;
  OfferOutcome& outcome = state.outcomes[index];
  if (!state.merchandise_known) return Refuse(Stage::kRequires, Cause::kStepLimit, outcome);
  const Verdict verdict = EvaluateParts(context.rules.scan.RequiresParts(index), context);
  if (!verdict.holds()) return RefuseByCondition(verdict, outcome);
  const bool every_line = offer.lines.conjuncts.empty();
  if (!every_line) {
    const std::optional<expr::ErrorCode> missing = SelectLines(offer, context);
    if (missing.has_value()) {
      outcome.error = *missing;
      return Refuse(Stage::kRequires, CauseOfError(*missing), outcome);
    }
  }
  const Applied applied = every_line ? state.pricer.Apply(*offer.benefit)
                                     : state.pricer.Apply(*offer.benefit, state.selected);
  if (applied.reason != NothingTaken::kNone) return RefuseUntaken(applied.reason, outcome);
  outcome.applied = true;
  outcome.taken = {applied.taken_minor, context.input.basket.currency};
  state.applied.push_back({index, outcome.taken, applied.cut_by_guard_rail});
  UpdateBasketNet(context);
}

}  // namespace

void PriceOffers(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  state.applied.clear();
  state.turns.clear();
  if (context.has_basket()) {
    for (const uint32_t index : state.admitted) {
      const ScannedOffer& scanned = context.rules.scan.offers[index];
      if (scanned.changes_baskets) state.turns.push_back(scanned.turn);
    }
    std::sort(state.turns.begin(), state.turns.end());
    for (const uint32_t turn : state.turns) TakeTurn(context.rules.pricing_order[turn], context);
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
