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

namespace touchstone::server {
namespace {

// "COMPLETENESS_PARTIAL" without its prefix, as words.
std::string Word(absl::string_view name, absl::string_view prefix) {
  if (name.size() > prefix.size()) name.remove_prefix(prefix.size());
  std::string word = absl::AsciiStrToLower(name);
  std::replace(word.begin(), word.end(), '_', ' ');
  return word;
}

std::string StageWord(v1::DecisionStage stage) {
  return Word(v1::DecisionStage_Name(stage), "DECISION_STAGE_");
}

std::string ReasonText(const v1::Reason& reason) {
  return reason.text().empty() ? absl::StrCat(StageWord(reason.stage()), ": ", reason.code())
                               : absl::StrCat(StageWord(reason.stage()), ": ", reason.text());
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
  for (const v1::AppliedOffer& applied : basket.applied_offers()) {
    absl::StrAppend(
        text, "  ", applied.offer_id(), "  ", AmountText(applied.amount_minor(), currency), " off",
        applied.cut_by_guard_rail() ? " (cut by a guard rail)" : "", "  ", applied.title(), "\n");
  }
}

void AppendPlacements(const v1::DecideResponse& response, std::string* text) {
  for (const v1::PlacementAnswer& placement : response.placements()) {
    absl::StrAppend(text, placement.placement(), ":\n");
    if (placement.offers_size() == 0) absl::StrAppend(text, "  (nothing to show)\n");
    for (const v1::ShownOffer& shown : placement.offers()) {
      absl::StrAppend(text, "  ", shown.position(), ". ", shown.offer_id(),
                      shown.fallback() ? " (fallback)" : "", "\n");
      const std::map<std::string, std::string> fields(shown.fields().begin(), shown.fields().end());
      for (const auto& [name, value] : fields) {
        if (!value.empty()) absl::StrAppend(text, "     ", name, ": ", value, "\n");
      }
      for (const v1::Reason& reason : shown.reasons()) {
        absl::StrAppend(text, "     ", ReasonText(reason), "\n");
      }
    }
  }
}

}  // namespace

std::string AmountText(int64_t amount_minor, absl::string_view currency_code) {
  const absl::StatusOr<rules::Currency> currency = rules::Currency::FromCode(currency_code);
  if (!currency.ok()) return absl::StrCat(amount_minor);
  return rules::Format(rules::Money{amount_minor, *currency});
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
      return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ",
                              absl::FromUnixSeconds(value.timestamp_value().seconds()),
                              absl::UTCTimeZone());
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

std::string DecisionText(const v1::DecideResponse& response) {
  std::string text =
      absl::StrCat("decision ", response.decision_id(), " by ", response.revision(), ", ",
                   Word(v1::Completeness_Name(response.completeness()), "COMPLETENESS_"));
  if (response.completeness_cause() != v1::COMPLETENESS_CAUSE_UNSPECIFIED) {
    absl::StrAppend(
        &text, " (",
        Word(v1::CompletenessCause_Name(response.completeness_cause()), "COMPLETENESS_CAUSE_"),
        ")");
  }
  absl::StrAppend(
      &text, "\ncustomer: ", Word(v1::PersonalState_Name(response.personal()), "PERSONAL_STATE_"));
  if (!response.segment().empty()) absl::StrAppend(&text, ", segment ", response.segment());
  absl::StrAppend(&text, "\n");
  if (response.has_basket()) AppendBasket(response.basket(), &text);
  AppendPlacements(response, &text);
  for (const v1::NearMiss& near : response.near_misses()) {
    absl::StrAppend(&text, "nearly: ", near.offer_id(), "  ", near.text(), "\n");
  }
  if (response.reasons_size() > 0) absl::StrAppend(&text, "not chosen:\n");
  for (const v1::OfferReason& offer : response.reasons()) {
    absl::StrAppend(&text, "  ", offer.offer_id(), offer.placement().empty() ? "" : " in ",
                    offer.placement(), "  ", ReasonText(offer.reason()), "\n");
  }
  return text;
}

std::string ExplanationText(const v1::ExplainResponse& response) {
  std::string text = DecisionText(response.response());
  if (response.rebuild() == v1::REBUILD_STATE_IDENTICAL) {
    absl::StrAppend(&text, "rebuilt from its receipt: the same answer, byte for byte\n");
  } else if (response.rebuild() == v1::REBUILD_STATE_DIFFERENT) {
    absl::StrAppend(&text, "rebuilt from its receipt: ANOTHER answer. This is a defect.\n");
  }
  for (const v1::SegmentTrial& trial : response.segment().trials()) {
    absl::StrAppend(&text, "segment ", trial.segment(), ": ",
                    Word(v1::ConditionResult_Name(trial.result()), "CONDITION_RESULT_"),
                    trial.decisive_condition().empty() ? "" : " because of ",
                    trial.decisive_condition(), "\n");
  }
  if (response.offers_size() > 0) absl::StrAppend(&text, "every offer:\n");
  for (const v1::OfferExplanation& offer : response.offers()) {
    absl::StrAppend(&text, "  ", offer.offer_id(), "  ", ReasonText(offer.reason()));
    if (!offer.decisive_condition().empty()) {
      absl::StrAppend(&text, "\n      ", offer.decisive_condition(), " is ",
                      Word(v1::ConditionResult_Name(offer.decisive_result()), "CONDITION_RESULT_"),
                      "  (", offer.field_path(), ")");
    }
    absl::StrAppend(&text, "\n");
  }
  if (response.facts_size() > 0) absl::StrAppend(&text, "facts:\n");
  for (const v1::FactRead& fact : response.facts()) {
    absl::StrAppend(&text, "  ", fact.name(), " = ",
                    fact.masked() ? "(masked)" : ValueText(fact.value()), "\n");
  }
  return text;
}

}  // namespace touchstone::server
