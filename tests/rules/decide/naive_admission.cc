#include "tests/rules/decide/naive_admission.h"

#include <algorithm>
#include <optional>
#include <string>

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

bool Changes(const OfferSpec& offer) {
  return offer.applies != Applies::kNever && offer.benefit.has_value();
}

Cause CauseOf(ErrorCode error) {
  return error == ErrorCode::kUnavailable ? Cause::kInputMissing : Cause::kError;
}

class Admission {
 public:
  Admission(const RuleSet& rules, const DecisionInput& input, NaiveFacts& facts)
      : rules_(rules), input_(input), facts_(facts) {}

  OfferOutcome Admit(uint32_t index) {
    const OfferSpec& offer = rules_.offers[index];
    OfferOutcome outcome;
    if (offer.is_kept && !IsBrought(index)) {
      Refuse(outcome, Stage::kEligible, Cause::kNotMatched);
      return outcome;
    }
    if (std::count(input_.paused.begin(), input_.paused.end(), index) > 0) {
      Refuse(outcome, Stage::kPaused, Cause::kNone);
      return outcome;
    }
    if (offer.applies != Applies::kGranted || !IsBrought(index)) CheckWindow(offer, outcome);
    if (outcome.stage != Stage::kNone) return outcome;
    if ((offer.channels & (uint64_t{1} << input_.channel)) == 0) {
      Refuse(outcome, Stage::kChannel, Cause::kNone);
    } else if (!IsAskedFor(offer, input_) && !Changes(offer)) {
      Refuse(outcome, Stage::kPlacement, Cause::kNoTreatment);
    } else if (!IsAskedFor(offer, input_) && !facts_.has_basket()) {
      Refuse(outcome, Stage::kPlacement, Cause::kNoBasket);
    } else if (offer.applies == Applies::kCoded || offer.applies == Applies::kGranted) {
      CheckRight(index, outcome);
    }
    if (outcome.stage != Stage::kNone) return outcome;
    if (const NaiveAnswer answer = facts_.Ask(offer.eligible); answer.kind != NaiveAnswer::kYes) {
      const bool segment = offer.eligible.conjuncts[static_cast<size_t>(answer.part)].only_segment;
      Refuse(outcome, segment ? Stage::kSegment : Stage::kEligible, CauseOf(answer), answer.part);
    } else if (facts_.has_basket() && Changes(offer) &&
               !HasAmountsIn(*offer.benefit, input_.basket.currency)) {
      Refuse(outcome, Stage::kEligible, Cause::kNoCurrency);
    }
    for (int i = 0; outcome.stage == Stage::kNone && i < static_cast<int>(offer.limits.size());
         ++i) {
      CheckLimit(offer, i, outcome);
    }
    if (outcome.stage == Stage::kNone && !offer.limits.empty() &&
        IsUnclaimed(index, Unclaimable::kLimit)) {
      Refuse(outcome, Stage::kLimit, Cause::kUnclaimed);
    }
    if (outcome.stage == Stage::kNone && offer.budget >= 0) CheckBudget(index, outcome);
    return outcome;
  }

 private:
  std::optional<absl::TimeZone> ZoneOf(const WindowSpec& window) {
    const std::vector<Value>& facts = facts_.facts();
    Value name;
    for (uint16_t slot = 0; slot < facts.size(); ++slot) {
      const absl::string_view fact = rules_.layout->NameOf({0, slot});
      if (window.zone_of == WindowZone::kStore && fact == "store.zone") name = facts[slot];
      if (window.zone_of == WindowZone::kCustomer && fact == "customer.zone") name = facts[slot];
    }
    if (name.IsError() && name.error() == ErrorCode::kUnavailable) return std::nullopt;
    absl::TimeZone zone;
    const bool named = name.kind() == expr::Kind::kString &&
                       absl::LoadTimeZone(std::string(name.string_value()), &zone);
    return named ? zone : window.zone;
  }

  void CheckWindow(const OfferSpec& offer, OfferOutcome& outcome) {
    if (!offer.window.has_value()) return;
    const std::optional<absl::TimeZone> zone = ZoneOf(*offer.window);
    if (!zone.has_value()) return Refuse(outcome, Stage::kWindow, Cause::kInputMissing);
    if (IsOpen(*offer.window, absl::ToCivilMinute(input_.now, *zone))) return;
    Refuse(outcome, Stage::kWindow, Cause::kNone);
  }

