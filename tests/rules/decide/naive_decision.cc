#include "tests/rules/decide/naive_decision.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tests/rules/basket/naive_pricing.h"
#include "tests/rules/decide/naive_admission.h"
#include "tests/rules/decide/naive_facts.h"
#include "tests/rules/decide/naive_placements.h"
#include "tests/rules/decide/naive_stacking.h"

namespace touchstone::rules {
namespace {

class Naive {
 public:
  Naive(const RuleSet& rules, const DecisionInput& input) : rules_(rules), input_(input) {}

  std::unique_ptr<NaiveDecision> Decide() {
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      outcomes_.push_back(AdmitNaively(rules_, input_, facts_, i));
    }
    if (facts_.has_basket()) TakeTurns();
    for (uint32_t i = 0; i < rules_.offers.size(); ++i) {
      if (outcomes_[i].stage != Stage::kNone || outcomes_[i].applied) continue;
      const NaiveAnswer answer =
          facts_.Ask(rules_.offers[i].requires_, NaiveFacts::kNoLine, !facts_.has_basket());
      if (answer.kind == NaiveAnswer::kYes) continue;
      Refuse(outcomes_[i], Stage::kRequires, CauseOf(answer), answer.part);
    }
    ShowNaively(rules_, input_, facts_, outcomes_, result_.get());
    return Finish();
  }

 private:
  // Shelf prices first; then the offer that applies alone, or all others.
  void TakeTurns() {
    std::vector<uint32_t> others;
    for (const uint32_t index : TurnsInOrder(rules_)) {
      if (outcomes_[index].stage != Stage::kNone) continue;
      if (rules_.offers[index].benefit->stage == PricingStage::kShelf) {
        TakeTurn(index);
      } else {
        others.push_back(index);
      }
    }
    for (const uint32_t index : others) {
      if (!AppliesAlone(rules_.offers[index])) continue;
      TakeTurn(index);
      if (outcomes_[index].applied) return RefuseBeside(index, others);
    }
    for (const uint32_t index : others) TakeTurn(index);
  }

  void RefuseBeside(uint32_t alone, const std::vector<uint32_t>& others) {
    for (const uint32_t index : others) {
      OfferOutcome& outcome = outcomes_[index];
      if (!outcome.applied && outcome.stage == Stage::kNone) RefuseExcluded(outcome, alone);
    }
  }

  void RefuseExcluded(OfferOutcome& outcome, uint32_t rival) const {
    Refuse(outcome, Stage::kStacking, Cause::kExcluded);
    outcome.rival = rival;
  }

  void TakeTurn(uint32_t index) {
    const OfferSpec& offer = rules_.offers[index];
    OfferOutcome& outcome = outcomes_[index];
    outcome = OfferOutcome();
    facts_.SetApplied(applied_);
    if (const NaiveAnswer answer = facts_.Ask(offer.requires_); answer.kind != NaiveAnswer::kYes) {
      return Refuse(outcome, Stage::kRequires, CauseOf(answer), answer.part);
    }
    NaiveOffer turn{*offer.benefit, {}};
    for (size_t i = 0; i < facts_.lines().size(); ++i) {
      const std::optional<uint8_t> bits = Selected(offer, i);
      if (!bits.has_value()) return Refuse(outcome, Stage::kRequires, Cause::kInputMissing);
      turn.selected[std::string(facts_.lines()[i].line_id)] = *bits;
    }
    if (const std::optional<uint32_t> rival = CloseLines(index, turn); rival.has_value()) {
      return RefuseExcluded(outcome, *rival);
    }
    const Applied applied = facts_.Price(applied_).Apply(turn);
    if (applied.reason != NothingTaken::kNone) return RefuseUntaken(outcome, applied.reason);
    outcome.applied = true;
    outcome.taken = {applied.taken_minor, input_.basket.currency};
    applied_.push_back(turn);
    applied_answers_.push_back({.offer = index,
                                .taken = outcome.taken,
                                .points = applied.points,
                                .coupons = applied.coupons,
                                .applications = applied.applications,
                                .missing_gifts = applied.missing_gifts,
                                .cut_by_guard_rail = applied.cut_by_guard_rail});
    facts_.SetApplied(applied_);
  }

  static bool IsOpenTo(const OfferSpec& offer, const BasketLine& line) {
    const bool marked =
        line.price_source == PriceSource::kMarkdown || line.price_source == PriceSource::kOverride;
    const bool is_theirs = offer.benefit->stage == PricingStage::kDelivery
                               ? line.is_delivery
                               : line.counts_as_merchandise();
    return is_theirs && (!marked || offer.benefit->takes_marked_down);
  }

  // What the line may do in the benefit; nothing when that depends on what is missing.
  std::optional<uint8_t> Selected(const OfferSpec& offer, size_t line) {
    if (!IsOpenTo(offer, facts_.lines()[line])) return 0;
    const NaiveAnswer answer = facts_.Ask(offer.lines, static_cast<int>(line));
    if (answer.open) return std::nullopt;
    const bool qualifies = answer.kind == NaiveAnswer::kYes;
    if (offer.benefit->gift) {
      const bool is_gift = input_.line_facts[line].sku == offer.benefit->gift->sku;
      return static_cast<uint8_t>((qualifies ? 1 : 0) + (is_gift ? 2 : 0));
    }
    if (!qualifies || offer.part_lines.empty()) return static_cast<uint8_t>(qualifies ? 0xff : 0);
    uint8_t bits = 0;
    for (size_t part = 0; part < offer.part_lines.size(); ++part) {
      const NaiveAnswer of_part = facts_.Ask(offer.part_lines[part], static_cast<int>(line));
      if (of_part.open) return std::nullopt;
      if (of_part.kind == NaiveAnswer::kYes) bits = static_cast<uint8_t>(bits + (1 << part));
    }
    return bits;
  }

