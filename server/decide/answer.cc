#include "server/decide/answer.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "rules/facts/layout.h"

namespace touchstone::server {
namespace {

using rules::Cause;
using rules::Stage;

// Not a secret: equal answers must have equal hashes everywhere.
constexpr rules::SipKey kAnswerKey = {0x746f756368737430, 0x616e737765720001};

static_assert(static_cast<int>(Stage::kPaused) == v1::DECISION_STAGE_PAUSED);
static_assert(static_cast<int>(Stage::kEligible) == v1::DECISION_STAGE_ELIGIBLE);
static_assert(static_cast<int>(Stage::kLimit) == v1::DECISION_STAGE_LIMIT);
static_assert(static_cast<int>(Stage::kRank) == v1::DECISION_STAGE_RANK);

struct CauseText {
  const char* code;
  const char* text;
};

CauseText TextOf(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return {"", "ruled out at this stage"};
    case Cause::kCondition:
      return {"CONDITION", "a part of its condition does not hold"};
    case Cause::kError:
      return {"ERROR", "a part of its condition ended in an error"};
    case Cause::kInputMissing:
      return {"INPUT_MISSING", "it needs the customer's record, which did not come in time"};
    case Cause::kAnonymousLimit:
      return {"ANONYMOUS_LIMIT", "it has a limit per customer, and the customer is not known"};
    case Cause::kLimitReached:
      return {"LIMIT_REACHED", "a limit is used up"};
    case Cause::kSpent:
      return {"SPENT", "its budget has nothing left"};
    case Cause::kUnclaimed:
      return {"UNCLAIMED", "others took the last of what it is limited to"};
    case Cause::kNoCode:
      return {"NO_CODE", "no valid code was presented for it"};
    case Cause::kCodeNotRead:
      return {"INPUT_MISSING", "it needs a code, which could not be looked up in time"};
    case Cause::kNoGrant:
      return {"NO_GRANT", "the customer holds no valid grant of it"};
    case Cause::kGrantNotRead:
      return {"INPUT_MISSING",
              "it needs a grant of the customer's, whose record did not come in time"};
    case Cause::kNoCurrency:
      return {"NO_CURRENCY", "it has no amount in the basket's currency"};
    case Cause::kNoLines:
      return {"NO_LINES", "the basket has no line that it may touch"};
    case Cause::kNoSet:
      return {"NO_SET", "the units in the basket make no complete set"};
    case Cause::kNoTier:
      return {"NO_TIER", "less is bought than its first tier asks for"};
    case Cause::kNotAbovePrice:
      return {"NOT_ABOVE_PRICE", "what it is about costs no more than its price"};
    case Cause::kExcluded:
      return {"EXCLUDED", "an offer that it does not go together with was applied"};
    case Cause::kNothingLeft:
      return {"NOTHING_LEFT", "other offers have left nothing to take off"};
    case Cause::kTooSmall:
      return {"TOO_SMALL", "what it would take off rounds to nothing"};
    case Cause::kNoBasket:
      return {"NO_BASKET", "it changes baskets, and there is none"};
    case Cause::kOutranked:
      return {"OUTRANKED", "better offers took the places"};
    case Cause::kGroupFull:
      return {"GROUP_FULL", "the placement shows no more offers of its group"};
    case Cause::kNoTreatment:
      return {"NO_TREATMENT", "no placement that was asked for shows it"};
    case Cause::kStepLimit:
      return {"STEP_LIMIT", "the decision reached its step limit before it"};
    case Cause::kNotMatched:
      return {"NOT_MATCHED", "its condition does not hold"};
  }
  return {"", ""};
}

v1::CompletenessCause ToCause(const rules::Decision& decision, ReadFailure failure) {
  if (decision.cause == rules::CompletenessCause::kStepLimit) {
    return v1::COMPLETENESS_CAUSE_STEP_LIMIT;
  }
  if (decision.cause == rules::CompletenessCause::kCodesNotRead) {
    return v1::COMPLETENESS_CAUSE_CODES_NOT_READ;
  }
  switch (failure) {
    case ReadFailure::kOverload:
      return v1::COMPLETENESS_CAUSE_OVERLOAD;
    case ReadFailure::kStoreError:
      return v1::COMPLETENESS_CAUSE_STORE_ERROR;
    default:
      return v1::COMPLETENESS_CAUSE_CUSTOMER_NOT_READ;
  }
}

void Assign(absl::string_view text, std::string* to) { to->assign(text.data(), text.size()); }

void FillApplied(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                 const rules::BasketAnswer& basket, const RequestView& request,
                 v1::BasketResult* result) {
  for (const rules::AppliedOffer& applied : basket.applied) {
    const rules::OfferSpec& offer = rule_set.offers[applied.offer];
    v1::AppliedOffer* answer = result->add_applied_offers();
    answer->set_offer_id(offer.id);
    Assign(StageOf(offer), answer->mutable_stage());
    answer->set_amount_minor(applied.taken.amount_minor);
    answer->set_points(applied.points);
    answer->set_applications(Applications(applied));
    answer->set_cut_by_guard_rail(applied.cut_by_guard_rail);
    answer->set_title(offer.title);
    const Right right = RightThatBrought(input, request, applied.offer);
    Assign(right.code, answer->mutable_code());
    Assign(right.grant_id, answer->mutable_grant_id());
    answer->set_terms_hash(offer.terms_hash);
    if (applied.coupons > 0) {
      const rules::OfferSpec& good_for = rule_set.offers[offer.next_visit->offer];
      v1::PromisedCoupon* coupon = answer->mutable_coupon();
      coupon->set_offer_id(good_for.id);
      coupon->set_uses(applied.coupons);
      coupon->set_title(good_for.title);
    }
    if (applied.missing_gifts == 0) continue;
    v1::MissingGift* gift = answer->mutable_missing_gift();
    gift->set_sku(offer.benefit->gift->sku);
    gift->set_units(applied.missing_gifts);
    gift->set_prompt(PromptOf(*offer.benefit->gift));
  }
}

void FillLines(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
               const rules::BasketAnswer& basket, const RequestView& request,
               v1::BasketResult* result) {
  for (size_t i = 0; i < basket.lines.size(); ++i) {
    const LineView& asked = request.lines[i];
    v1::PricedLine* priced = result->add_lines();
    Assign(asked.line_id, priced->mutable_line_id());
    priced->set_gross_minor(basket.lines[i].gross_minor);
    priced->set_net_minor(basket.lines[i].net_minor);
    priced->set_caller_facts(HasCallerFacts(asked, input));
    priced->set_no_discount(input.basket.lines[i].is_marked_down());
  }
  for (const rules::LineTaking& taking : basket.takings) {
    const rules::OfferSpec& offer = rule_set.offers[taking.offer];
    v1::OfferShare* share = result->mutable_lines(static_cast<int>(taking.line))->add_taken();
    share->set_offer_id(offer.id);
    share->set_amount_minor(taking.amount_minor);
    share->set_quantity_thousandths(taking.quantity.thousandths);
  }
}

void FillTotals(const rules::Decision& decision, v1::BasketTotals* totals) {
  const rules::BasketAnswer& basket = decision.basket;
  totals->set_gross_minor(basket.gross_minor);
  totals->set_discount_minor(basket.gross_minor - basket.payable_minor);
  totals->set_payable_minor(basket.payable_minor);
  totals->set_merchandise_gross_minor(MinorUnits(decision, rules::kSlotBasketGross));
  totals->set_merchandise_net_minor(MinorUnits(decision, rules::kSlotBasketNet));
  totals->set_points(basket.points);
}

void FillBasket(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                const rules::Decision& decision, const RequestView& request, bool fallback,
                v1::DecideResponse* response) {
  const bool has_basket = request.message->has_basket();
  if (!has_basket && request.message->context().codes_size() == 0) return;
  v1::BasketResult* result = response->mutable_basket();
  if (has_basket) {
    result->set_state(StateOfPricing(fallback));
    result->set_currency_code(request.message->basket().currency_code());
  }
  for (int i = 0; i < request.message->context().codes_size(); ++i) {
    const size_t code = static_cast<size_t>(i);
    v1::CodeAnswer* answer = result->add_codes();
    answer->set_code(request.message->context().codes(i));
    answer->set_state(StateOfCode(input, decision, code, fallback));
    if (!fallback) Assign(input.codes[code].offer_id, answer->mutable_offer_id());
  }
  if (!has_basket || fallback) return;
  FillLines(rule_set, input, decision.basket, request, result);
  FillApplied(rule_set, input, decision.basket, request, result);
  FillTotals(decision, result->mutable_totals());
  result->set_search(SearchOf(decision.basket));
  result->set_greedy_gap_minor(decision.basket.greedy_gap_minor);
}

void FillPlacements(const rules::RuleSet& rule_set, const rules::Decision& decision,
                    v1::DecideResponse* response) {
  for (const rules::PlacementAnswer& answer : decision.placements) {
    const rules::PlacementSpec& spec = rule_set.placements[answer.placement];
    v1::PlacementAnswer* placement = response->add_placements();
    placement->set_placement(spec.name);
    for (const rules::ShownOffer& shown : answer.shown) {
      const rules::OfferOutcome& outcome = decision.offers[shown.offer];
      v1::ShownOffer* offer = placement->add_offers();
      offer->set_offer_id(rule_set.offers[shown.offer].id);
      offer->set_position(static_cast<int32_t>(shown.position) + 1);
      auto& fields = *offer->mutable_fields();
      for (size_t f = 0; f < shown.texts.size(); ++f) {
        Assign(shown.texts[f], &fields[spec.fields[f].name]);
      }
      offer->set_score_millionths(outcome.score_millionths);
      offer->set_value_millionths(ValueMillionths(outcome));
      offer->set_choice_probability_millionths(kCertain);
      offer->set_fallback(shown.fallback);
      FillReason(outcome, shown.fallback, offer->add_reasons());
    }
  }
}

void FillChange(const rules::NearMiss& near, v1::NearMiss* answer) {
  using Kind = rules::NearMissChange::Kind;
  switch (near.change.kind) {
    case Kind::kIdentify:
      return answer->set_identify(true);
    case Kind::kSpend:
      return answer->set_spend_minor(near.change.spend_minor);
    case Kind::kUnits:
      answer->mutable_units()->set_quantity_thousandths(near.change.quantity.thousandths);
      return Assign(near.sku, answer->mutable_units()->mutable_sku());
    case Kind::kFrom:
      // A window opens on a whole second.
      return answer->mutable_from_time()->set_seconds(absl::ToUnixSeconds(near.change.from));
  }
}

void FillNearMisses(const rules::RuleSet& rule_set, absl::Span<const rules::NearMiss> near_misses,
                    v1::DecideResponse* response) {
  for (const rules::NearMiss& near : near_misses) {
    v1::NearMiss* answer = response->add_near_misses();
    answer->set_offer_id(rule_set.offers[near.offer].id);
    FillChange(near, answer);
    answer->set_gain_minor(near.gain_minor);
    answer->set_gain_points(near.gain_points);
    for (const rules::NearMissText& said : near.texts) {
      const rules::PlacementSpec& placement = rule_set.placements[said.placement];
      v1::NearMissText* text = answer->add_texts();
      text->set_placement(placement.name);
      for (const rules::FieldText& field : said.fields) {
        Assign(field.text, &(*text->mutable_fields())[placement.fields[field.field].name]);
      }
    }
  }
}

void FillReasons(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                 const rules::Decision& decision, v1::DecideResponse* response) {
  for (const uint32_t offer : NotChosen(input, decision)) {
    v1::OfferReason* reason = response->add_reasons();
    reason->set_offer_id(rule_set.offers[offer].id);
    FillReason(decision.offers[offer], false, reason->mutable_reason());
  }
}

// Whether `a` came nearer to being chosen than `b`: it was ruled out later, or ranked higher.
bool CameNearer(const rules::OfferOutcome& a, const rules::OfferOutcome& b) {
  if (a.stage != b.stage) return a.stage > b.stage;
  return a.score_millionths > b.score_millionths;
}

}  // namespace

