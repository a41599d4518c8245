#pragma once

// Decisions and explanations as a person reads them.
//
// Thread safety: pure functions.

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "touchstone/v1/attribute_value.pb.h"
#include "touchstone/v1/decision.pb.h"
#include "touchstone/v1/explanation.pb.h"

namespace touchstone::server {

std::string DecisionText(const v1::DecideResponse& response);
std::string ExplanationText(const v1::ExplainResponse& response);

// "12.50 EUR", "[coffee, tea]".
std::string ValueText(const v1::AttributeValue& value);
// Minor units in a currency; the bare number when the code is not one.
std::string AmountText(int64_t amount_minor, absl::string_view currency_code);

}  // namespace touchstone::server
