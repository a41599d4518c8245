#pragma once

// Amounts read from text that facts bring, which may well be none: what ParseDecimal and ParseMoney
// read, and nullopt for what they refuse, without a reason.
//
// Thread safety: pure. Nothing here allocates.

#include <optional>

#include "absl/strings/string_view.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"

namespace touchstone::rules {

std::optional<Decimal> ReadDecimal(absl::string_view text);
// What Currency::FromCode knows.
std::optional<Currency> ReadCurrency(absl::string_view code);
std::optional<Money> ReadMoney(absl::string_view text);

}  // namespace touchstone::rules
