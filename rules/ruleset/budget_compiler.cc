#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/money/money.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

class BudgetCompiler {
 public:
  BudgetCompiler(Compilation& c, const std::string& name)
      : c_(c), message_(c.message.budgets().at(name)), path_(absl::StrCat("budgets[", name, "]")) {
    spec_.name = name;
  }

  BudgetSpec Compile() {
    if (!IsId(spec_.name)) {
      c_.reporter.Error(codes::kBadName, path_,
                        absl::StrCat("`", spec_.name, "` cannot be the name of a budget"),
                        "1 to 64 letters, digits, dots, _ and -; it keeps the count when the "
                        "budget changes");
    }
    spec_.amount_minor = CompileAmount("amount", message_.amount());
    CompileUses();
    spec_.per_day_minor = CompileAmount("per_day", message_.per_day());
    if (!has_money() && message_.uses() == 0) {
      c_.reporter.Error(codes::kMissingValue, path_, "the budget limits nothing",
                        "add `amount: 100000.00 EUR`, `uses: 50000` or `per_day: 5000.00 EUR`");
    }
    CompileOverspend();
    CompileOverrun();
    CompileOnReturn();
    return std::move(spec_);
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }
  bool has_money() const { return !message_.amount().empty() || !message_.per_day().empty(); }

  // The first amount gives the budget its currency.
  std::optional<int64_t> CompileAmount(absl::string_view key, const std::string& text) {
    if (text.empty()) return std::nullopt;
    const absl::StatusOr<Money> amount = ParseMoney(text);
    if (!amount.ok()) {
      c_.reporter.Error(codes::kBadValue, At(key), absl::StrCat("`", text, "` is not money"),
                        "an amount and a currency, for instance `100000.00 EUR`");
      return std::nullopt;
    }
    if (!FindCurrency(c_, At(key), amount->currency.code())) return std::nullopt;
    if (amount->amount_minor <= 0) {
      c_.reporter.Error(codes::kOutOfRange, At(key), "an amount here is more than 0",
                        "to stop the offers that draw on it, pause them or take them out");
      return std::nullopt;
    }
    if (spec_.currency.is_none()) spec_.currency = amount->currency;
    if (amount->currency == spec_.currency) return amount->amount_minor;
    c_.reporter.Error(codes::kBadValue, At(key),
                      absl::StrCat("the budget has amounts in ", spec_.currency.code(), " and in ",
                                   amount->currency.code()),
                      "a budget is in one currency: make one for each");
    return std::nullopt;
  }

  void CompileUses() {
    spec_.uses = message_.uses();
    if (spec_.uses >= 0) return;
    c_.reporter.Error(codes::kOutOfRange, At("uses"),
                      absl::StrCat("a budget lets at least one use through, not ", spec_.uses),
                      "to stop the offers that draw on it, pause them or take them out");
  }

  void CompileOverspend() {
    const std::string& overspend = message_.overspend();
    spec_.honour = overspend == "honour";
    if (overspend.empty() || overspend == "never") return;
    if (!spec_.honour) {
      c_.reporter.Error(codes::kUnknownWord, At("overspend"),
                        absl::StrCat("`overspend` cannot be `", overspend, "`"),
                        HintFor(overspend, {"honour", "never"}));
    } else if (has_money() && message_.overrun_at_most().empty()) {
      c_.reporter.Error(codes::kMissingValue, At("overspend"),
                        "promises that are honoured may go beyond the budget, but by how much?",
                        "add `overrun_at_most: 1000.00 EUR`");
    }
  }

  void CompileOverrun() {
    const std::string& overrun = message_.overrun_at_most();
    if (overrun.empty()) return;
    if (message_.overspend() != "honour") {
      c_.reporter.Error(codes::kUnexpectedValue, At("overrun_at_most"),
                        "only a budget with `overspend: honour` is overrun",
                        "leave `overrun_at_most` out, or write `overspend: honour`");
    } else if (!has_money()) {
      c_.reporter.Error(codes::kUnexpectedValue, At("overrun_at_most"),
                        "a budget of uses alone has no amount that could be overrun",
                        "leave `overrun_at_most` out, or add `amount`");
    } else {
      spec_.overrun_minor = CompileAmount("overrun_at_most", overrun).value_or(0);
    }
  }

  void CompileOnReturn() {
    const std::string& on_return = message_.on_return();
    spec_.restored_by_returns = on_return != "kept";
    if (on_return.empty() || on_return == "restored" || on_return == "kept") return;
    c_.reporter.Error(codes::kUnknownWord, At("on_return"),
                      absl::StrCat("a return does not leave a budget `", on_return, "`"),
                      HintFor(on_return, {"kept", "restored"}));
  }

  Compilation& c_;
  const v1::Budget& message_;
  const std::string path_;
  BudgetSpec spec_;
};

// Whether the benefit has all of its amounts in some currencies of the rule set, but not in this.
bool IsForOthersThan(Currency currency, const BenefitSpec& benefit, const RuleSet& rule_set) {
  const std::vector<Currency>& all = rule_set.schema.currencies;
  return !HasAmountsIn(benefit, currency) &&
         std::any_of(all.begin(), all.end(),
                     [&](Currency other) { return HasAmountsIn(benefit, other); });
}

// What keeps an offer with this benefit from ever taking of the budget; "": nothing.
std::string WhyNothingIsTaken(const BenefitSpec& benefit, const BudgetSpec& budget,
                              const RuleSet& rule_set) {
  if (!budget.counts_money()) return "";
  const absl::string_view code = budget.currency.code();
  if (benefit.stage == PricingStage::kPoints && budget.uses == 0) {
    return absl::StrCat("points and coupons take no money, and `", budget.name,
                        "` counts nothing else");
  }
  if (!IsForOthersThan(budget.currency, benefit, rule_set)) return "";
  return absl::StrCat("`", budget.name, "` is in ", code, ", and the offer has no amount in ",
                      code);
}

}  // namespace

void CompileBudgets(Compilation& c) {
  for (const std::string& name : SortedKeys(c.message.budgets())) {
    c.rule_set.budgets.push_back(BudgetCompiler(c, name).Compile());
  }
}

int32_t CompileOfferBudget(Compilation& c, absl::string_view path, const v1::Offer& offer,
                           const BenefitSpec* benefit) {
  const std::string& name = offer.budget();
  if (name.empty()) return -1;
  const std::string at = absl::StrCat(path, ".budget");
  const std::optional<uint32_t> found = FindBudget(c.rule_set.budgets, name);
  if (!found.has_value()) {
    c.reporter.Unknown(codes::kUnknownBudget, at, "budget", name, SortedKeys(c.message.budgets()));
    return -1;
  }
  if (benefit == nullptr) {
    c.reporter.Error(codes::kUnexpectedValue, at,
                     "an offer without a benefit takes nothing from a budget",
                     "leave `budget` out");
    return -1;
  }
  if (const std::string why = WhyNothingIsTaken(*benefit, c.rule_set.budgets[*found], c.rule_set);
      !why.empty()) {
    c.reporter.Error(codes::kBadValue, at, why, "choose a budget that the offer can draw on");
    return -1;
  }
  return static_cast<int32_t>(*found);
}

std::optional<uint32_t> FindBudget(absl::Span<const BudgetSpec> budgets, absl::string_view name) {
  const auto found = std::lower_bound(
      budgets.begin(), budgets.end(), name,
      [](const BudgetSpec& budget, absl::string_view wanted) { return budget.name < wanted; });
  if (found == budgets.end() || found->name != name) return std::nullopt;
  return static_cast<uint32_t>(found - budgets.begin());
}

}  // namespace touchstone::rules
