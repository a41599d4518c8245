#pragma once

// Decisions as a person reads them.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "touchstone/v1/attribute_value.pb.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

// The answer, and then the offers that came next with their reasons.
std::string DecisionText(const v1::DecideResponse& response);
// Without the offers that came next.
std::string AnswerText(const v1::DecideResponse& response);

// What it comes to, offer by offer, and the lines that one of them took from.
std::string BasketText(const v1::BasketResult& basket);
// Each offer with its reason, on a line.
std::string ReasonsText(const google::protobuf::RepeatedPtrField<v1::OfferReason>& offers);

// "COMPLETENESS_PARTIAL" without its prefix: "partial".
std::string EnumWord(absl::string_view name, absl::string_view prefix);
std::string StageWord(v1::DecisionStage stage);
// "2026-11-22T09:00:00Z".
std::string TimeText(const google::protobuf::Timestamp& time);
// "12.50 EUR", "[coffee, tea]".
std::string ValueText(const v1::AttributeValue& value);
// Minor units in a currency; the bare number when the code is not one.
std::string AmountText(int64_t amount_minor, absl::string_view currency_code);

}  // namespace touchstone::server
