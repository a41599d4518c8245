#include "rules/decide/admission.h"

#include <algorithm>
#include <optional>

#include "absl/base/attributes.h"
#include "rules/decide/verdict.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

// What rules an offer out: the part of its outcome that admission finds. Small enough to be
// returned in a register, thousands of times a decision.
struct Refusal {
  Stage stage = Stage::kNone;  // kNone: nothing
  Cause cause = Cause::kNone;
  uint16_t part = 0;
  ErrorCode error = ErrorCode::kAbsent;

  bool none() const { return stage == Stage::kNone; }
};
static_assert(sizeof(Refusal) == 8);

Refusal Refused(Stage stage, Cause cause, size_t part = 0, ErrorCode error = ErrorCode::kAbsent) {
  return {stage, cause, static_cast<uint16_t>(part), error};
}

// What the schema says of the store's or the customer's zone, as a value of the decision row.
Value ZoneFact(WindowZone zone_of, const DecisionContext& context) {
  const FactLayout& layout = *context.rules.layout;
  const std::optional<uint16_t> slot = zone_of == WindowZone::kStore ? layout.store_zone_slot()
                                       : zone_of == WindowZone::kCustomer
                                           ? layout.customer_zone_slot()
                                           : std::nullopt;
  return slot.has_value() ? context.state.facts[*slot] : Value::Absent();
}

// Not inlined, as AskLimits is not: few offers come to it, and what all offers go through stays
// small.
ABSL_ATTRIBUTE_NOINLINE Refusal AskWindow(const WindowSpec& window, DecisionContext& context) {
  const Value name = ZoneFact(window.zone_of, context);
  if (name.IsError() && IsMissing(name.error())) {
    return Refused(Stage::kWindow, CauseOfError(name.error()));
  }
  const LocalMinute& local = context.state.clock.In(ZoneOf(window, context));
  return IsOpen(window, local) ? Refusal() : Refused(Stage::kWindow, Cause::kNone);
}

Refusal AskWindow(uint32_t window, DecisionContext& context) {
  KnownWindow& known = context.state.windows[window];
  if (!known.known) {
    const Refusal refusal = AskWindow(context.rules.scan.windows[window], context);
    known = {true, refusal.stage, refusal.cause};
  }
  return Refused(known.stage, known.cause);
}

Refusal AskPlacement(uint32_t index, const DecisionContext& context) {
  if (HasTreatmentAskedFor(index, context)) return Refusal();
  if (!context.rules.scan.offers[index].changes_baskets) {
    return Refused(Stage::kPlacement, Cause::kNoTreatment);
  }
  if (!context.has_basket()) return Refused(Stage::kPlacement, Cause::kNoBasket);
  return Refusal();
}

Refusal AskCondition(uint32_t index, DecisionContext& context) {
  const OfferScan& scan = context.rules.scan;
  const absl::Span<const uint32_t> parts = scan.EligibleParts(index);
  const Verdict verdict = EvaluateParts(parts, context);
  if (verdict.holds()) return Refusal();
  const bool by_segment = scan.conjuncts[parts[verdict.part]].only_segment;
  const Stage stage = by_segment ? Stage::kSegment : Stage::kEligible;
  if (verdict.kind == Verdict::Kind::kFalse) {
    return Refused(stage, Cause::kCondition, verdict.part);
  }
  return Refused(stage, CauseOfError(verdict.error), verdict.part, verdict.error);
}

Refusal AskCurrency(const OfferSpec& offer, const DecisionContext& context) {
  if (!context.has_basket() || !ChangesBaskets(offer) ||
      HasAmountsIn(*offer.benefit, context.input.basket.currency)) {
    return Refusal();
  }
  return Refused(Stage::kEligible, Cause::kNoCurrency);
}

absl::Span<const Contact> ContactsOf(uint32_t offer, const DecisionContext& context) {
  const std::vector<Contact>& contacts = context.state.contacts;
  const auto begin =
      std::lower_bound(contacts.begin(), contacts.end(), offer,
                       [](const Contact& contact, uint32_t id) { return contact.offer < id; });
  const auto end = std::find_if(begin, contacts.end(),
                                [offer](const Contact& contact) { return contact.offer != offer; });
  return absl::MakeConstSpan(contacts).subspan(static_cast<size_t>(begin - contacts.begin()),
                                               static_cast<size_t>(end - begin));
}

int64_t Counted(const OfferSpec& offer, const LimitSpec& limit, DecisionContext& context) {
  if (limit.per == LimitScope::kBasket) return 0;  // an offer works on one basket once
  return CountContacts(ContactsOf(offer.stable_id, context), offer.stable_id, limit.count,
                       StartOf(limit.over, context), context.input.now);
}

