#include <array>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/basket/benefit.h"
#include "rules/money/money.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;
constexpr absl::string_view kBestForCustomer = "best_for_customer";

std::vector<std::string> StageNames() {
  std::vector<std::string> names;
  for (size_t i = 0; i < kPricingStages; ++i) {
    names.emplace_back(PricingStageName(static_cast<PricingStage>(i)));
  }
  return names;
}

std::optional<PricingStage> ReadStage(Compilation& c, const std::string& path,
                                      const std::string& name) {
  const std::optional<PricingStage> stage = FindPricingStage(name);
  if (!stage) {
    c.reporter.Error(codes::kUnknownWord, path, absl::StrCat("there is no stage `", name, "`"),
                     HintFor(name, StageNames()));
  }
  return stage;
}

void CompileStages(Compilation& c, const v1::Pricing& message) {
  uint8_t turn = 0;
  for (size_t i = 0; i < kPricingStages && message.stages_size() == 0; ++i) {
    c.stage_turns[i] = turn++;
  }
  for (int i = 0; i < message.stages_size(); ++i) {
    const std::string path = absl::StrCat("pricing.stages[", i, "]");
    const std::optional<PricingStage> stage = ReadStage(c, path, message.stages(i));
    if (!stage) continue;
    std::optional<uint8_t>& its_turn = c.stage_turns[static_cast<size_t>(*stage)];
    if (its_turn.has_value()) {
      c.reporter.Error(codes::kDuplicateName, path,
                       absl::StrCat("the stage `", message.stages(i), "` stands here twice"));
    } else if (*stage == PricingStage::kShelf && turn > 0) {
      c.reporter.Error(codes::kBadValue, path,
                       "`shelf` comes first: what it leaves is the price on entry");
    }
    its_turn = turn++;
  }
}

// `otherwise` is for the stages that are not named.
void CompileChoose(Compilation& c, const v1::Pricing& message) {
  std::array<bool, kPricingStages>& best = c.rule_set.best_for_customer;
  const auto otherwise = message.choose().find("otherwise");
  if (otherwise != message.choose().end()) best.fill(otherwise->second == kBestForCustomer);
  for (const std::string& name : SortedKeys(message.choose())) {
    const std::string path = absl::StrCat("pricing.choose[", name, "]");
    const std::string& way = message.choose().at(name);
    if (way != kBestForCustomer && way != "by_priority") {
      c.reporter.Error(codes::kUnknownWord, path, absl::StrCat("offers are not chosen `", way, "`"),
                       HintFor(way, {std::string(kBestForCustomer), "by_priority"}));
    }
    if (name == "otherwise") continue;
    const std::optional<PricingStage> stage = ReadStage(c, path, name);
    if (stage) best[static_cast<size_t>(*stage)] = way == kBestForCustomer;
  }
  // Points take nothing off: there is no best of them.
  best[static_cast<size_t>(PricingStage::kPoints)] = false;
}

void CompileMostOff(Compilation& c, const v1::Pricing& message) {
  for (const std::string& scope : SortedKeys(message.most_off())) {
    const std::string path = absl::StrCat("pricing.most_off[", scope, "]");
    if (scope != "line" && scope != "basket") {
      c.reporter.Error(codes::kUnknownWord, path,
                       absl::StrCat("`most_off` is for `line` and `basket`, not `", scope, "`"));
      continue;
    }
    const absl::StatusOr<int64_t> share = ParsePercent(message.most_off().at(scope));
    if (!share.ok() || *share > kWholePpm) {
      c.reporter.Error(codes::kBadValue, path,
                       absl::StrCat("`", message.most_off().at(scope), "` is not a share"),
                       "0% to 100%, for instance `70%`");
      continue;
    }
    PricingPolicy& pricing = c.rule_set.pricing;
    (scope == "line" ? pricing.most_off_line_ppm : pricing.most_off_basket_ppm) = *share;
  }
}

void CompileRounding(Compilation& c, const std::string& rounding) {
  if (rounding.empty() || rounding == "half_away_from_zero") return;
  if (rounding == "half_even") {
    c.rule_set.pricing.rounding = Rounding::kHalfEven;
  } else if (rounding == "down") {
    c.rule_set.pricing.rounding = Rounding::kDown;
  } else if (rounding == "up") {
    c.rule_set.pricing.rounding = Rounding::kUp;
  } else {
    c.reporter.Error(codes::kUnknownWord, "pricing.rounding",
                     absl::StrCat("there is no rounding `", rounding, "`"),
                     "one of half_away_from_zero, half_even, down, up");
  }
}

void CompileReturns(Compilation& c, const std::string& returns) {
  if (returns.empty() || returns == "recompute") return;
  if (returns == "proportional") {
    c.rule_set.return_policy = ReturnPolicy::kProportional;
    return;
  }
  c.reporter.Error(codes::kUnknownWord, "pricing.returns",
                   absl::StrCat("returns are not refunded `", returns, "`"),
                   HintFor(returns, {"proportional", "recompute"}));
}

}  // namespace

void CompilePricing(Compilation& c) {
  const v1::Pricing& message = c.message.pricing();
  CompileStages(c, message);
  CompileChoose(c, message);
  CompileMostOff(c, message);
  CompileRounding(c, message.rounding());
  CompileReturns(c, message.returns());
  CompileNearMissReach(c);
  if (message.has_never_discount()) {
    c.rule_set.has_never_discount = true;
    c.rule_set.never_discount = c.expressions->CompileCondition(
        "pricing.never_discount", message.never_discount(), Scope::kEveryLine);
  }
}

}  // namespace touchstone::rules
