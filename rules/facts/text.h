#pragma once

// Typed values from text, for defaults, golden tests, CSV rows and reference tables: one reading of
// "2026-11-01", "12.50 EUR", "3", "gold" per declared type.
//
// Errors: InvalidArgument with a sentence that names the expected form; nothing is written.
// Memory: text, lists and records are copied into `memory`.

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "rules/expr/arena.h"
#include "rules/expr/value.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

// A scalar of the attribute's type (for a list: of its element). An amount of money without a code
// takes `currency`. A timestamp without an offset is local in `zone`.
absl::StatusOr<expr::Value> ParseScalar(absl::string_view text, const expr::Type& type,
                                        ValueForm form, const std::vector<std::string>& enum_values,
                                        Currency currency, absl::TimeZone zone,
                                        expr::Arena& memory);

// "2026-11-26T08:30" or with seconds, offset or Z.
absl::StatusOr<absl::Time> ParseTimestamp(absl::string_view text, absl::TimeZone zone);
absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text);
// "90d", "24h", "" (ever). At most 3,660 days or 8,784 hours.
absl::StatusOr<TrailingWindow> ParseTrailingWindow(absl::string_view text);

}  // namespace touchstone::rules