Refusal AskLimit(const OfferSpec& offer, size_t part, DecisionContext& context) {
  const LimitSpec& limit = offer.limits[part];
  if (limit.per == LimitScope::kCustomer && context.input.customer != InputStatus::kPresent) {
    // Her count is not known, nor whether she is a customer at all.
    if (context.input.customer == InputStatus::kUnavailable) {
      return Refused(Stage::kLimit, Cause::kInputMissing, part, ErrorCode::kUnavailable);
    }
    if (limit.anonymous_unlimited) return Refusal();
    return Refused(Stage::kLimit, Cause::kAnonymousLimit, part);
  }
  int64_t at_most = limit.at_most;
  if (limit.at_most_formula.has_value()) {
    const Value formula = Evaluate(*limit.at_most_formula, context);
    if (formula.kind() != expr::Kind::kInt) {
      const ErrorCode error = formula.IsError() ? formula.error() : ErrorCode::kNoOverload;
      return Refused(Stage::kLimit, CauseOfError(error), part, error);
    }
    at_most = formula.int_value();
  }
  if (Counted(offer, limit, context) < at_most) return Refusal();
  return Refused(Stage::kLimit, Cause::kLimitReached, part);
}

// Few offers are ever unclaimed at once: those that one transaction could not have.
bool IsUnclaimed(uint32_t index, Unclaimable what, const DecisionContext& context) {
  const absl::Span<const UnclaimedOffer> unclaimed = context.input.unclaimed;
  return std::any_of(unclaimed.begin(), unclaimed.end(), [&](const UnclaimedOffer& one) {
    return one.offer == index && one.what == what;
  });
}

// A grant in a record that did not come, and a code that could not be looked up, may be this
// offer's.
ABSL_ATTRIBUTE_NOINLINE Refusal AskRight(uint32_t index, const DecisionContext& context) {
  const DecisionInput& input = context.input;
  const NeededRight needed = context.rules.scan.offers[index].right;
  if (HasRight(index, context)) {
    if (!IsUnclaimed(index, Unclaimable::kCode, context)) return Refusal();
    return Refused(Stage::kEligible, Cause::kUnclaimed);
  }
  if (needed == NeededRight::kGrantToApply && !context.has_basket()) return Refusal();
  if (needed != NeededRight::kCode && input.customer == InputStatus::kUnavailable) {
    return Refused(Stage::kEligible, Cause::kGrantNotRead);
  }
  if (IsACodeNotRead(input.codes)) return Refused(Stage::kEligible, Cause::kCodeNotRead);
  return Refused(Stage::kEligible, needed == NeededRight::kCode ? Cause::kNoCode : Cause::kNoGrant);
}

// The window of a granted offer says when it is granted: whoever holds a grant is not asked.
bool IsWindowAsked(uint32_t index, const DecisionContext& context) {
  const ScannedOffer& scanned = context.rules.scan.offers[index];
  if (scanned.window == kNoWindow) return false;
  return !scanned.asks_for_grant() || !HasRight(index, context);
}

ABSL_ATTRIBUTE_NOINLINE Refusal AskLimits(uint32_t index, DecisionContext& context) {
  const OfferSpec& offer = context.rules.offers[index];
  for (size_t part = 0; part < offer.limits.size(); ++part) {
    const Refusal refusal = AskLimit(offer, part, context);
    if (!refusal.none()) return refusal;
  }
  if (!IsUnclaimed(index, Unclaimable::kLimit, context)) return Refusal();
  return Refused(Stage::kLimit, Cause::kUnclaimed);
}

bool IsAmong(uint32_t index, absl::Span<const uint32_t> ascending) {
  return !ascending.empty() && std::binary_search(ascending.begin(), ascending.end(), index);
}

// What is taken from a basket in another currency could not be booked on a budget of money.
ABSL_ATTRIBUTE_NOINLINE Refusal AskBudget(uint32_t index, const DecisionContext& context) {
  const auto number = static_cast<uint32_t>(context.rules.offers[index].budget);
  const BudgetSpec& budget = context.rules.budgets[number];
  if (context.has_basket() && budget.counts_money() &&
      budget.currency != context.input.basket.currency) {
    return Refused(Stage::kBudget, Cause::kNoCurrency);
  }
  if (IsAmong(number, context.input.closed_budgets)) return Refused(Stage::kBudget, Cause::kSpent);
  if (!IsUnclaimed(index, Unclaimable::kBudget, context)) return Refusal();
  return Refused(Stage::kBudget, Cause::kUnclaimed);
}

// Whether the condition is known to hold.
enum class Matched : uint8_t { kYes, kUnknown };

