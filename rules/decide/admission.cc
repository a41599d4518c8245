#include "rules/decide/admission.h"

#include <algorithm>

#include "rules/decide/verdict.h"
#include "rules/facts/layout.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;

OfferOutcome Refused(Stage stage, Cause cause, size_t part = 0,
                     ErrorCode error = ErrorCode::kAbsent) {
  OfferOutcome outcome;
  outcome.stage = stage;
  outcome.cause = cause;
  outcome.part = static_cast<uint16_t>(part);
  outcome.error = error;
  return outcome;
}

// The attribute or column `zone`, as a value of the decision row.
template <typename SlotOf>
Value ZoneFact(const std::vector<AttributeSpec>& attributes, const DecisionContext& context,
               SlotOf slot_of) {
  for (size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].name == "zone" && attributes[i].form == ValueForm::kTimezone)
      return context.state.facts[slot_of(i)];
  }
  return Value::Absent();
}

Value ZoneFact(WindowZone zone_of, const DecisionContext& context) {
  const FactLayout& layout = *context.rules.layout;
  const Schema& schema = context.rules.schema;
  switch (zone_of) {
    case WindowZone::kFixed:
      break;
    case WindowZone::kStore:
      return ZoneFact(schema.store.columns, context,
                      [&](size_t i) { return layout.store_slot(i); });
    case WindowZone::kCustomer:
      return ZoneFact(schema.customer, context, [&](size_t i) { return layout.customer_slot(i); });
  }
  return Value::Absent();
}

OfferOutcome AskWindow(const WindowSpec& window, DecisionContext& context) {
  const Value name = ZoneFact(window.zone_of, context);
  if (name.IsError() && IsMissing(name.error())) {
    return Refused(Stage::kWindow, CauseOfError(name.error()));
  }
  LocalClock& clock = context.state.clock;
  const absl::TimeZone zone = name.kind() == expr::Kind::kString
                                  ? clock.Named(name.string_value(), window.zone)
                                  : window.zone;
  return IsOpen(window, clock.In(zone)) ? OfferOutcome() : Refused(Stage::kWindow, Cause::kNone);
}

OfferOutcome AskPlacement(const OfferSpec& offer, const DecisionContext& context) {
  if (HasTreatmentAskedFor(offer, context.input)) return OfferOutcome();
  if (!ChangesBaskets(offer)) return Refused(Stage::kPlacement, Cause::kNoTreatment);
  if (!context.has_basket()) return Refused(Stage::kPlacement, Cause::kNoBasket);
  return OfferOutcome();
}

OfferOutcome AskCondition(const OfferSpec& offer, DecisionContext& context) {
  const Verdict verdict = Evaluate(offer.eligible, context);
  if (verdict.holds()) return OfferOutcome();
  const bool by_segment = offer.eligible.conjuncts[verdict.part].only_segment;
  const Stage stage = by_segment ? Stage::kSegment : Stage::kEligible;
  if (verdict.kind == Verdict::Kind::kFalse) {
    return Refused(stage, Cause::kCondition, verdict.part);
  }
  return Refused(stage, CauseOfError(verdict.error), verdict.part, verdict.error);
}

OfferOutcome AskCurrency(const OfferSpec& offer, const DecisionContext& context) {
  if (!context.has_basket() || !ChangesBaskets(offer) ||
      HasAmountsIn(*offer.benefit, context.input.basket.currency)) {
    return OfferOutcome();
  }
  return Refused(Stage::kEligible, Cause::kNoCurrency);
}

absl::Time StartOf(const LimitWindow& window, DecisionContext& context) {
  std::vector<CountingStart>& known = context.state.counting_starts;
  for (const CountingStart& start : known) {
    if (start.window.unit == window.unit && start.window.count == window.count) return start.start;
  }
  known.push_back({window, WindowStart(window, context.input.now, context.rules.schema.zone)});
  return known.back().start;
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

OfferOutcome AskLimit(const OfferSpec& offer, size_t part, DecisionContext& context) {
  const LimitSpec& limit = offer.limits[part];
  if (limit.per == LimitScope::kCustomer && context.input.customer != InputStatus::kPresent) {
    // Her count is not known, nor whether she is a customer at all.
    if (context.input.customer == InputStatus::kUnavailable) {
      return Refused(Stage::kLimit, Cause::kInputMissing, part, ErrorCode::kUnavailable);
    }
    if (limit.anonymous_unlimited) return OfferOutcome();
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
  if (Counted(offer, limit, context) < at_most) return OfferOutcome();
  return Refused(Stage::kLimit, Cause::kLimitReached, part);
}

OfferOutcome AskLimits(const OfferSpec& offer, DecisionContext& context) {
  for (size_t part = 0; part < offer.limits.size(); ++part) {
    const OfferOutcome outcome = AskLimit(offer, part, context);
    if (outcome.stage != Stage::kNone) return outcome;
  }
  return OfferOutcome();
}

OfferOutcome Ask(uint32_t index, DecisionContext& context) {
  const DecisionInput& input = context.input;
  const OfferSpec& offer = context.rules.offers[index];
  if (std::binary_search(input.paused.begin(), input.paused.end(), index)) {
    return Refused(Stage::kPaused, Cause::kNone);
  }
  OfferOutcome outcome;
  if (offer.window.has_value()) outcome = AskWindow(*offer.window, context);
  if (outcome.stage != Stage::kNone) return outcome;
  if ((offer.channels >> input.channel & 1) == 0) return Refused(Stage::kChannel, Cause::kNone);
  outcome = AskPlacement(offer, context);
  if (outcome.stage == Stage::kNone) outcome = AskCondition(offer, context);
  if (outcome.stage == Stage::kNone) outcome = AskCurrency(offer, context);
  if (outcome.stage == Stage::kNone) outcome = AskLimits(offer, context);
  return outcome;
}

void Admit(uint32_t offer, DecisionContext& context) {
  if (context.state.asked[offer] != 0) return;
  context.state.asked[offer] = 1;
  context.state.outcomes[offer] = Ask(offer, context);
}

}  // namespace

bool HasTreatmentAskedFor(const OfferSpec& offer, const DecisionInput& input) {
  for (const uint16_t placement : input.placements) {
    if (offer.treatments[placement].has_value()) return true;
  }
  return false;
}

void AdmitOffers(DecisionContext& context) {
  DecisionScratch::State& state = context.state;
  const size_t offers = context.rules.offers.size();
  state.asked.assign(offers, 0);
  state.outcomes.assign(offers, OfferOutcome());
  state.counting_starts.clear();
  state.contacts.assign(context.input.contacts.begin(), context.input.contacts.end());
  std::sort(state.contacts.begin(), state.contacts.end(),
            [](const Contact& a, const Contact& b) { return a.offer < b.offer; });
  for (const uint16_t placement : context.input.placements) {
    for (const uint32_t offer : context.rules.placements[placement].fallback) {
      Admit(offer, context);
    }
  }
  for (uint32_t offer = 0; offer < offers; ++offer) Admit(offer, context);
}

}  // namespace touchstone::rules
