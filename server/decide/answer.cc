#include "server/decide/answer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/facts/layout.h"

namespace touchstone::server {
namespace {

using google::protobuf::internal::WireFormatLite;
using rules::Cause;
using rules::Stage;

// Not a secret: equal answers must have equal hashes everywhere.
constexpr SipKey kAnswerKey = {0x746f756368737430, 0x616e737765720001};

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
    case Cause::kNoCurrency:
      return {"NO_CURRENCY", "it has no amount in the basket's currency"};
    case Cause::kNoLines:
      return {"NO_LINES", "the basket has no line that it may touch"};
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
  }
  return {"", ""};
}

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

v1::CompletenessCause ToCause(const rules::Decision& decision, ReadFailure failure) {
  if (decision.cause == rules::CompletenessCause::kStepLimit) {
    return v1::COMPLETENESS_CAUSE_STEP_LIMIT;
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

void FillCompleteness(const rules::Decision& decision, const AnswerFacts& facts,
                      v1::DecideResponse* response) {
  if (facts.fallback) {
    response->set_completeness(v1::COMPLETENESS_FALLBACK);
    response->set_completeness_cause(v1::COMPLETENESS_CAUSE_BUDGET_SPENT);
  } else if (decision.completeness == rules::Completeness::kPartial) {
    response->set_completeness(v1::COMPLETENESS_PARTIAL);
    response->set_completeness_cause(ToCause(decision, facts.failure));
  } else {
    response->set_completeness(v1::COMPLETENESS_COMPLETE);
  }
}

void Assign(absl::string_view text, std::string* to) { to->assign(text.data(), text.size()); }

void FillApplied(const rules::RuleSet& rule_set, const rules::BasketAnswer& basket,
                 v1::BasketResult* result) {
  for (const rules::AppliedOffer& applied : basket.applied) {
    const rules::OfferSpec& offer = rule_set.offers[applied.offer];
    const bool order = offer.benefit->stage == rules::PricingStage::kOrder;
    v1::AppliedOffer* answer = result->add_applied_offers();
    answer->set_offer_id(offer.id);
    answer->set_stage(order ? "order" : "line");
    answer->set_amount_minor(applied.taken.amount_minor);
    answer->set_cut_by_guard_rail(applied.cut_by_guard_rail);
    answer->set_title(offer.title);
    int32_t lines = 0;
    for (const rules::LineTaking& taking : basket.takings) lines += taking.offer == applied.offer;
    answer->set_applications(order ? 1 : lines);
  }
}

void FillLines(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
               const rules::BasketAnswer& basket, const v1::DecideRequest& request,
               v1::BasketResult* result) {
  for (size_t i = 0; i < basket.lines.size(); ++i) {
    const rules::BasketLine& line = input.basket.lines[i];
    const v1::BasketLine& asked = request.basket().lines(static_cast<int>(i));
    v1::PricedLine* priced = result->add_lines();
    priced->set_line_id(asked.line_id());
    priced->set_gross_minor(basket.lines[i].gross_minor);
    priced->set_net_minor(basket.lines[i].net_minor);
    priced->set_caller_facts(asked.has_product() &&
                             input.reference->products.Find(asked.sku()) == nullptr);
    priced->set_no_discount(line.price_source == rules::PriceSource::kOverride ||
                            line.price_source == rules::PriceSource::kMarkdown);
  }
  for (const rules::LineTaking& taking : basket.takings) {
    const rules::OfferSpec& offer = rule_set.offers[taking.offer];
    v1::OfferShare* share = result->mutable_lines(static_cast<int>(taking.line))->add_taken();
    share->set_offer_id(offer.id);
    share->set_amount_minor(taking.amount_minor);
    if (offer.benefit->stage == rules::PricingStage::kLine) {
      share->set_quantity_thousandths(input.basket.lines[taking.line].quantity.thousandths);
    }
  }
}

void FillTotals(const rules::Decision& decision, v1::BasketTotals* totals) {
  const rules::BasketAnswer& basket = decision.basket;
  totals->set_gross_minor(basket.gross_minor);
  totals->set_discount_minor(basket.gross_minor - basket.payable_minor);
  totals->set_payable_minor(basket.payable_minor);
  const auto merchandise = [&decision](uint16_t slot) {
    const rules::expr::Value& value = decision.facts[slot];
    return value.kind() == rules::expr::Kind::kMoney ? value.money_value().amount_minor : 0;
  };
  totals->set_merchandise_gross_minor(merchandise(rules::kSlotBasketGross));
  totals->set_merchandise_net_minor(merchandise(rules::kSlotBasketNet));
}

void FillBasket(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                const rules::Decision& decision, const v1::DecideRequest& request, bool fallback,
                std::unique_ptr<v1::BasketResult> kept, v1::DecideResponse* response) {
  const bool has_basket = request.has_basket();
  if (!has_basket && request.context().codes_size() == 0) return;
  if (kept != nullptr) {
    kept->Clear();
    response->set_allocated_basket(kept.release());
  }
  v1::BasketResult* result = response->mutable_basket();
  if (has_basket) {
    result->set_state(fallback ? v1::PRICING_STATE_NOT_PRICED : v1::PRICING_STATE_PRICED);
    result->set_currency_code(request.basket().currency_code());
  }
  for (const std::string& code : request.context().codes()) {
    v1::CodeAnswer* answer = result->add_codes();
    answer->set_code(code);
    // No rule set of this version gives codes.
    answer->set_state(fallback ? v1::CODE_STATE_UNSPECIFIED : v1::CODE_STATE_UNKNOWN);
  }
  if (!has_basket || fallback) return;
  FillLines(rule_set, input, decision.basket, request, result);
  FillApplied(rule_set, decision.basket, result);
  FillTotals(decision, result->mutable_totals());
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
      offer->set_value_millionths(outcome.value_failed ? 0 : outcome.score_millionths);
      offer->set_choice_probability_millionths(1'000'000);
      offer->set_fallback(shown.fallback);
      FillReason(outcome, shown.fallback, offer->add_reasons());
    }
  }
}