  // The offer that leaves no line to this one.
  std::optional<uint32_t> CloseLines(uint32_t index, NaiveOffer& turn) const {
    const NaivePricing pricing = facts_.Price(applied_);
    std::optional<uint32_t> last;
    for (const AppliedOffer& applied : applied_answers_) {
      const Together together = GoTogether(rules_, index, applied.offer);
      if (together == Together::kYes) continue;
      if (together == Together::kNo) return applied.offer;
      for (auto& [id, bits] : turn.selected) {
        if (bits == 0 || !pricing.lines().at(id).taken_by_offer.contains(applied.offer)) continue;
        bits = 0;
        last = applied.offer;
      }
    }
    for (const auto& [id, bits] : turn.selected) {
      if (bits != 0) return std::nullopt;
    }
    return last;
  }

  void RefuseUntaken(OfferOutcome& outcome, NothingTaken reason) const {
    switch (reason) {
      case NothingTaken::kNone:
        return;
      case NothingTaken::kNoCurrency:
        return Refuse(outcome, Stage::kEligible, Cause::kNoCurrency);
      case NothingTaken::kNoLines:
        return Refuse(outcome, Stage::kRequires, Cause::kNoLines);
      case NothingTaken::kNoSet:
        return Refuse(outcome, Stage::kRequires, Cause::kNoSet);
      case NothingTaken::kNoTier:
        return Refuse(outcome, Stage::kRequires, Cause::kNoTier);
      case NothingTaken::kNotAbovePrice:
        return Refuse(outcome, Stage::kRequires, Cause::kNotAbovePrice);
      case NothingTaken::kNothingLeft:
        return Refuse(outcome, Stage::kStacking, Cause::kNothingLeft);
      case NothingTaken::kTooSmall:
        return Refuse(outcome, Stage::kRequires, Cause::kTooSmall);
    }
  }

  std::unique_ptr<NaiveDecision> Finish() {
    Decision& decision = result_->decision;
    bool codes_not_read = false;
    for (const PresentedCode& code : input_.codes) {
      codes_not_read |= code.standing == CodeStanding::kNotRead;
    }
    if (codes_not_read) {
      decision.completeness = Completeness::kPartial;
      decision.cause = CompletenessCause::kCodesNotRead;
    }
    if (input_.customer == InputStatus::kUnavailable) {
      decision.completeness = Completeness::kPartial;
      decision.cause = CompletenessCause::kCustomerUnavailable;
    }
    const expr::Value& segment = facts_.facts()[kSlotSegment];
    decision.segment_known = !segment.IsError();
    if (!segment.IsError()) result_->segment = std::string(segment.string_value());
    decision.segment = result_->segment;
    if (facts_.has_basket()) FinishBasket(decision.basket);
    for (size_t i = 0; i < input_.placements.size(); ++i) {
      result_->placements.push_back({input_.placements[i], result_->shown[i]});
    }
    result_->offers = outcomes_;
    result_->facts = facts_.facts();
    result_->rows = facts_.TakeRows();
    decision.placements = result_->placements;
    decision.offers = result_->offers;
    decision.facts = result_->facts;
    return std::move(result_);
  }

  void FinishBasket(BasketAnswer& basket) {
    const NaivePricing pricing = facts_.Price(applied_);
    basket.priced = true;
    basket.currency = input_.basket.currency;
    for (const BasketLine& line : facts_.lines()) {
      const NaiveLine& priced = pricing.lines().at(std::string(line.line_id));
      result_->lines.push_back(
          {facts_.Gross(line), priced.entry, facts_.Gross(line) - priced.taken()});
      basket.gross_minor += facts_.Gross(line);
      basket.payable_minor += facts_.Gross(line) - priced.taken();
    }
    for (const AppliedOffer& applied : applied_answers_) {
      for (uint32_t i = 0; i < facts_.lines().size(); ++i) {
        const auto& taken =
            pricing.lines().at(std::string(facts_.lines()[i].line_id)).taken_by_offer;
        const auto found = taken.find(applied.offer);
        if (found == taken.end()) continue;
        const NaiveTaking& taking = found->second;
        result_->takings.push_back({i, applied.offer, taking.amount, taking.quantity});
      }
    }
    basket.points = pricing.points();
    result_->applied = applied_answers_;
    basket.lines = result_->lines;
    basket.takings = result_->takings;
    basket.applied = result_->applied;
  }

  const RuleSet& rules_;
  const DecisionInput& input_;
  std::unique_ptr<NaiveDecision> result_ = std::make_unique<NaiveDecision>();
  NaiveFacts facts_{rules_, input_, result_.get()};
  std::vector<OfferOutcome> outcomes_;
  std::vector<NaiveOffer> applied_;
  std::vector<AppliedOffer> applied_answers_;
};

}  // namespace

std::unique_ptr<NaiveDecision> DecideNaively(const RuleSet& rules, const DecisionInput& input) {
  return Naive(rules, input).Decide();
}

}  // namespace touchstone::rules
