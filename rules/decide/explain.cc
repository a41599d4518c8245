#include "rules/decide/explain.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/decide/explained_facts.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::Value;

std::string FactText(expr::Slot slot, const RuleSet& rule_set, const Decision& decision,
                     uint32_t offer) {
  const Value value = slot.index == kSlotBasketNet ? NetAtTurn(rule_set, decision, offer)
                                                   : decision.facts[slot.index];
  const absl::string_view name = rule_set.layout->NameOf(slot);
  if (value.IsError()) return absl::StrCat(name, " is ", expr::ErrorCodeName(value.error()));
  if (IsPii(slot, rule_set)) return absl::StrCat(name, " is set");
  if (value.kind() == expr::Kind::kList) {
    return absl::StrCat(name, " has ", value.list_value().size, " elements");
  }
  if (value.kind() == expr::Kind::kTimestamp) {
    return absl::StrCat(
        name, " is ",
        absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", value.timestamp_value(), absl::UTCTimeZone()));
  }
  return absl::StrCat(name, " is ", expr::DebugString(value));
}

std::string ConditionText(const Condition& condition, const OfferOutcome& outcome,
                          const RuleSet& rule_set, const Decision& decision, uint32_t offer) {
  if (outcome.part >= condition.conjuncts.size()) return "its condition could not be decided";
  const Condition::Conjunct& conjunct = condition.conjuncts[outcome.part];
  std::string text = conjunct.text;
  switch (outcome.cause) {
    case Cause::kInputMissing:
      return absl::StrCat(text, " needs the customer's record, which did not come in time");
    case Cause::kStepLimit:
      return absl::StrCat(text, " could not be decided: the decision used up its steps");
    case Cause::kError:
      absl::StrAppend(&text, " ends in an error (", expr::ErrorCodeName(outcome.error), ")");
      break;
    default:
      absl::StrAppend(&text, " does not hold");
      break;
  }
  std::vector<std::string> facts;
  std::string now;
  for (const expr::Slot slot : conjunct.program.slots()) {
    if (slot.row != kDecisionRow) continue;
    facts.push_back(FactText(slot, rule_set, decision, offer));
    // What a reader knows already comes last.
    if (slot.index != kSlotNow) continue;
    now = std::move(facts.back());
    facts.pop_back();
  }
  if (!now.empty()) facts.push_back(std::move(now));
  if (facts.empty()) return text;
  return absl::StrCat(text, ": ", absl::StrJoin(facts, ", "));
}

std::string LimitText(const OfferSpec& offer, const OfferOutcome& outcome) {
  const absl::string_view id = offer.limits[outcome.part].id;
  switch (outcome.cause) {
    case Cause::kAnonymousLimit:
      return absl::StrCat("limit ", id, " counts per customer, and the customer is not known");
    case Cause::kInputMissing:
      return absl::StrCat("limit ", id, " needs the customer's record, which did not come in time");
    case Cause::kError:
      return absl::StrCat("at_most of limit ", id, " ends in an error (",
                          expr::ErrorCodeName(outcome.error), ")");
    case Cause::kStepLimit:
      return absl::StrCat("limit ", id, " could not be decided: the decision used up its steps");
    default:
      return absl::StrCat("limit ", id, " is reached");
  }
}

std::string BudgetText(const BudgetSpec& budget, Cause cause) {
  switch (cause) {
    case Cause::kNoCurrency:
      return absl::StrCat("its budget ", budget.name, " is in ", budget.currency.code(),
                          ", and the basket is not");
    case Cause::kUnclaimed:
      return absl::StrCat("others took the last of its budget ", budget.name);
    default:
      return absl::StrCat("its budget ", budget.name, " has nothing left");
  }
}

std::string CauseText(const OfferOutcome& outcome) {
  switch (outcome.cause) {
    case Cause::kNoCurrency:
      return "it has no amount in the currency of the basket";
    case Cause::kNoCode:
      return "no valid code was presented for it";
    case Cause::kCodeNotRead:
      return "it needs a code, which could not be looked up in time";
    case Cause::kNoGrant:
      return "she holds no valid grant of it, and no valid code was presented for it";
    case Cause::kGrantNotRead:
      return "she may hold a grant of it: it needs her record, which did not come in time";
    case Cause::kUnclaimed:
      return "another transaction took the last use of its code or grant";
    case Cause::kNoLines:
      return "no line of the basket is one that it works on";
    case Cause::kNoSet:
      return "the units in the basket make no complete set";
    case Cause::kNoTier:
      return "less is bought than its first tier asks for";
    case Cause::kNotAbovePrice:
      return "what it is about costs no more than its price";
    case Cause::kNothingLeft:
      return "the offers before it, a floor price or a guard rail leave nothing to take off";
    case Cause::kTooSmall:
      return "what it would take off rounds to nothing";
    case Cause::kNoBasket:
      return "it changes baskets, there is none, and no placement asked for shows it";
    case Cause::kNoTreatment:
      return "no placement asked for shows it";
    case Cause::kGroupFull:
      return "the placement shows as many offers of its group as it may";
    case Cause::kInputMissing:
      return "it needs the customer's record, which did not come in time";
    case Cause::kStepLimit:
      return "it could not be decided: the decision used up its steps";
    case Cause::kNotMatched:
      return "its condition does not hold";
    default:
      return "better offers took the places";
  }
}

std::string RequiresText(const OfferSpec& spec, const OfferOutcome& outcome,
                         const RuleSet& rule_set, const Decision& decision, uint32_t offer) {
  if (outcome.cause == Cause::kCondition || outcome.cause == Cause::kError) {
    return ConditionText(spec.requires_, outcome, rule_set, decision, offer);
  }
  // What is missing may be missing for the lines, not for the condition.
  return CauseText(outcome);
}

std::string PlentyOf(int64_t count, absl::string_view one, absl::string_view many) {
  return absl::StrCat(count, " ", count == 1 ? one : many);
}

// What the offer did to the basket. REQUIRES: it was applied.
std::string AppliedText(const OfferOutcome& outcome, const Decision& decision, uint32_t offer) {
  const AppliedOffer& applied = *FindApplied(decision.basket.applied, offer);
  if (applied.points > 0) return "it gives " + PlentyOf(applied.points, "point", "points");
  if (applied.coupons > 0) {
    return absl::StrCat("it gives ", PlentyOf(applied.coupons, "coupon", "coupons"),
                        " for a later visit");
  }
  if (applied.missing_gifts > 0 && outcome.taken.amount_minor == 0) {
    return absl::StrCat("it gives ", PlentyOf(applied.missing_gifts, "unit", "units"),
                        " that the basket does not have yet");
  }
  return absl::StrCat("it takes off ", Format(outcome.taken));
}

std::string WinText(const OfferOutcome& outcome, const Decision& decision, uint32_t offer) {
  if (!outcome.applied) return "it is shown";
  const std::string done = AppliedText(outcome, decision, offer);
  return outcome.shown ? absl::StrCat(done, " and is shown") : done;
}

}  // namespace