// Whether `a` came nearer to being chosen than `b`: it was ruled out later, or ranked higher.
bool CameNearer(const rules::OfferOutcome& a, const rules::OfferOutcome& b) {
  if (a.stage != b.stage) return a.stage > b.stage;
  return a.score_millionths > b.score_millionths;
}

void FillReasonsBehindChosen(const rules::RuleSet& rule_set, const rules::Decision& decision,
                             v1::DecideResponse* response) {
  std::array<uint32_t, kReasonsBehindChosen> next = {};
  size_t found = 0;
  for (uint32_t i = 0; i < decision.offers.size(); ++i) {
    const rules::OfferOutcome& outcome = decision.offers[i];
    if (outcome.stage < Stage::kEligible) continue;  // chosen, or not on this occasion at all
    if (found == next.size()) {
      if (!CameNearer(outcome, decision.offers[next.back()])) continue;
      --found;
    }
    size_t at = found++;
    for (; at > 0 && CameNearer(outcome, decision.offers[next[at - 1]]); --at) {
      next[at] = next[at - 1];
    }
    next[at] = i;
  }
  for (size_t i = 0; i < found; ++i) {
    v1::OfferReason* reason = response->add_reasons();
    reason->set_offer_id(rule_set.offers[next[i]].id);
    FillReason(decision.offers[next[i]], false, reason->mutable_reason());
  }
}

// Where something lies in bytes.
struct Stretch {
  size_t begin = 0;
  size_t end = 0;
};

// All occurrences of an outermost field, which follow each other in bytes that protobuf wrote; at
// the end when there is none.
Stretch FindField(absl::string_view bytes, int field) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  Stretch found = {bytes.size(), bytes.size()};
  size_t begin = 0;
  while (const uint32_t tag = input.ReadTag()) {
    if (!WireFormatLite::SkipField(&input, tag)) break;
    const auto end = static_cast<size_t>(input.CurrentPosition());
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    if (number > field) break;
    if (number == field) found = {std::min(found.begin, begin), end};
    begin = end;
  }
  return found;
}

}  // namespace

