#pragma once

// The change that an offer lacks, and the words that golden tests and documentation have for it.
//
// Thread safety: plain data and pure functions.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"

namespace touchstone::rules {

struct NearMissChange {
  // In the order in which they are tried.
  enum class Kind : uint8_t {
    kIdentify,  // she is known
    kSpend,     // more merchandise for an amount
    kUnits,     // more of one product
    kFrom,      // the basket as it is, later
  };
  Kind kind = Kind::kIdentify;
  int64_t spend_minor = 0;       // kSpend: above 0
  Decimal quantity = {};         // kUnits: above 0
  absl::Time from = {};          // kFrom
  absl::CivilMinute local = {};  // kFrom: what the clock of the offer's window shows then
};

// "card", "add 3.20", "1 more", "0.250 more", "from 2026-11-27T00:00". Pieces stand without
// decimals, what is weighed with three.
std::string WordsOf(const NearMissChange& change, Currency currency);
// What WordsOf writes, and the same with fewer decimals; without the moment of kFrom.
// InvalidArgument for anything else.
absl::StatusOr<NearMissChange> ParseNearMissChange(absl::string_view words, Currency currency);

}  // namespace touchstone::rules
