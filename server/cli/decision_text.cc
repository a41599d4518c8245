#include "server/cli/decision_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"
#include "server/cli/columns.h"

namespace touchstone::server {
namespace {

absl::string_view PromptText(v1::GiftPrompt prompt) {
  switch (prompt) {
    case v1::GIFT_PROMPT_SCAN:
      return "ask for it and scan it";
    case v1::GIFT_PROMPT_PICK:
      return "the customer fetches it";
    case v1::GIFT_PROMPT_ADD:
      return "the till adds it";
    default:
      return "";
  }
}

// "4.00 EUR off", "7 points", "2 MUG free: the till adds it".
std::string WhatItDid(const v1::AppliedOffer& applied, const std::string& currency) {
  std::vector<std::string> parts;
  const v1::MissingGift& gift = applied.missing_gift();
  if (applied.points() > 0) {
    parts.push_back(absl::StrCat(applied.points(), applied.points() == 1 ? " point" : " points"));
  }
  if (applied.has_coupon()) {
    const v1::PromisedCoupon& coupon = applied.coupon();
    parts.push_back(coupon.uses() == 1
                        ? absl::StrCat("a coupon for ", coupon.offer_id())
                        : absl::StrCat(coupon.uses(), " coupons for ", coupon.offer_id()));
  }
  if (applied.has_missing_gift()) {
    parts.push_back(
        absl::StrCat(gift.units(), " ", gift.sku(), " free: ", PromptText(gift.prompt())));
  }
  if (applied.amount_minor() != 0 || parts.empty()) {
    parts.insert(parts.begin(), absl::StrCat(AmountText(applied.amount_minor(), currency), " off"));
  }
  if (applied.cut_by_guard_rail()) parts.back() += " (cut by a guard rail)";
  return absl::StrJoin(parts, ", ");
}

void AppendBasket(const v1::BasketResult& basket, std::string* text) {
  const std::string& currency = basket.currency_code();
  if (basket.state() != v1::PRICING_STATE_PRICED) {
    absl::StrAppend(text, "basket: not priced\n");
    return;
  }
  absl::StrAppend(text, "basket: ", AmountText(basket.totals().gross_minor(), currency), ", off ",
                  AmountText(basket.totals().discount_minor(), currency), ", to pay ",
                  AmountText(basket.totals().payable_minor(), currency), "\n");
  Columns offers({Align::kLeft, Align::kRight, Align::kLeft});
  for (const v1::AppliedOffer& applied : basket.applied_offers()) {
    offers.Add({applied.offer_id(), WhatItDid(applied, currency), applied.title()});
  }
  absl::StrAppend(text, offers.Text("  "));
  if (basket.search() == v1::COMBINATION_SEARCH_GREEDY) {
    absl::StrAppend(text,
                    "  too many combinations to look at all of them: the best one takes at most ",
                    AmountText(basket.greedy_gap_minor(), currency), " more\n");
  }
}

// Lines that an offer took something from.
void AppendLines(const v1::BasketResult& basket, std::string* text) {
  Columns lines({Align::kLeft, Align::kRight, Align::kLeft, Align::kRight, Align::kLeft});
  for (const v1::PricedLine& line : basket.lines()) {
    if (line.taken().empty()) continue;
    std::vector<std::string> taken;
    for (const v1::OfferShare& share : line.taken()) {
      taken.push_back(absl::StrCat(share.offer_id(), " ",
                                   AmountText(share.amount_minor(), basket.currency_code())));
    }
    lines.Add({absl::StrCat("line ", line.line_id()),
               AmountText(line.gross_minor(), basket.currency_code()), "->",
               AmountText(line.net_minor(), basket.currency_code()), absl::StrJoin(taken, ", ")});
  }
  absl::StrAppend(text, lines.Text("  "));
}

void AppendShown(const v1::ShownOffer& shown, std::string* text) {
  std::vector<std::string> reasons;
  for (const v1::Reason& reason : shown.reasons()) {
    if (!reason.text().empty()) reasons.push_back(reason.text());
  }
  const std::string why = absl::StrJoin(reasons, "; ");
  absl::StrAppend(text, "  ", shown.position(), ". ", shown.offer_id(),
                  shown.fallback() ? " (fallback)" : "", why.empty() ? "" : ": ", why, "\n");
  const std::map<std::string, std::string> fields(shown.fields().begin(), shown.fields().end());
  for (const auto& [name, value] : fields) {
    if (!value.empty()) absl::StrAppend(text, "     ", name, ": ", value, "\n");
  }
}

void AppendPlacements(const v1::DecideResponse& response, std::string* text) {
  for (const v1::PlacementAnswer& placement : response.placements()) {
    absl::StrAppend(text, placement.placement(), " shows",
                    placement.offers_size() == 0 ? " nothing\n" : ":\n");
    for (const v1::ShownOffer& shown : placement.offers()) AppendShown(shown, text);
  }
}

// "add 3.20 EUR", "1 more of TEA", "from 2026-11-26T23:00:00Z", "show the card".
std::string ChangeText(const v1::NearMiss& near, const std::string& currency) {
  switch (near.change_case()) {
    case v1::NearMiss::kSpendMinor:
      return absl::StrCat("add ", AmountText(near.spend_minor(), currency));
    case v1::NearMiss::kUnits:
      return absl::StrCat(rules::Format(rules::Decimal{near.units().quantity_thousandths()}),
                          " more of ", near.units().sku());
    case v1::NearMiss::kFromTime:
      return absl::StrCat("from ", TimeText(near.from_time()));
    case v1::NearMiss::kIdentify:
      return "show the card";
    case v1::NearMiss::CHANGE_NOT_SET:
      break;
  }
  return "";
}

std::string GainText(const v1::NearMiss& near, const std::string& currency) {
  std::vector<std::string> gains;
  if (near.gain_minor() != 0) {
    gains.push_back(absl::StrCat(AmountText(near.gain_minor(), currency), " more off"));
  }
  if (near.gain_points() > 0) gains.push_back(absl::StrCat(near.gain_points(), " more points"));
  if (near.gain_points() < 0) gains.push_back(absl::StrCat(-near.gain_points(), " points less"));
  return absl::StrJoin(gains, ", ");
}

void AppendNearMisses(const v1::DecideResponse& response, std::string* text) {
  if (response.near_misses().empty()) return;
  absl::StrAppend(text, "nearly reached:\n");
  const std::string& currency = response.basket().currency_code();
  for (const v1::NearMiss& near : response.near_misses()) {
    const std::string gain = GainText(near, currency);
    absl::StrAppend(text, "  ", near.offer_id(), ": ", ChangeText(near, currency),
                    gain.empty() ? "" : " for ", gain, "\n");
    for (const v1::NearMissText& said : near.texts()) {
      const std::map<std::string, std::string> fields(said.fields().begin(), said.fields().end());
      for (const auto& [name, value] : fields) {
        absl::StrAppend(text, "     ", said.placement(), ".", name, ": ", value, "\n");
      }
    }
  }
}

std::string CustomerText(const v1::DecideResponse& response) {
  std::string text = "known";
  if (response.personal() == v1::PERSONAL_STATE_NOT_READ) text = "not read in time";
  if (response.personal() == v1::PERSONAL_STATE_UNKNOWN) text = "no identity is known";
  if (response.personal() == v1::PERSONAL_STATE_ANONYMOUS) text = "no identity was given";
  if (!response.segment().empty()) absl::StrAppend(&text, ", segment ", response.segment());
  return text;
}

}  // namespace

std::string AmountText(int64_t amount_minor, absl::string_view currency_code) {
  const absl::StatusOr<rules::Currency> currency = rules::Currency::FromCode(currency_code);
  if (!currency.ok()) return absl::StrCat(amount_minor);
  return rules::Format(rules::Money{amount_minor, *currency});
}

std::string TimeText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

std::string ValueText(const v1::AttributeValue& value) {
  switch (value.kind_case()) {
    case v1::AttributeValue::kStringValue:
      return value.string_value();
    case v1::AttributeValue::kIntValue:
      return absl::StrCat(value.int_value());
    case v1::AttributeValue::kDoubleValue:
      return absl::StrCat(value.double_value());
    case v1::AttributeValue::kBoolValue:
      return value.bool_value() ? "true" : "false";
    case v1::AttributeValue::kMoneyValue:
      return AmountText(value.money_value().amount_minor(), value.money_value().currency_code());
    case v1::AttributeValue::kDecimalThousandths:
      return rules::Format(rules::Decimal{value.decimal_thousandths()});
    case v1::AttributeValue::kTimestampValue:
      return TimeText(value.timestamp_value());
    case v1::AttributeValue::kDateValue:
      return value.date_value();
    case v1::AttributeValue::kStringListValue:
      return absl::StrCat("[", absl::StrJoin(value.string_list_value().values(), ", "), "]");
    case v1::AttributeValue::kIntListValue:
      return absl::StrCat("[", absl::StrJoin(value.int_list_value().values(), ", "), "]");
    case v1::AttributeValue::kRecordListValue: {
      std::vector<std::string> records;
      for (const v1::Record& record : value.record_list_value().values()) {
        std::vector<std::string> fields;
        for (const auto& [name, field] : record.fields()) {
          fields.push_back(absl::StrCat(name, ": ", ValueText(field)));
        }
        std::sort(fields.begin(), fields.end());
        records.push_back(absl::StrCat("{", absl::StrJoin(fields, ", "), "}"));
      }
      return absl::StrCat("[", absl::StrJoin(records, ", "), "]");
    }
    case v1::AttributeValue::KIND_NOT_SET:
      return "(absent)";
  }
  return "";
}

std::string EnumWord(absl::string_view name, absl::string_view prefix) {
  if (name.size() > prefix.size()) name.remove_prefix(prefix.size());
  std::string word = absl::AsciiStrToLower(name);
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

std::string StageWord(v1::DecisionStage stage) {
  if (stage == v1::DECISION_STAGE_UNSPECIFIED) return "not asked";
  return EnumWord(v1::DecisionStage_Name(stage), "DECISION_STAGE_");
}

std::string AnswerText(const v1::DecideResponse& response) {
  std::string text =
      absl::StrCat("decision ", response.decision_id(), " by ", response.revision(), ", ",
                   EnumWord(v1::Completeness_Name(response.completeness()), "COMPLETENESS_"));
  if (response.completeness_cause() != v1::COMPLETENESS_CAUSE_UNSPECIFIED) {
    absl::StrAppend(
        &text, " (",
        EnumWord(v1::CompletenessCause_Name(response.completeness_cause()), "COMPLETENESS_CAUSE_"),
        ")");
  }
  absl::StrAppend(&text, "\ncustomer: ", CustomerText(response), "\n");
  if (response.has_basket()) absl::StrAppend(&text, BasketText(response.basket()));
  AppendPlacements(response, &text);
  AppendNearMisses(response, &text);
  return text;
}

std::string BasketText(const v1::BasketResult& basket) {
  std::string text;
  AppendBasket(basket, &text);
  AppendLines(basket, &text);
  return text;
}

std::string DecisionText(const v1::DecideResponse& response) {
  std::string text = AnswerText(response);
  if (response.reasons_size() > 0) absl::StrAppend(&text, "next behind these:\n");
  return text + ReasonsText(response.reasons());
}

std::string ReasonsText(const google::protobuf::RepeatedPtrField<v1::OfferReason>& offers) {
  Columns reasons({Align::kLeft, Align::kLeft});
  for (const v1::OfferReason& offer : offers) {
    const v1::Reason& reason = offer.reason();
    reasons.Add({offer.offer_id(),
                 absl::StrCat(StageWord(reason.stage()), offer.placement().empty() ? "" : " in ",
                              offer.placement(), ": ",
                              reason.text().empty() ? reason.code() : reason.text())});
  }
  return reasons.Text("  ");
}

}  // namespace touchstone::server