void FillReason(const rules::OfferOutcome& outcome, bool fallback, v1::Reason* reason) {
  if (outcome.stage == Stage::kNone || fallback) {
    reason->set_stage(v1::DECISION_STAGE_CHOSEN);
    if (fallback) {
      reason->set_code("FALLBACK");
      reason->set_text("fills a place that no other offer took");
    } else {
      reason->set_text(outcome.applied ? "it changed the basket" : "it ranked high enough");
    }
    return;
  }
  const CauseText text = TextOf(outcome.cause);
  reason->set_stage(static_cast<v1::DecisionStage>(outcome.stage));
  reason->set_code(text.code);
  reason->set_text(text.text);
}

void FillAnswer(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                const rules::Decision& decision, const v1::DecideRequest& request,
                const AnswerFacts& facts, v1::DecideResponse* response) {
  // Clear would free the basket and all its lines, to make them again at once.
  std::unique_ptr<v1::BasketResult> basket(response->release_basket());
  response->Clear();
  Assign(input.decision_id, response->mutable_decision_id());
  absl::StrAppend(response->mutable_revision(), "revisions/", facts.revision);
  if (facts.reference_version != 0) {
    absl::StrAppend(response->mutable_reference_version(), facts.reference_version);
  }
  FillCompleteness(decision, facts, response);
  response->set_personal(ToPersonal(input.customer));
  if (decision.segment_known) Assign(decision.segment, response->mutable_segment());
  FillBasket(rule_set, input, decision, request, facts.fallback, std::move(basket), response);
  FillPlacements(rule_set, decision, response);
  if (!facts.fallback) FillReasonsBehindChosen(rule_set, decision, response);
}

absl::string_view SerializeDeterministic(const google::protobuf::MessageLite& message,
                                         std::string* memory) {
  const size_t size = message.ByteSizeLong();
  if (memory->size() < size) memory->resize(size);
  google::protobuf::io::ArrayOutputStream stream(memory->data(), static_cast<int>(size));
  google::protobuf::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&out);
  return absl::string_view(memory->data(), size);
}

absl::string_view SerializeFinished(const v1::DecideResponse& response, absl::string_view before,
                                    std::string* memory) {
  constexpr int kPlacements = v1::DecideResponse::kPlacementsFieldNumber;
  const Stretch stale = FindField(before, kPlacements);
  size_t size = before.size() - (stale.end - stale.begin);
  for (const v1::PlacementAnswer& placement : response.placements()) {
    size += WireFormatLite::TagSize(kPlacements, WireFormatLite::TYPE_MESSAGE) +
            WireFormatLite::LengthDelimitedSize(placement.ByteSizeLong());
  }
  const bool has_receipt = response.receipt() != v1::RECEIPT_STATE_UNSPECIFIED;
  if (has_receipt) {
    size += WireFormatLite::TagSize(v1::DecideResponse::kReceiptFieldNumber,
                                    WireFormatLite::TYPE_ENUM) +
            WireFormatLite::EnumSize(response.receipt());
  }
  if (memory->size() < size) memory->resize(size);
  google::protobuf::io::ArrayOutputStream stream(memory->data(), static_cast<int>(size));
  google::protobuf::io::CodedOutputStream out(&stream);
  out.WriteRaw(before.data(), static_cast<int>(stale.begin));
  for (const v1::PlacementAnswer& placement : response.placements()) {
    out.WriteTag(WireFormatLite::MakeTag(kPlacements, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
    out.WriteVarint32(static_cast<uint32_t>(placement.GetCachedSize()));
    placement.SerializeWithCachedSizes(&out);
  }
  out.WriteRaw(before.data() + stale.end, static_cast<int>(before.size() - stale.end));
  if (has_receipt) {
    WireFormatLite::WriteEnum(v1::DecideResponse::kReceiptFieldNumber, response.receipt(), &out);
  }
  return absl::string_view(memory->data(), size);
}

Hash128 AnswerHash(absl::string_view serialized_response) {
  return SipHash128(kAnswerKey, serialized_response);
}

}  // namespace touchstone::server
