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

constexpr uint8_t kQualifies = 1;
constexpr uint8_t kIsGift = 2;
constexpr uint8_t kForEverything = 0xff;

bool MayTouch(const BenefitSpec& benefit, const BasketLine& line) {
  const bool marked_down =
      line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
  const bool is_theirs =
      benefit.stage == PricingStage::kDelivery ? line.is_delivery : line.counts_as_merchandise();
  return is_theirs && (benefit.takes_marked_down || !marked_down);
}

// What the line may do in each part of the offer's set, by its own condition.
Verdict SelectParts(const OfferSpec& offer, DecisionContext& context, uint8_t& selected) {
  selected = 0;
  for (size_t part = 0; part < offer.part_lines.size(); ++part) {
    const Verdict verdict = Evaluate(offer.part_lines[part], context);
    if (verdict.open) return verdict;
    if (verdict.holds()) selected = static_cast<uint8_t>(selected | 1U << part);
  }
  return Verdict();
}

Verdict EvaluateLines(const Condition& lines, DecisionContext& context) {
  if (lines.conjuncts.empty()) return Verdict();
  const expr::Value value = Evaluate(lines.conjuncts.front().program, context);
  // As it is of most lines, and one false conjunct settles it.
  if (value.IsFalse()) return {.kind = Verdict::Kind::kFalse};
  return EvaluateFrom(lines, value, context);
}

// Says what each line may do in the benefit. An error on a line leaves the line out; one that comes
// of what is missing is the result, since what the offer takes would depend on it.
std::optional<expr::ErrorCode> SelectLines(const OfferSpec& offer, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const BenefitSpec& benefit = *offer.benefit;
  state.selected.assign(state.lines.size(), 0);
  for (size_t i = 0; i < state.lines.size(); ++i) {
    if (!MayTouch(benefit, state.lines[i])) continue;
    SelectLine(i, context);
    uint8_t& selected = state.selected[i];
    Verdict verdict = EvaluateLines(offer.lines, context);
    if (verdict.open) return verdict.error;
    if (verdict.holds()) selected = benefit.gift ? kQualifies : kForEverything;
    if (verdict.holds() && !offer.part_lines.empty()) {
      verdict = SelectParts(offer, context, selected);
      if (verdict.open) return verdict.error;
    }
    if (benefit.gift && context.input.line_facts[i].sku == benefit.gift->sku) selected |= kIsGift;
  }
  return std::nullopt;
}

bool SelectsEveryLine(const OfferSpec& offer) {
  return offer.lines.conjuncts.empty() && offer.part_lines.empty() && !offer.benefit->gift;
}

void RefuseUntaken(NothingTaken reason, OfferOutcome& outcome) {
  switch (reason) {
    case NothingTaken::kNone:
      return;
    case NothingTaken::kNoCurrency:
      return Refuse(Stage::kEligible, Cause::kNoCurrency, outcome);
    case NothingTaken::kNoLines:
      return Refuse(Stage::kRequires, Cause::kNoLines, outcome);
    case NothingTaken::kNoSet:
      return Refuse(Stage::kRequires, Cause::kNoSet, outcome);
    case NothingTaken::kNoTier:
      return Refuse(Stage::kRequires, Cause::kNoTier, outcome);
    case NothingTaken::kNotAbovePrice:
      return Refuse(Stage::kRequires, Cause::kNotAbovePrice, outcome);
    case NothingTaken::kNothingLeft:
      return Refuse(Stage::kStacking, Cause::kNothingLeft, outcome);
    case NothingTaken::kTooSmall:
      return Refuse(Stage::kRequires, Cause::kTooSmall, outcome);
  }
}

void RefuseExcluded(uint32_t rival, OfferOutcome& outcome) {
  Refuse(Stage::kStacking, Cause::kExcluded, outcome);
  outcome.rival = rival;
}

enum class Exclusion : uint8_t { kNone, kOnLine, kInBasket };

// What `a` says of `b`.
Exclusion Says(const OfferSpec& a, const OfferSpec& b, uint32_t b_index) {
  const StackingSpec& stacking = a.stacking;
  const bool names =
      stacking.exclusive ||
      std::binary_search(stacking.not_with.begin(), stacking.not_with.end(), b_index) ||
      std::binary_search(stacking.not_groups.begin(), stacking.not_groups.end(), b.group);
  if (!names) return Exclusion::kNone;
  return stacking.on_line ? Exclusion::kOnLine : Exclusion::kInBasket;
}