Refusal Ask(uint32_t index, Matched matched, DecisionContext& context) {
  const DecisionInput& input = context.input;
  const ScannedOffer& scanned = context.rules.scan.offers[index];
  if (IsAmong(index, input.paused)) return Refused(Stage::kPaused, Cause::kNone);
  Refusal refusal;
  if (IsWindowAsked(index, context)) refusal = AskWindow(scanned.window, context);
  if (!refusal.none()) return refusal;
  if ((scanned.channels >> input.channel & 1) == 0) return Refused(Stage::kChannel, Cause::kNone);
  refusal = AskPlacement(index, context);
  if (refusal.none() && scanned.right != NeededRight::kNone) refusal = AskRight(index, context);
  if (refusal.none() && matched == Matched::kUnknown) refusal = AskCondition(index, context);
  if (!refusal.none()) return refusal;
  if (scanned.changes_baskets) refusal = AskCurrency(context.rules.offers[index], context);
  if (refusal.none() && scanned.has_limits) refusal = AskLimits(index, context);
  if (refusal.none() && scanned.has_budget) refusal = AskBudget(index, context);
  return refusal;
}

OfferOutcome OutcomeOf(Refusal refusal) {
  OfferOutcome outcome;
  outcome.stage = refusal.stage;
  outcome.cause = refusal.cause;
  outcome.part = refusal.part;
  outcome.error = refusal.error;
  return outcome;
}

OfferOutcome NotMatched() { return OutcomeOf(Refused(Stage::kEligible, Cause::kNotMatched)); }

void Consider(uint32_t offer, Matched matched, DecisionContext& context) {
  context.state.outcomes[offer] = OutcomeOf(Ask(offer, matched, context));
  context.state.considered.push_back(offer);
}

void StartAdmission(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const OfferScan& scan = context.rules.scan;
  if (++state.decision_number == 0 || state.conjuncts.size() != scan.conjuncts.size()) {
    state.conjuncts.assign(scan.conjuncts.size(), KnownConjunct());
    state.decision_number = 1;
  }
  state.windows.assign(scan.windows.size(), KnownWindow());
  if (state.outcomes.size() == scan.offers.size() && !state.reset_all) {
    for (const uint32_t offer : state.considered) state.outcomes[offer] = NotMatched();
  } else {
    state.outcomes.assign(scan.offers.size(), NotMatched());
    state.reset_all = false;
  }
  state.considered.clear();
  state.admitted.clear();
  state.contacts.assign(context.input.contacts.begin(), context.input.contacts.end());
  std::sort(state.contacts.begin(), state.contacts.end(),
            [](const Contact& a, const Contact& b) { return a.offer < b.offer; });
}

// What is asked about whether or not its condition holds, ascending, each once: the fallback offers
// of the placements asked for, and what valid codes and grants are for.
void CollectAskedFor(DecisionContext& context) {
  std::vector<uint32_t>& asked_for = context.state.asked_for;
  asked_for.clear();
  for (const uint16_t placement : context.input.placements) {
    const std::vector<uint32_t>& offers = context.rules.placements[placement].fallback;
    asked_for.insert(asked_for.end(), offers.begin(), offers.end());
  }
  for (const PresentedCode& code : context.input.codes) {
    if (code.standing == CodeStanding::kValid && code.offer != kNoOffer) {
      asked_for.push_back(code.offer);
    }
  }
  for (const HeldGrant& grant : context.input.grants) {
    if (grant.standing == CodeStanding::kValid) asked_for.push_back(grant.offer);
  }
  std::sort(asked_for.begin(), asked_for.end());
  asked_for.erase(std::unique(asked_for.begin(), asked_for.end()), asked_for.end());
}

// The offers whose condition holds, ascending, into state.matched.
void MatchOffers(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const EligibilityIndex& index = context.rules.index;
  state.matched.clear();
  if (state.step_limit_reached || !state.expr.Spend(index.steps())) {
    state.step_limit_reached = true;
    for (uint32_t offer = 0; offer < context.rules.scan.offers.size(); ++offer) {
      const OfferScan& scan = context.rules.scan;
      if (scan.offers[offer].is_kept) continue;
      if (scan.EligibleParts(offer).empty()) state.matched.push_back(offer);
    }
    return;
  }
  const auto ask_plainly = [&context](uint32_t offer) {
    return EvaluateParts(context.rules.scan.EligibleParts(offer), context).holds();
  };
  EligibilityProbe probe{state.frame, state.expr, ask_plainly};
  index.Match(probe, state.eligibility, state.matched);
  state.step_limit_reached = state.step_limit_reached || probe.step_limit_reached;
}

