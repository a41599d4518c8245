#include "absl/strings/str_cat.h"
#include "rules/money/money.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;
constexpr absl::string_view kAllStages[] = {"shelf", "line",   "set",      "order",
                                            "code",  "tender", "delivery", "points"};

bool IsStage(absl::string_view name) {
  return std::find(std::begin(kAllStages), std::end(kAllStages), name) != std::end(kAllStages);
}

void ReportStage(Compilation& c, const std::string& path, const std::string& stage) {
  if (IsStage(stage)) {
    c.reporter.NotSupportedYet(path, absl::StrCat("the stage `", stage, "`"),
                               "the stages of this version are `line` and `order`");
  } else {
    c.reporter.Error(codes::kUnknownWord, path, absl::StrCat("there is no stage `", stage, "`"),
                     "the stages are `line` and `order`");
  }
}

void CompileStages(Compilation& c, const v1::Pricing& message) {
  bool seen_line = false;
  bool seen_order = false;
  for (int i = 0; i < message.stages_size(); ++i) {
    const std::string path = absl::StrCat("pricing.stages[", i, "]");
    const std::string& stage = message.stages(i);
    if (stage != "line" && stage != "order") {
      ReportStage(c, path, stage);
      continue;
    }
    bool& seen = stage == "line" ? seen_line : seen_order;
    if (seen) {
      c.reporter.Error(codes::kDuplicateName, path,
                       absl::StrCat("the stage `", stage, "` stands here twice"));
    } else if (stage == "line" && seen_order) {
      c.reporter.NotSupportedYet(path, "`line` after `order`",
                                 "in this version `line` comes first");
    }
    seen = true;
  }
  c.has_line_stage = seen_line || message.stages_size() == 0;
  c.has_order_stage = seen_order || message.stages_size() == 0;
}

void CompileChoose(Compilation& c, const v1::Pricing& message) {
  for (const std::string& stage : SortedKeys(message.choose())) {
    const std::string path = absl::StrCat("pricing.choose[", stage, "]");
    const std::string& way = message.choose().at(stage);
    if (stage != "line" && stage != "order" && stage != "otherwise") ReportStage(c, path, stage);
    if (way == "best_for_customer") {
      c.reporter.NotSupportedYet(path, "`best_for_customer`",
                                 "use `by_priority` and give the better offer the higher priority");
    } else if (way != "by_priority") {
      c.reporter.Error(codes::kUnknownWord, path,
                       absl::StrCat("offers are chosen `by_priority`, not `", way, "`"));
    }
  }
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

}  // namespace

void CompilePricing(Compilation& c) {
  const v1::Pricing& message = c.message.pricing();
  CompileStages(c, message);
  CompileChoose(c, message);
  CompileMostOff(c, message);
  CompileRounding(c, message.rounding());
  if (message.has_never_discount()) {
    c.rule_set.has_never_discount = true;
    c.rule_set.never_discount = c.expressions->CompileCondition(
        "pricing.never_discount", message.never_discount(), Scope::kEveryLine);
  }
}

}  // namespace touchstone::rules