v1::PersonalState ToPersonal(rules::InputStatus status) {
  switch (status) {
    case rules::InputStatus::kPresent:
      return v1::PERSONAL_STATE_READ;
    case rules::InputStatus::kUnknown:
      return v1::PERSONAL_STATE_UNKNOWN;
    case rules::InputStatus::kAnonymous:
      return v1::PERSONAL_STATE_ANONYMOUS;
    case rules::InputStatus::kUnavailable:
      return v1::PERSONAL_STATE_NOT_READ;
  }
  return v1::PERSONAL_STATE_UNSPECIFIED;
}

AnswerCompleteness CompletenessOf(const rules::Decision& decision, const AnswerFacts& facts) {
  if (facts.fallback) {
    return {v1::COMPLETENESS_FALLBACK, v1::COMPLETENESS_CAUSE_BUDGET_SPENT};
  }
  if (decision.completeness == rules::Completeness::kPartial) {
    return {v1::COMPLETENESS_PARTIAL, ToCause(decision, facts.failure)};
  }
  return {v1::COMPLETENESS_COMPLETE, v1::COMPLETENESS_CAUSE_UNSPECIFIED};
}

AnswerReason ReasonOf(const rules::OfferOutcome& outcome, bool fallback) {
  if (fallback) {
    return {v1::DECISION_STAGE_CHOSEN, "FALLBACK", "fills a place that no other offer took"};
  }
  if (outcome.stage == Stage::kNone) {
    return {v1::DECISION_STAGE_CHOSEN, "",
            outcome.applied ? "it changed the basket" : "it ranked high enough"};
  }
  const CauseText text = TextOf(outcome.cause);
  return {static_cast<v1::DecisionStage>(outcome.stage), text.code, text.text};
}