// Asks offers that the index did not match for the first thing that rules them out, each by the
// plain evaluator, as if it were the only one, and with steps of its own: the decision's are left
// as they are.
class PlainAsking {
 public:
  explicit PlainAsking(DecisionContext& context)
      : context_(context), step_limit_reached_(context.state.step_limit_reached) {}
  ~PlainAsking() { context_.state.step_limit_reached = step_limit_reached_; }
  PlainAsking(const PlainAsking&) = delete;
  PlainAsking& operator=(const PlainAsking&) = delete;

  void Refuse(uint32_t offer) const {
    DecisionScratch::State& state = context_.state;
    state.expr.Refill(context_.input.step_limit);
    state.step_limit_reached = false;
    Refusal refusal = Ask(offer, Matched::kUnknown, context_);
    if (refusal.none()) {
      // With the steps that were left the index could not tell.
      if (!step_limit_reached_) return;
      refusal = Refused(Stage::kEligible, Cause::kStepLimit);
    }
    state.outcomes[offer] = OutcomeOf(refusal);
  }

 private:
  DecisionContext& context_;
  const bool step_limit_reached_;
};

}  // namespace

// A window begins on a second, whatever the fraction of the one that it is asked in.
absl::Time StartOf(const LimitWindow& window, DecisionContext& context) {
  const absl::TimeZone zone = context.rules.schema.zone;
  std::vector<CountingStart>& known = context.state.counting_starts;
  for (const CountingStart& start : known) {
    if (start.window.unit == window.unit && start.window.count == window.count &&
        start.zone == zone) {
      return start.start;
    }
  }
  known.push_back({window, zone, WindowStart(window, context.input.now, zone)});
  return known.back().start;
}

absl::TimeZone ZoneOf(const WindowSpec& window, DecisionContext& context) {
  const Value name = ZoneFact(window.zone_of, context);
  if (name.kind() != expr::Kind::kString) return window.zone;
  return context.state.clock.Named(name.string_value()).value_or(window.zone);
}

bool HasRight(uint32_t offer, const DecisionContext& context) {
  switch (context.rules.scan.offers[offer].right) {
    case NeededRight::kNone:
      return false;
    case NeededRight::kCode:
      return FindCode(context.input.codes, offer).has_value();
    case NeededRight::kGrant:
    case NeededRight::kGrantToApply:
      return FindGrant(context.input.grants, offer).has_value() ||
             FindCode(context.input.codes, offer).has_value();
  }
  return false;
}

bool HasOneOfTheTreatments(uint32_t offer, const DecisionContext& context) {
  const std::vector<std::optional<TreatmentSpec>>& treatments =
      context.rules.offers[offer].treatments;
  for (const uint16_t placement : context.input.placements) {
    if (treatments[placement].has_value()) return true;
  }
  return false;
}

void AdmitOffers(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  StartAdmission(context);
  CollectAskedFor(context);
  for (const uint32_t offer : state.asked_for) Consider(offer, Matched::kUnknown, context);
  state.considered.clear();
  MatchOffers(context);
  auto asked_for = state.asked_for.begin();
  for (const uint32_t offer : state.matched) {
    for (; asked_for != state.asked_for.end() && *asked_for < offer; ++asked_for) {
      state.considered.push_back(*asked_for);
    }
    if (asked_for != state.asked_for.end() && *asked_for == offer) continue;
    Consider(offer, Matched::kYes, context);
  }
  state.considered.insert(state.considered.end(), asked_for, state.asked_for.end());
  for (const uint32_t offer : state.considered) {
    if (state.outcomes[offer].stage == Stage::kNone) state.admitted.push_back(offer);
  }
}

void RefuseSome(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const auto refused = std::count_if(
      state.considered.begin(), state.considered.end(),
      [&](uint32_t offer) { return state.outcomes[offer].stage >= Stage::kEligible; });
  if (static_cast<size_t>(refused) >= kFewestReasons) return;
  const size_t considered = state.considered.size();
  const PlainAsking asking(context);
  for (uint32_t offer = 0, asked = 0; offer < state.outcomes.size() && asked < kMostAskedForReasons;
       ++offer) {
    if (state.outcomes[offer].cause != Cause::kNotMatched) continue;
    if (context.rules.scan.offers[offer].is_kept) continue;
    ++asked;
    asking.Refuse(offer);
    state.considered.push_back(offer);
  }
  if (state.considered.size() > considered) {
    std::sort(state.considered.begin(), state.considered.end());
  }
}

void RefuseTheRest(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const PlainAsking asking(context);
  for (uint32_t offer = 0; offer < state.outcomes.size(); ++offer) {
    if (context.rules.scan.offers[offer].is_kept) continue;
    if (state.outcomes[offer].cause == Cause::kNotMatched) asking.Refuse(offer);
  }
  state.reset_all = true;
}

}  // namespace touchstone::rules
