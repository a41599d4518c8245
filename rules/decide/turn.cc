#include "rules/decide/turn.h"

#include <algorithm>

#include "rules/decide/binding.h"
#include "rules/decide/verdict.h"

namespace touchstone::rules {
namespace {

void Refuse(Stage stage, Cause cause, OfferOutcome& outcome) {
  outcome.stage = stage;
  outcome.cause = cause;
  outcome.part = 0;  // of an earlier turn
}

constexpr uint8_t kForEverything = 0xff;

bool MayTouch(const BenefitSpec& benefit, const BasketLine& line) {
  const bool is_theirs =
      benefit.stage == PricingStage::kDelivery ? line.is_delivery : line.counts_as_merchandise();
  return is_theirs && (benefit.takes_marked_down || !line.is_marked_down());
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

// What `a` says of `b`.
Exclusion Says(const OfferSpec& a, const OfferSpec& b, uint32_t b_index) {
  const StackingSpec& stacking = a.stacking;
  // A shelf price is no offer's rival, unless it is named, and only other ones are its own.
  const bool same_kind =
      (a.benefit->stage == PricingStage::kShelf) == (b.benefit->stage == PricingStage::kShelf);
  const bool names =
      (stacking.exclusive && same_kind) ||
      std::binary_search(stacking.not_with.begin(), stacking.not_with.end(), b_index) ||
      std::binary_search(stacking.not_groups.begin(), stacking.not_groups.end(), b.group);
  if (!names) return Exclusion::kNone;
  return stacking.on_line ? Exclusion::kOnLine : Exclusion::kInBasket;
}

void SelectWhatItMayTouch(const OfferSpec& offer, DecisionScratch::State& state) {
  state.selected.resize(state.lines.size());
  for (size_t i = 0; i < state.lines.size(); ++i) {
    state.selected[i] = MayTouch(*offer.benefit, state.lines[i]) ? kForEverything : 0;
  }
}

// The lines from which offers took that this one does not go together with are closed to it. The
// offer that excludes it from the whole basket, or from the last of its lines, or nothing.
// `every_line`: nothing was selected yet.
std::optional<uint32_t> CloseLines(uint32_t index, bool& every_line, DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  std::optional<uint32_t> closed_by;
  for (const AppliedOffer& applied : state.applied) {
    if (applied.offer == index) continue;  // a part of it
    const Exclusion exclusion = Between(index, applied.offer, context.rules);
    if (exclusion == Exclusion::kNone) continue;
    if (exclusion == Exclusion::kInBasket) return applied.offer;
    if (every_line) SelectWhatItMayTouch(context.rules.offers[index], state);
    every_line = false;
    for (const LineTaking& taking : state.pricer.takings()) {
      if (taking.offer != applied.offer || state.selected[taking.line] == 0) continue;
      state.selected[taking.line] = 0;
      closed_by = applied.offer;
    }
  }
  const bool all_closed = std::none_of(state.selected.begin(), state.selected.end(),
                                       [](uint8_t selected) { return selected != 0; });
  return all_closed ? closed_by : std::nullopt;
}

AppliedOffer& FindOrAddApplied(uint32_t index, DecisionScratch::State& state) {
  for (AppliedOffer& applied : state.applied) {
    if (applied.offer == index) return applied;
  }
  return state.applied.emplace_back(AppliedOffer{.offer = index});
}

void RecordApplied(uint32_t index, const Applied& applied, bool is_whole,
                   DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  AppliedOffer& answer = is_whole ? state.applied.emplace_back(AppliedOffer{.offer = index})
                                  : FindOrAddApplied(index, state);
  answer.taken = {answer.taken.amount_minor + applied.taken_minor, context.input.basket.currency};
  answer.points += applied.points;
  answer.coupons += applied.coupons;
  answer.applications += applied.applications;
  answer.missing_gifts += applied.missing_gifts;
  answer.cut_by_guard_rail = answer.cut_by_guard_rail || applied.cut_by_guard_rail;
  OfferOutcome& outcome = state.outcomes[index];
  outcome.stage = Stage::kNone;
  outcome.cause = Cause::kNone;
  outcome.applied = true;
  outcome.taken = answer.taken;
  UpdateBasketNet(context);
}

// What the benefit works on, in state.selected unless it is every line. False: the outcome says why
// there is nothing.
bool SelectFor(uint32_t index, const Portion& portion, bool& every_line, DecisionContext& context) {
  const OfferSpec& offer = context.rules.offers[index];
  DecisionScratch::State& state = context.state;
  OfferOutcome& outcome = state.outcomes[index];
  every_line = portion.is_whole() && SelectsEveryLine(offer);
  if (!portion.is_whole()) {
    state.selected.assign(portion.selected.begin(), portion.selected.end());
  } else if (!every_line) {
    const std::optional<expr::ErrorCode> missing = SelectLines(offer, context);
    if (missing.has_value()) {
      outcome.error = *missing;
      Refuse(Stage::kRequires, CauseOfError(*missing), outcome);
      return false;
    }
  }
  if (portion.line.has_value()) {
    const uint8_t selected = state.selected[*portion.line];
    state.selected.assign(state.lines.size(), 0);
    state.selected[*portion.line] = selected;
  }
  const std::optional<uint32_t> rival = CloseLines(index, every_line, context);
  if (rival.has_value()) RefuseExcluded(*rival, outcome);
  return !rival.has_value();
}

}  // namespace

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
    if (verdict.holds()) selected = benefit.gift ? kQualifiesForGift : kForEverything;
    if (verdict.holds() && !offer.part_lines.empty()) {
      verdict = SelectParts(offer, context, selected);
      if (verdict.open) return verdict.error;
    }
    if (benefit.gift && context.input.line_facts[i].sku == benefit.gift->sku) selected |= kIsGift;
  }
  return std::nullopt;
}