Exclusion Between(uint32_t a_index, uint32_t b_index, const RuleSet& rules) {
  const OfferSpec& a = rules.offers[a_index];
  const OfferSpec& b = rules.offers[b_index];
  // Shelf prices are no offer's rivals, but for one another.
  const bool is_shelf = a.benefit->stage == PricingStage::kShelf;
  if (is_shelf != (b.benefit->stage == PricingStage::kShelf)) return Exclusion::kNone;
  return std::max(Says(a, b, b_index), Says(b, a, a_index));
}

// The lines from which offers took that this one does not go together with are closed to it. The
// offer that was applied and excludes it from the whole basket, or nothing. `every_line`: nothing
// was selected yet.
std::optional<uint32_t> CloseLines(uint32_t index, bool& every_line, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  for (const AppliedOffer& applied : state.applied) {
    const Exclusion exclusion = Between(index, applied.offer, context.rules);
    if (exclusion == Exclusion::kNone) continue;
    if (exclusion == Exclusion::kInBasket) return applied.offer;
    if (every_line) state.selected.assign(state.lines.size(), kForEverything);
    every_line = false;
    for (const LineTaking& taking : state.pricer.takings()) {
      if (taking.offer == applied.offer) state.selected[taking.line] = 0;
    }
  }
  return std::nullopt;
}

void RecordApplied(uint32_t index, const Applied& applied, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  OfferOutcome& outcome = state.outcomes[index];
  outcome.applied = true;
  outcome.taken = {applied.taken_minor, context.input.basket.currency};
  state.applied.push_back({.offer = index,
                           .taken = outcome.taken,
                           .points = applied.points,
                           .applications = applied.applications,
                           .missing_gifts = applied.missing_gifts,
                           .cut_by_guard_rail = applied.cut_by_guard_rail});
  UpdateBasketNet(context);
}

void TakeTurn(uint32_t index, DecisionContext& context) {
  const OfferSpec& offer = context.rules.offers[index];
  DecisionScratch::State& state = context.state;
  OfferOutcome& outcome = state.outcomes[index];
  if (!state.merchandise_known) return Refuse(Stage::kRequires, Cause::kStepLimit, outcome);
  const Verdict verdict = EvaluateParts(context.rules.scan.RequiresParts(index), context);
  if (!verdict.holds()) return RefuseByCondition(verdict, outcome);
  bool every_line = SelectsEveryLine(offer);
  if (!every_line) {
    const std::optional<expr::ErrorCode> missing = SelectLines(offer, context);
    if (missing.has_value()) {
      outcome.error = *missing;
      return Refuse(Stage::kRequires, CauseOfError(*missing), outcome);
    }
  }
  const std::optional<uint32_t> rival = CloseLines(index, every_line, context);
  if (rival.has_value()) return RefuseExcluded(*rival, outcome);
  const Applied applied = every_line ? state.pricer.Apply(*offer.benefit)
                                     : state.pricer.Apply(*offer.benefit, state.selected);
  if (applied.reason != NothingTaken::kNone) return RefuseUntaken(applied.reason, outcome);
  RecordApplied(index, applied, context);
}

PricingStage StageOfTurn(uint32_t turn, const RuleSet& rules) {
  return rules.offers[rules.pricing_order[turn]].benefit->stage;
}

// The first of the offers that exclude all others, shelf prices aside, that is applied.
std::optional<uint32_t> TakeExclusiveTurns(absl::Span<const uint32_t> turns,
                                           DecisionContext& context) {
  for (const uint32_t turn : turns) {
    const uint32_t index = context.rules.pricing_order[turn];
    if (!context.rules.offers[index].stacking.excludes_all()) continue;
    TakeTurn(index, context);
    if (context.state.outcomes[index].applied) return index;
  }
  return std::nullopt;
}

void TakeTurns(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const RuleSet& rules = context.rules;
  absl::Span<const uint32_t> turns = state.turns;
  while (!turns.empty() && StageOfTurn(turns.front(), rules) == PricingStage::kShelf) {
    TakeTurn(rules.pricing_order[turns.front()], context);
    turns.remove_prefix(1);
  }
  std::optional<uint32_t> alone;
  if (rules.has_exclusive) alone = TakeExclusiveTurns(turns, context);
  for (const uint32_t turn : turns) {
    const uint32_t index = rules.pricing_order[turn];
    if (index == alone) continue;
    if (alone.has_value()) {
      if (state.outcomes[index].stage == Stage::kNone)
        RefuseExcluded(*alone, state.outcomes[index]);
    } else if (!rules.offers[index].stacking.excludes_all()) {
      TakeTurn(index, context);
    }
  }
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
    TakeTurns(context);
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