std::string ReasonText(const RuleSet& rule_set, const Decision& decision, uint32_t offer) {
  const OfferOutcome& outcome = decision.offers[offer];
  const OfferSpec& spec = rule_set.offers[offer];
  switch (outcome.stage) {
    case Stage::kNone:
      return WinText(outcome, decision, offer);
    case Stage::kPaused:
      return "it is paused";
    case Stage::kWindow:
      return outcome.cause == Cause::kNone ? "its window is not open" : CauseText(outcome);
    case Stage::kChannel:
      return absl::StrCat("it is not for channel ", decision.facts[kSlotChannel].string_value());
    case Stage::kEligible:
    case Stage::kSegment:
      // The index does not say which part of the condition it was.
      return IsOfCondition(outcome.cause) && outcome.cause != Cause::kNotMatched
                 ? ConditionText(spec.eligible, outcome, rule_set, decision, offer)
                 : CauseText(outcome);
    case Stage::kRequires:
      return RequiresText(spec, outcome, rule_set, decision, offer);
    case Stage::kStacking:
      if (outcome.cause == Cause::kExcluded) {
        return absl::StrCat("it does not go together with ", rule_set.offers[outcome.rival].id,
                            ", which was applied");
      }
      return CauseText(outcome);
    case Stage::kLimit:
      if (outcome.cause == Cause::kUnclaimed) {
        return "another transaction of the customer took the last of one of its limits";
      }
      return LimitText(spec, outcome);
    case Stage::kBudget:
      return BudgetText(rule_set.budgets[static_cast<size_t>(spec.budget)], outcome.cause);
    default:
      return CauseText(outcome);
  }
}

bool IsOfCondition(Cause cause) {
  switch (cause) {
    case Cause::kNoCurrency:
    case Cause::kNoCode:
    case Cause::kCodeNotRead:
    case Cause::kNoGrant:
    case Cause::kGrantNotRead:
    case Cause::kUnclaimed:
      return false;
    default:
      return true;
  }
}

}  // namespace touchstone::rules