int64_t MinorUnits(const rules::Decision& decision, uint16_t slot) {
  const rules::expr::Value& value = decision.facts[slot];
  return value.kind() == rules::expr::Kind::kMoney ? value.money_value().amount_minor : 0;
}

bool HasCallerFacts(const LineView& asked, const rules::DecisionInput& input) {
  return asked.has_product() && input.reference->products.Find(asked.sku) == nullptr;
}

absl::string_view StageOf(const rules::OfferSpec& offer) {
  return rules::PricingStageName(offer.benefit->stage);
}

int32_t Applications(const rules::AppliedOffer& applied) {
  return static_cast<int32_t>(
      std::min<int64_t>(applied.applications, std::numeric_limits<int32_t>::max()));
}

v1::CombinationSearch SearchOf(const rules::BasketAnswer& basket) {
  switch (basket.search) {
    case rules::CombinationSearch::kNone:
      return v1::COMBINATION_SEARCH_UNSPECIFIED;
    case rules::CombinationSearch::kExact:
      return v1::COMBINATION_SEARCH_EXACT;
    case rules::CombinationSearch::kGreedy:
      return v1::COMBINATION_SEARCH_GREEDY;
  }
  return v1::COMBINATION_SEARCH_UNSPECIFIED;
}

v1::GiftPrompt PromptOf(const rules::GiftSpec& gift) {
  switch (gift.prompt) {
    case rules::GiftPrompt::kScan:
      return v1::GIFT_PROMPT_SCAN;
    case rules::GiftPrompt::kPick:
      return v1::GIFT_PROMPT_PICK;
    case rules::GiftPrompt::kAdd:
      return v1::GIFT_PROMPT_ADD;
  }
  return v1::GIFT_PROMPT_UNSPECIFIED;
}