  void CheckLimit(const OfferSpec& offer, int part, OfferOutcome& outcome) {
    const LimitSpec& limit = offer.limits[static_cast<size_t>(part)];
    const bool present = input_.customer == InputStatus::kPresent;
    const bool late = input_.customer == InputStatus::kUnavailable;
    if (limit.per == LimitScope::kCustomer && late) {
      return Refuse(outcome, Stage::kLimit, Cause::kInputMissing, part);
    }
    if (limit.per == LimitScope::kCustomer && !present) {
      if (limit.anonymous_unlimited) return;
      return Refuse(outcome, Stage::kLimit, Cause::kAnonymousLimit, part);
    }
    int64_t at_most = limit.at_most;
    if (limit.at_most_formula.has_value()) {
      const Value value = facts_.Run(*limit.at_most_formula);
      if (value.IsError()) return Refuse(outcome, Stage::kLimit, CauseOf(value.error()), part);
      at_most = value.int_value();
    }
    const absl::Time start = WindowStart(limit.over, input_.now, rules_.schema.zone);
    int64_t count = 0;
    for (const Contact& contact : input_.contacts) {
      const bool counts = contact.offer == offer.stable_id && contact.kind == limit.count &&
                          contact.time >= start && contact.time <= input_.now;
      count += limit.per == LimitScope::kCustomer && counts ? 1 : 0;
    }
    if (count >= at_most) Refuse(outcome, Stage::kLimit, Cause::kLimitReached, part);
  }

  bool IsUnclaimed(uint32_t index, Unclaimable what) const {
    bool found = false;
    for (const UnclaimedOffer& one : input_.unclaimed) {
      found |= one.offer == index && one.what == what;
    }
    return found;
  }

  // By a code or, where it is granted, by a grant.
  bool IsBrought(uint32_t index) const {
    bool valid = false;
    for (const PresentedCode& code : input_.codes) {
      valid |= code.standing == CodeStanding::kValid && code.offer == index;
    }
    for (const HeldGrant& grant : input_.grants) {
      valid |= rules_.offers[index].applies == Applies::kGranted &&
               grant.standing == CodeStanding::kValid && grant.offer == index;
    }
    return valid;
  }

  void CheckRight(uint32_t index, OfferOutcome& outcome) const {
    const OfferSpec& offer = rules_.offers[index];
    const bool granted = offer.applies == Applies::kGranted;
    if (IsBrought(index)) {
      if (IsUnclaimed(index, Unclaimable::kCode)) {
        Refuse(outcome, Stage::kEligible, Cause::kUnclaimed);
      }
      return;
    }
    if (granted && offer.promise.has_value() && !facts_.has_basket()) return;
    if (granted && input_.customer == InputStatus::kUnavailable) {
      return Refuse(outcome, Stage::kEligible, Cause::kGrantNotRead);
    }
    bool not_read = false;
    for (const PresentedCode& code : input_.codes) {
      not_read |= code.standing == CodeStanding::kNotRead;
    }
    Refuse(outcome, Stage::kEligible,
           not_read  ? Cause::kCodeNotRead
           : granted ? Cause::kNoGrant
                     : Cause::kNoCode);
  }

  void CheckBudget(uint32_t index, OfferOutcome& outcome) const {
    const int32_t number = rules_.offers[index].budget;
    const BudgetSpec& budget = rules_.budgets[static_cast<size_t>(number)];
    const bool by_money = budget.amount_minor.has_value() || budget.per_day_minor.has_value();
    if (by_money && facts_.has_basket() && !(budget.currency == input_.basket.currency)) {
      Refuse(outcome, Stage::kBudget, Cause::kNoCurrency);
    } else if (std::count(input_.closed_budgets.begin(), input_.closed_budgets.end(), number) > 0) {
      Refuse(outcome, Stage::kBudget, Cause::kSpent);
    } else if (IsUnclaimed(index, Unclaimable::kBudget)) {
      Refuse(outcome, Stage::kBudget, Cause::kUnclaimed);
    }
  }

  const RuleSet& rules_;
  const DecisionInput& input_;
  NaiveFacts& facts_;
};

}  // namespace

OfferOutcome AdmitNaively(const RuleSet& rules, const DecisionInput& input, NaiveFacts& facts,
                          uint32_t index) {
  return Admission(rules, input, facts).Admit(index);
}

bool IsAskedFor(const OfferSpec& offer, const DecisionInput& input) {
  return std::any_of(input.placements.begin(), input.placements.end(),
                     [&](uint16_t p) { return offer.treatments[p].has_value(); });
}

void Refuse(OfferOutcome& outcome, Stage stage, Cause cause, int part) {
  outcome.stage = stage;
  outcome.cause = cause;
  outcome.part = static_cast<uint16_t>(part);
}

Cause CauseOf(const NaiveAnswer& answer) {
  return answer.kind == NaiveAnswer::kNo ? Cause::kCondition : CauseOf(answer.error);
}

}  // namespace touchstone::rules