void RefuseByCondition(const Verdict& verdict, OfferOutcome& outcome) {
  const bool is_false = verdict.kind == Verdict::Kind::kFalse;
  Refuse(Stage::kRequires, is_false ? Cause::kCondition : CauseOfError(verdict.error), outcome);
  outcome.part = verdict.part;
  outcome.error = verdict.error;
}

void RefuseExcluded(uint32_t rival, OfferOutcome& outcome) {
  Refuse(Stage::kStacking, Cause::kExcluded, outcome);
  outcome.rival = rival;
}

Exclusion Between(uint32_t a_index, uint32_t b_index, const RuleSet& rules) {
  const OfferSpec& a = rules.offers[a_index];
  const OfferSpec& b = rules.offers[b_index];
  return std::max(Says(a, b, b_index), Says(b, a, a_index));
}

void TakeTurn(uint32_t index, const Portion& portion, DecisionContext& context) {
  const OfferSpec& offer = context.rules.offers[index];
  DecisionScratch::State& state = context.state;
  OfferOutcome& outcome = state.outcomes[index];
  if (!state.merchandise_known) return Refuse(Stage::kRequires, Cause::kStepLimit, outcome);
  const Verdict verdict = EvaluateParts(context.rules.scan.RequiresParts(index), context);
  if (!verdict.holds()) return RefuseByCondition(verdict, outcome);
  bool every_line = false;
  if (!SelectFor(index, portion, every_line, context)) return;
  Applied applied;
  if (!portion.is_whole()) {
    applied = state.pricer.ApplyPart(*offer.benefit, state.selected, portion.most_sets);
  } else if (every_line) {
    applied = state.pricer.Apply(*offer.benefit);
  } else {
    applied = state.pricer.Apply(*offer.benefit, state.selected);
  }
  if (applied.reason != NothingTaken::kNone) return RefuseUntaken(applied.reason, outcome);
  RecordApplied(index, applied, portion.is_whole(), context);
}

}  // namespace touchstone::rules