OffersNotChosen NotChosen(const rules::DecisionInput& input, const rules::Decision& decision) {
  OffersNotChosen next;
  for (const rules::PresentedCode& code : input.codes) {
    const bool is_open = code.standing == rules::CodeStanding::kValid &&
                         code.offer != rules::kNoOffer &&
                         decision.offers[code.offer].stage != Stage::kNone;
    if (!is_open || std::find(next.begin(), next.end(), code.offer) != next.end()) continue;
    next.offers[next.count++] = code.offer;
  }
  const size_t of_codes = next.count;
  for (const uint32_t i : decision.considered) {
    const rules::OfferOutcome& outcome = decision.offers[i];
    if (outcome.stage < Stage::kEligible) continue;  // chosen, or not on this occasion at all
    if (std::find(next.begin(), next.begin() + of_codes, i) != next.begin() + of_codes) continue;
    if (next.count == of_codes + kReasonsBehindChosen) {
      if (!CameNearer(outcome, decision.offers[next.offers[next.count - 1]])) continue;
      --next.count;
    }
    size_t at = next.count++;
    for (; at > of_codes && CameNearer(outcome, decision.offers[next.offers[at - 1]]); --at) {
      next.offers[at] = next.offers[at - 1];
    }
    next.offers[at] = i;
  }
  return next;
}

