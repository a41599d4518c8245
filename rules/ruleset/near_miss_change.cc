#include "rules/ruleset/near_miss_change.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "rules/money/fixed_point.h"

namespace touchstone::rules {
namespace {

constexpr int kQuantityDecimals = 3;

absl::Status NotWords(absl::string_view words) {
  return absl::InvalidArgumentError(absl::StrCat(
      "`", words, "` is not a change: write `add 3.20`, `1 more`, `0.250 more`, `from ",
      "2026-11-27T00:00` or `card`"));
}

}  // namespace

std::string WordsOf(const NearMissChange& change, Currency currency) {
  switch (change.kind) {
    case NearMissChange::Kind::kIdentify:
      return "card";
    case NearMissChange::Kind::kSpend:
      return absl::StrCat("add ", FormatAmount({change.spend_minor, currency}));
    case NearMissChange::Kind::kUnits: {
      const bool is_whole = change.quantity.thousandths % 1000 == 0;
      return absl::StrCat(FormatFixedPoint(change.quantity.thousandths, kQuantityDecimals,
                                           is_whole ? TrailingZeros::kTrim : TrailingZeros::kKeep),
                          " more");
    }
    case NearMissChange::Kind::kFrom:
      return absl::StrCat("from ", absl::FormatCivilTime(change.local));
  }
  return "";
}

absl::StatusOr<NearMissChange> ParseNearMissChange(absl::string_view words, Currency currency) {
  NearMissChange change;
  absl::string_view rest = words;
  if (words == "card") return change;
  if (absl::ConsumePrefix(&rest, "add ")) {
    const absl::StatusOr<Money> amount = ParseAmount(rest, currency);
    if (!amount.ok() || amount->amount_minor <= 0) return NotWords(words);
    change.kind = NearMissChange::Kind::kSpend;
    change.spend_minor = amount->amount_minor;
    return change;
  }
  if (absl::ConsumePrefix(&rest, "from ")) {
    if (!absl::ParseCivilTime(rest, &change.local)) return NotWords(words);
    change.kind = NearMissChange::Kind::kFrom;
    return change;
  }
  if (!absl::ConsumeSuffix(&rest, " more")) return NotWords(words);
  const absl::StatusOr<Decimal> quantity = ParseDecimal(rest);
  if (!quantity.ok() || *quantity <= Decimal{}) return NotWords(words);
  change.kind = NearMissChange::Kind::kUnits;
  change.quantity = *quantity;
  return change;
}

}  // namespace touchstone::rules
