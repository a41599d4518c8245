#include "rules/proof/mutants.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"
#include "rules/proof/golden.h"
#include "rules/ruleset/compile.h"

namespace touchstone::rules {
namespace {

constexpr int kPercentDecimals = 4;
constexpr int64_t kOnePercent = 10'000;  // in 10^-kPercentDecimals
constexpr int64_t kMostPercent = 1'000'000;

struct Change {
  std::string field_path;
  std::string description;
  std::function<void(v1::Offer&)> make;
};

void AddConditions(const v1::Offer& offer, const std::string& path, std::vector<Change>& changes) {
  if (offer.has_eligible()) {
    changes.push_back({path + ".eligible", "without eligible",
                       [](v1::Offer& mutant) { mutant.clear_eligible(); }});
  }
  if (offer.has_requires_condition()) {
    changes.push_back({path + ".requires", "without requires",
                       [](v1::Offer& mutant) { mutant.clear_requires_condition(); }});
  }
}

void AddPercent(const v1::Offer& offer, const std::string& path, std::vector<Change>& changes) {
  const absl::StatusOr<int64_t> percent =
      ParseFixedPoint(offer.benefit().percent_off(), kPercentDecimals);
  if (!percent.ok()) return;
  const bool may_grow = *percent + kOnePercent <= kMostPercent;
  const std::string text =
      FormatFixedPoint(may_grow ? *percent + kOnePercent : *percent - kOnePercent, kPercentDecimals,
                       TrailingZeros::kTrim);
  changes.push_back(
      {path + ".benefit.percent_off",
       absl::StrCat("percent_off ", text, " instead of ", offer.benefit().percent_off()),
       [text](v1::Offer& mutant) { mutant.mutable_benefit()->set_percent_off(text); }});
}

// All currencies at once: a rule set of several would otherwise need a test for each.
void EnlargeAmounts(v1::AmountByCurrency& amounts) {
  for (auto& [code, amount] : *amounts.mutable_amounts()) {
    const absl::StatusOr<Currency> currency = Currency::FromCode(code);
    if (!currency.ok()) continue;
    absl::StatusOr<Money> money = ParseAmount(amount, *currency);
    if (!money.ok()) continue;
    ++money->amount_minor;
    amount = FormatAmount(*money);
  }
}

void AddBenefit(const v1::Offer& offer, const std::string& path, std::vector<Change>& changes) {
  const auto add = [&](absl::string_view key, absl::string_view description,
                       std::function<void(v1::Benefit&)> change) {
    changes.push_back({absl::StrCat(path, ".benefit.", key), std::string(description),
                       [change](v1::Offer& mutant) { change(*mutant.mutable_benefit()); }});
  };
  switch (offer.benefit().kind_case()) {
    case v1::Benefit::kPercentOff:
      AddPercent(offer, path, changes);
      break;
    case v1::Benefit::kAmountOff:
      add("amount_off", "amount_off one minor unit larger",
          [](v1::Benefit& benefit) { EnlargeAmounts(*benefit.mutable_amount_off()); });
      break;
    case v1::Benefit::kPrice:
      add("price", "price one minor unit larger",
          [](v1::Benefit& benefit) { EnlargeAmounts(*benefit.mutable_price()); });
      break;
    case v1::Benefit::kGift:
      add("gift.units", "one more unit of the gift", [](v1::Benefit& benefit) {
        benefit.mutable_gift()->set_units(std::max<int64_t>(1, benefit.gift().units()) + 1);
      });
      break;
    case v1::Benefit::kPoints:
      add("points.give", "one point more", [](v1::Benefit& benefit) {
        benefit.mutable_points()->set_give(benefit.points().give() + 1);
      });
      break;
    case v1::Benefit::kNextVisit:
      if (!offer.benefit().next_visit().has_each()) break;
      add("next_visit.each", "one coupon, however much is bought",
          [](v1::Benefit& benefit) { benefit.mutable_next_visit()->clear_each(); });
      break;
    case v1::Benefit::KIND_NOT_SET:
      break;
  }
  if (offer.benefit().has_buy()) {
    add("buy.units", "one more unit to be bought",
        [](v1::Benefit& benefit) { benefit.mutable_buy()->set_units(benefit.buy().units() + 1); });
  }
  for (int i = 0; i < offer.benefit().bundle_size(); ++i) {
    add(absl::StrCat("bundle[", i, "].units"), "one more unit in each set",
        [i](v1::Benefit& benefit) {
          v1::SetPart& part = *benefit.mutable_bundle(i);
          part.set_units(part.units() + 1);
        });
  }
  for (int i = 0; i < offer.benefit().tiers_size(); ++i) {
    add(absl::StrCat("tiers[", i, "]"), "without the tier",
        [i](v1::Benefit& benefit) { benefit.mutable_tiers()->DeleteSubrange(i, 1); });
  }
}

void AddLimits(const v1::Offer& offer, const std::string& path, std::vector<Change>& changes) {
  for (int i = 0; i < offer.limits_size(); ++i) {
    const std::string& id = offer.limits(i).id();
    changes.push_back({absl::StrCat(path, ".limits[", id, "]"),
                       absl::StrCat("without the limit ", id),
                       [i](v1::Offer& mutant) { mutant.mutable_limits()->DeleteSubrange(i, 1); }});
  }
}

void AddBudget(const v1::Offer& offer, const std::string& path, std::vector<Change>& changes) {
  if (offer.budget().empty()) return;
  changes.push_back({path + ".budget", absl::StrCat("without the budget ", offer.budget()),
                     [](v1::Offer& mutant) { mutant.clear_budget(); }});
}

std::vector<Change> ChangesOf(const v1::Offer& offer) {
  std::vector<Change> changes;
  const std::string path = absl::StrCat("offers[", offer.offer(), "]");
  AddConditions(offer, path, changes);
  AddBenefit(offer, path, changes);
  AddLimits(offer, path, changes);
  AddBudget(offer, path, changes);
  return changes;
}

std::string FirstFailure(const GoldenReport& report) {
  for (const GoldenResult& result : report.results) {
    if (!result.passed()) return result.name;
  }
  return "";
}

Mutant Try(const Change& change, const v1::RuleSet& changed, absl::Time today) {
  Mutant mutant{change.field_path, change.description, MutantFate::kInvalid, ""};
  const CompileResult compiled = Compile(changed, SourceMap(), today);
  if (compiled.rule_set == nullptr) return mutant;
  mutant.killed_by = FirstFailure(RunGoldenTests(changed, *compiled.rule_set));
  mutant.fate = mutant.killed_by.empty() ? MutantFate::kSurvived : MutantFate::kKilled;
  return mutant;
}

}  // namespace

MutantReport RunMutants(const v1::RuleSet& message, absl::Time today) {
  MutantReport report;
  const CompileResult original = Compile(message, SourceMap(), today);
  if (original.rule_set == nullptr || !RunGoldenTests(message, *original.rule_set).all_passed()) {
    return report;
  }
  v1::RuleSet changed = message;
  for (int i = 0; i < message.offers_size(); ++i) {
    for (const Change& change : ChangesOf(message.offers(i))) {
      change.make(*changed.mutable_offers(i));
      report.mutants.push_back(Try(change, changed, today));
      *changed.mutable_offers(i) = message.offers(i);
      report.killed += report.mutants.back().fate == MutantFate::kKilled ? 1 : 0;
      report.survived += report.mutants.back().fate == MutantFate::kSurvived ? 1 : 0;
    }
  }
  return report;
}

}  // namespace touchstone::rules