v1::CodeState StateOfCode(const rules::DecisionInput& input, const rules::Decision& decision,
                          size_t code, bool fallback) {
  if (fallback) return v1::CODE_STATE_UNSPECIFIED;
  const rules::PresentedCode& presented = input.codes[code];
  switch (presented.standing) {
    case rules::CodeStanding::kValid: {
      // A second code for the same offer is of no use, and is not used up.
      const bool accepted = presented.offer != rules::kNoOffer &&
                            decision.offers[presented.offer].stage == Stage::kNone &&
                            rules::FindCode(input.codes, presented.offer) == code;
      return accepted ? v1::CODE_STATE_ACCEPTED : v1::CODE_STATE_OFFER_REFUSED;
    }
    case rules::CodeStanding::kUnknown:
      return v1::CODE_STATE_UNKNOWN;
    case rules::CodeStanding::kNotYetValid:
      return v1::CODE_STATE_NOT_YET_VALID;
    case rules::CodeStanding::kExpired:
      return v1::CODE_STATE_EXPIRED;
    case rules::CodeStanding::kUsed:
      return v1::CODE_STATE_USED;
    case rules::CodeStanding::kReservedElsewhere:
      return v1::CODE_STATE_RESERVED_ELSEWHERE;
    case rules::CodeStanding::kNotYours:
      return v1::CODE_STATE_NOT_YOURS;
    case rules::CodeStanding::kRevoked:
      return v1::CODE_STATE_REVOKED;
    case rules::CodeStanding::kNotRead:
      return v1::CODE_STATE_NOT_READ;
  }
  return v1::CODE_STATE_UNSPECIFIED;
}

Right RightThatBrought(const rules::DecisionInput& input, const RequestView& request,
                       uint32_t offer) {
  if (const std::optional<size_t> code = rules::FindCode(input.codes, offer)) {
    return {.code = request.message->context().codes(static_cast<int>(*code))};
  }
  const std::optional<size_t> grant = rules::FindGrant(input.grants, offer);
  return {.grant_id = grant.has_value() ? input.grants[*grant].id : absl::string_view()};
}

void FillReason(const rules::OfferOutcome& outcome, bool fallback, v1::Reason* reason) {
  const AnswerReason said = ReasonOf(outcome, fallback);
  reason->set_stage(said.stage);
  Assign(said.code, reason->mutable_code());
  Assign(said.text, reason->mutable_text());
}

void FillAnswer(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                const rules::Decision& decision, const RequestView& request,
                const AnswerFacts& facts, v1::DecideResponse* response) {
  response->Clear();
  Assign(input.decision_id, response->mutable_decision_id());
  absl::StrAppend(response->mutable_revision(), kRevisionPrefix, facts.revision);
  if (facts.reference_version != 0) {
    absl::StrAppend(response->mutable_reference_version(), facts.reference_version);
  }
  const AnswerCompleteness completeness = CompletenessOf(decision, facts);
  response->set_completeness(completeness.completeness);
  response->set_completeness_cause(completeness.cause);
  response->set_personal(ToPersonal(input.customer));
  if (decision.segment_known) Assign(decision.segment, response->mutable_segment());
  FillBasket(rule_set, input, decision, request, facts.fallback, response);
  FillPlacements(rule_set, decision, response);
  FillNearMisses(rule_set, facts.near_misses, response);
  if (!facts.fallback) FillReasons(rule_set, input, decision, response);
}

rules::Hash128 AnswerHash(absl::string_view serialized_response) {
  return rules::SipHash128(kAnswerKey, serialized_response);
}

}  // namespace touchstone::server
