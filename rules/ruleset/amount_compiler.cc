#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/money/money.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

void CheckCurrencies(Compilation& c, absl::string_view path, const v1::AmountByCurrency& message,
                     Currencies currencies) {
  if (message.amounts().empty()) {
    c.reporter.Error(codes::kMissingValue, path, "there is no amount here",
                     "an amount by currency, for instance `{ EUR: 5.00 }`");
    return;
  }
  if (currencies == Currencies::kSome) return;
  std::vector<std::string> missing;
  for (const Currency currency : c.rule_set.schema.currencies) {
    const std::string code(currency.code());
    if (!message.amounts().contains(code)) missing.push_back(code);
  }
  if (missing.empty()) return;
  c.reporter.Warning(codes::kMissingCurrency, path,
                     absl::StrCat("no amount in ", absl::StrJoin(missing, ", "),
                                  ": the offer does not apply to baskets in ",
                                  missing.size() == 1 ? "it" : "these"),
                     "add an amount for every currency of the rule set");
}

}  // namespace

AmountByCurrency CompileAmounts(Compilation& c, absl::string_view path,
                                const v1::AmountByCurrency& message, Currencies currencies) {
  AmountByCurrency amounts;
  for (const std::string& code : SortedKeys(message.amounts())) {
    const std::string at = absl::StrCat(path, ".amounts[", code, "]");
    const std::optional<Currency> currency = FindCurrency(c, at, code);
    if (!currency) continue;
    const absl::StatusOr<Money> amount = ParseAmount(message.amounts().at(code), *currency);
    if (!amount.ok()) {
      c.reporter.Error(
          codes::kBadValue, at,
          absl::StrCat("`", message.amounts().at(code), "` is not an amount of ", code),
          absl::StrCat("digits, with at most ", currency->minor_digits(), " decimals"));
    } else if (amount->amount_minor <= 0) {
      c.reporter.Error(codes::kOutOfRange, at, "an amount here is more than 0");
    } else {
      amounts.push_back(*amount);
    }
  }
  CheckCurrencies(c, path, message, currencies);
  return amounts;
}

}  // namespace touchstone::rules
