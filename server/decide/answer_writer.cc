#include "server/decide/answer_writer.h"

#include "absl/strings/str_cat.h"
#include "rules/facts/layout.h"

namespace touchstone::server {
namespace {

constexpr uint32_t kNone = ~uint32_t{0};

// How many bytes the length of a submessage most often takes.
constexpr size_t kLongLength = 2;

void WriteReason(int field, const rules::OfferOutcome& outcome, bool fallback, WireWriter& out) {
  using Field = v1::Reason;
  const AnswerReason reason = ReasonOf(outcome, fallback);
  const WireWriter::Submessage message = out.Begin(field);
  out.Number(Field::kStageFieldNumber, reason.stage);
  out.Text(Field::kCodeFieldNumber, reason.code);
  out.Text(Field::kTextFieldNumber, reason.text);
  out.End(message);
}

void WriteTotals(const rules::Decision& decision, WireWriter& out) {
  using Field = v1::BasketTotals;
  const rules::BasketAnswer& basket = decision.basket;
  const WireWriter::Submessage totals = out.Begin(v1::BasketResult::kTotalsFieldNumber);
  out.Number(Field::kGrossMinorFieldNumber, basket.gross_minor);
  out.Number(Field::kDiscountMinorFieldNumber, basket.gross_minor - basket.payable_minor);
  out.Number(Field::kPayableMinorFieldNumber, basket.payable_minor);
  out.Number(Field::kMerchandiseGrossMinorFieldNumber,
             MinorUnits(decision, rules::kSlotBasketGross));
  out.Number(Field::kMerchandiseNetMinorFieldNumber, MinorUnits(decision, rules::kSlotBasketNet));
  out.Number(Field::kPointsFieldNumber, basket.points);
  out.End(totals);
}

void WriteCodes(const rules::DecisionInput& input, const rules::Decision& decision,
                const RequestView& request, bool fallback, WireWriter& out) {
  for (int i = 0; i < request.message->context().codes_size(); ++i) {
    const size_t code = static_cast<size_t>(i);
    const WireWriter::Submessage answer = out.Begin(v1::BasketResult::kCodesFieldNumber);
    out.Text(v1::CodeAnswer::kCodeFieldNumber, request.message->context().codes(i));
    out.Number(v1::CodeAnswer::kStateFieldNumber, StateOfCode(input, decision, code, fallback));
    if (!fallback) out.Text(v1::CodeAnswer::kOfferIdFieldNumber, input.codes[code].offer_id);
    out.End(answer);
  }
}

void WriteShown(const rules::RuleSet& rule_set, const rules::PlacementSpec& spec,
                const rules::OfferOutcome& outcome, const rules::ShownOffer& shown,
                absl::string_view token, WireWriter& out) {
  using Field = v1::ShownOffer;
  const WireWriter::Submessage offer =
      out.Begin(v1::PlacementAnswer::kOffersFieldNumber, kLongLength);
  out.Text(Field::kOfferIdFieldNumber, rule_set.offers[shown.offer].id);
  out.Number(Field::kPositionFieldNumber, int64_t{shown.position} + 1);
  // The fields of a placement are in order of name, as the deterministic serialisation has them.
  for (size_t f = 0; f < shown.texts.size(); ++f) {
    const WireWriter::Submessage entry = out.Begin(Field::kFieldsFieldNumber);
    out.TextOrEmpty(1, spec.fields[f].name);
    out.TextOrEmpty(2, shown.texts[f]);
    out.End(entry);
  }
  out.Text(Field::kTokenFieldNumber, token);
  out.Number(Field::kScoreMillionthsFieldNumber, outcome.score_millionths);
  out.Number(Field::kValueMillionthsFieldNumber, ValueMillionths(outcome));
  out.Number(Field::kChoiceProbabilityMillionthsFieldNumber, kCertain);
  out.Flag(Field::kFallbackFieldNumber, shown.fallback);
  WriteReason(Field::kReasonsFieldNumber, outcome, shown.fallback, out);
  out.End(offer);
}

// `token` gives an offer's token, perhaps empty.
template <typename TokenFunction>
void WritePlacements(const rules::RuleSet& rule_set, const rules::Decision& decision,
                     const TokenFunction& token, WireWriter& out) {
  for (const rules::PlacementAnswer& answer : decision.placements) {
    const rules::PlacementSpec& spec = rule_set.placements[answer.placement];
    const WireWriter::Submessage placement =
        out.Begin(v1::DecideResponse::kPlacementsFieldNumber, kLongLength);
    out.Text(v1::PlacementAnswer::kPlacementFieldNumber, spec.name);
    for (const rules::ShownOffer& shown : answer.shown) {
      WriteShown(rule_set, spec, decision.offers[shown.offer], shown, token(spec, shown), out);
    }
    out.End(placement);
  }
}

void WriteUnits(const rules::NearMiss& near, WireWriter& out) {
  const WireWriter::Submessage units = out.Begin(v1::NearMiss::kUnitsFieldNumber);
  out.Number(v1::UnitsMissing::kQuantityThousandthsFieldNumber, near.change.quantity.thousandths);
  out.Text(v1::UnitsMissing::kSkuFieldNumber, near.sku);
  out.End(units);
}

// A member of a oneof stands even with its default value; these are never at it.
void WriteFromTime(const rules::NearMiss& near, WireWriter& out) {
  const WireWriter::Submessage time = out.Begin(v1::NearMiss::kFromTimeFieldNumber);
  out.Number(google::protobuf::Timestamp::kSecondsFieldNumber,
             absl::ToUnixSeconds(near.change.from));
  out.End(time);
}

void WriteNearMissText(const rules::RuleSet& rule_set, const rules::NearMissText& said,
                       WireWriter& out) {
  const rules::PlacementSpec& placement = rule_set.placements[said.placement];
  const WireWriter::Submessage text = out.Begin(v1::NearMiss::kTextsFieldNumber);
  out.Text(v1::NearMissText::kPlacementFieldNumber, placement.name);
  // In order of name, as the deterministic serialisation has them.
  for (const rules::FieldText& field : said.fields) {
    const WireWriter::Submessage entry = out.Begin(v1::NearMissText::kFieldsFieldNumber);
    out.TextOrEmpty(1, placement.fields[field.field].name);
    out.TextOrEmpty(2, field.text);
    out.End(entry);
  }
  out.End(text);
}

void WriteNearMiss(const rules::RuleSet& rule_set, const rules::NearMiss& near, WireWriter& out) {
  using Field = v1::NearMiss;
  using Kind = rules::NearMissChange::Kind;
  const WireWriter::Submessage answer =
      out.Begin(v1::DecideResponse::kNearMissesFieldNumber, kLongLength);
  out.Text(Field::kOfferIdFieldNumber, rule_set.offers[near.offer].id);
  out.Number(Field::kSpendMinorFieldNumber, near.change.spend_minor);
  if (near.change.kind == Kind::kUnits) WriteUnits(near, out);
  out.Number(Field::kGainMinorFieldNumber, near.gain_minor);
  for (const rules::NearMissText& said : near.texts) WriteNearMissText(rule_set, said, out);
  if (near.change.kind == Kind::kFrom) WriteFromTime(near, out);
  out.Flag(Field::kIdentifyFieldNumber, near.change.kind == Kind::kIdentify);
  out.Number(Field::kGainPointsFieldNumber, near.gain_points);
  out.End(answer);
}

void WriteReasons(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                  const rules::Decision& decision, WireWriter& out) {
  for (const uint32_t offer : NotChosen(input, decision)) {
    const WireWriter::Submessage reason = out.Begin(v1::DecideResponse::kReasonsFieldNumber);
    out.Text(v1::OfferReason::kOfferIdFieldNumber, rule_set.offers[offer].id);
    WriteReason(v1::OfferReason::kReasonFieldNumber, decision.offers[offer], false, out);
    out.End(reason);
  }
}

}  // namespace

void AnswerWriter::LinkTakings(const rules::BasketAnswer& basket) {
  first_taking_.assign(basket.lines.size(), kNone);
  next_taking_.resize(basket.takings.size());
  for (size_t i = basket.takings.size(); i-- > 0;) {
    uint32_t& first = first_taking_[basket.takings[i].line];
    next_taking_[i] = first;
    first = static_cast<uint32_t>(i);
  }
}

void AnswerWriter::WriteTakings(const rules::RuleSet& rule_set, const rules::BasketAnswer& basket,
                                size_t line) {
  using Field = v1::OfferShare;
  for (uint32_t i = first_taking_[line]; i != kNone; i = next_taking_[i]) {
    const rules::LineTaking& taking = basket.takings[i];
    const rules::OfferSpec& offer = rule_set.offers[taking.offer];
    const WireWriter::Submessage share = answer_.Begin(v1::PricedLine::kTakenFieldNumber);
    answer_.Text(Field::kOfferIdFieldNumber, offer.id);
    answer_.Number(Field::kAmountMinorFieldNumber, taking.amount_minor);
    answer_.Number(Field::kQuantityThousandthsFieldNumber, taking.quantity.thousandths);
    answer_.End(share);
  }
}

void AnswerWriter::WriteLines(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                              const rules::BasketAnswer& basket, const RequestView& request) {
  using Field = v1::PricedLine;
  LinkTakings(basket);
  for (size_t i = 0; i < basket.lines.size(); ++i) {
    const LineView& asked = request.lines[i];
    const WireWriter::Submessage line = answer_.Begin(v1::BasketResult::kLinesFieldNumber);
    answer_.Text(Field::kLineIdFieldNumber, asked.line_id);
    answer_.Number(Field::kGrossMinorFieldNumber, basket.lines[i].gross_minor);
    WriteTakings(rule_set, basket, i);
    answer_.Number(Field::kNetMinorFieldNumber, basket.lines[i].net_minor);
    answer_.Flag(Field::kCallerFactsFieldNumber, HasCallerFacts(asked, input));
    answer_.Flag(Field::kNoDiscountFieldNumber, input.basket.lines[i].is_marked_down());
    answer_.End(line);
  }
}

void AnswerWriter::WriteMissingGift(const rules::OfferSpec& offer,
                                    const rules::AppliedOffer& applied) {
  if (applied.missing_gifts == 0) return;
  using Field = v1::MissingGift;
  const WireWriter::Submessage gift = answer_.Begin(v1::AppliedOffer::kMissingGiftFieldNumber);
  answer_.Text(Field::kSkuFieldNumber, offer.benefit->gift->sku);
  answer_.Number(Field::kUnitsFieldNumber, applied.missing_gifts);
  answer_.Number(Field::kPromptFieldNumber, PromptOf(*offer.benefit->gift));
  answer_.End(gift);
}

void AnswerWriter::WriteCoupon(const rules::RuleSet& rule_set, const rules::AppliedOffer& applied) {
  if (applied.coupons == 0) return;
  using Field = v1::PromisedCoupon;
  const rules::OfferSpec& good_for =
      rule_set.offers[rule_set.offers[applied.offer].next_visit->offer];
  const WireWriter::Submessage coupon = answer_.Begin(v1::AppliedOffer::kCouponFieldNumber);
  answer_.Text(Field::kOfferIdFieldNumber, good_for.id);
  answer_.Number(Field::kUsesFieldNumber, applied.coupons);
  answer_.Text(Field::kTitleFieldNumber, good_for.title);
  answer_.End(coupon);
}

void AnswerWriter::WriteApplied(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                                const rules::BasketAnswer& basket, const RequestView& request) {
  using Field = v1::AppliedOffer;
  for (const rules::AppliedOffer& applied : basket.applied) {
    const rules::OfferSpec& offer = rule_set.offers[applied.offer];
    const WireWriter::Submessage answer =
        answer_.Begin(v1::BasketResult::kAppliedOffersFieldNumber);
    answer_.Text(Field::kOfferIdFieldNumber, offer.id);
    answer_.Text(Field::kStageFieldNumber, StageOf(offer));
    answer_.Number(Field::kAmountMinorFieldNumber, applied.taken.amount_minor);
    answer_.Number(Field::kPointsFieldNumber, applied.points);
    answer_.Number(Field::kApplicationsFieldNumber, Applications(applied));
    const Right right = RightThatBrought(input, request, applied.offer);
    answer_.Text(Field::kCodeFieldNumber, right.code);
    answer_.Text(Field::kGrantIdFieldNumber, right.grant_id);
    answer_.Text(Field::kTermsHashFieldNumber, offer.terms_hash);
    answer_.Flag(Field::kCutByGuardRailFieldNumber, applied.cut_by_guard_rail);
    answer_.Text(Field::kTitleFieldNumber, offer.title);
    WriteMissingGift(offer, applied);
    WriteCoupon(rule_set, applied);
    answer_.End(answer);
  }
}

void AnswerWriter::WriteBasket(const rules::RuleSet& rule_set, const rules::DecisionInput& input,
                               const rules::Decision& decision, const RequestView& request,
                               bool fallback) {
  using Field = v1::BasketResult;
  const bool has_basket = request.message->has_basket();
  if (!has_basket && request.message->context().codes_size() == 0) return;
  const WireWriter::Submessage result =
      answer_.Begin(v1::DecideResponse::kBasketFieldNumber, kLongLength);
  if (has_basket) {
    answer_.Number(Field::kStateFieldNumber, StateOfPricing(fallback));
    answer_.Text(Field::kCurrencyCodeFieldNumber, request.message->basket().currency_code());
  }
  if (has_basket && !fallback) {
    WriteLines(rule_set, input, decision.basket, request);
    WriteApplied(rule_set, input, decision.basket, request);
    WriteTotals(decision, answer_);
  }
  WriteCodes(input, decision, request, fallback, answer_);
  if (has_basket && !fallback) {
    answer_.Number(Field::kSearchFieldNumber, SearchOf(decision.basket));
    answer_.Number(Field::kGreedyGapMinorFieldNumber, decision.basket.greedy_gap_minor);
  }
  answer_.End(result);
}

absl::string_view AnswerWriter::Write(const rules::RuleSet& rule_set,
                                      const rules::DecisionInput& input,
                                      const rules::Decision& decision, const RequestView& request,
                                      const AnswerFacts& facts) {
  using Field = v1::DecideResponse;
  answer_.Reset();
  answer_.Text(Field::kDecisionIdFieldNumber, input.decision_id);
  const WireWriter::Submessage revision = answer_.Begin(Field::kRevisionFieldNumber);
  answer_.Raw(kRevisionPrefix);
  answer_.Raw(absl::AlphaNum(facts.revision).Piece());
  answer_.End(revision);
  if (facts.reference_version != 0) {
    answer_.Text(Field::kReferenceVersionFieldNumber,
                 absl::AlphaNum(facts.reference_version).Piece());
  }
  const AnswerCompleteness completeness = CompletenessOf(decision, facts);
  answer_.Number(Field::kCompletenessFieldNumber, completeness.completeness);
  answer_.Number(Field::kCompletenessCauseFieldNumber, completeness.cause);
  answer_.Number(Field::kPersonalFieldNumber, ToPersonal(input.customer));
  if (decision.segment_known) answer_.Text(Field::kSegmentFieldNumber, decision.segment);
  WriteBasket(rule_set, input, decision, request, facts.fallback);
  placements_begin_ = answer_.size();
  WritePlacements(
      rule_set, decision,
      [](const rules::PlacementSpec&, const rules::ShownOffer&) { return absl::string_view(); },
      answer_);
  placements_end_ = answer_.size();
  for (const rules::NearMiss& near : facts.near_misses) WriteNearMiss(rule_set, near, answer_);
  if (!facts.fallback) WriteReasons(rule_set, input, decision, answer_);
  return answer_.bytes();
}

absl::string_view AnswerWriter::Finish(const rules::RuleSet& rule_set,
                                       const rules::Decision& decision, v1::ReceiptState receipt,
                                       SealFunction seal) {
  const absl::string_view answer = answer_.bytes();
  finished_.Reset();
  finished_.Raw(answer.substr(0, placements_begin_));
  WritePlacements(
      rule_set, decision,
      [&](const rules::PlacementSpec& placement, const rules::ShownOffer& shown) {
        seal(placement, shown, &token_);
        return absl::string_view(token_);
      },
      finished_);
  finished_.Raw(answer.substr(placements_end_));
  finished_.Number(v1::DecideResponse::kReceiptFieldNumber, receipt);
  return finished_.bytes();
}

}  // namespace touchstone::server
