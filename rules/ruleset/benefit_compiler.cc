#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/money/money.h"
#include "rules/ruleset/naming.h"
#include "rules/ruleset/stages.h"

namespace touchstone::rules {
namespace {

constexpr int64_t kWholePpm = 1'000'000;

class BenefitCompiler {
 public:
  BenefitCompiler(Compilation& c, absl::string_view path, const v1::Offer& offer)
      : c_(c), path_(path), offer_(offer), message_(offer.benefit()) {}

  BenefitSpec Compile(uint32_t index) {
    BenefitSpec spec;
    spec.offer = index;
    spec.offer_id = offer_.offer();
    spec.priority = offer_.stacking().priority();
    spec.takes_marked_down = message_.takes_marked_down();
    CompileStage(spec);
    switch (message_.kind_case()) {
      case v1::Benefit::kPercentOff:
        spec.kind = BenefitKind::kPercentOff;
        spec.parts_per_million = Percent();
        if (!message_.per().empty()) {
          c_.reporter.Error(codes::kUnexpectedValue, At("benefit.per"),
                            "only `amount_off` says `per`; a percentage is of every line");
        }
        break;
      case v1::Benefit::kAmountOff:
        spec.kind = BenefitKind::kAmountOff;
        spec.amount_off = Amounts("benefit.amount_off", message_.amount_off());
        CompilePer(spec);
        break;
      case v1::Benefit::KIND_NOT_SET:
        c_.reporter.Error(codes::kMissingValue, At("benefit"), "a benefit says what it takes off",
                          "add `percent_off: 20` or `amount_off: { EUR: 5.00 }`");
        break;
    }
    if (message_.has_at_most()) spec.at_most = Amounts("benefit.at_most", message_.at_most());
    return spec;
  }

 private:
  std::string At(absl::string_view key) const { return absl::StrCat(path_, ".", key); }

  void CompileStage(BenefitSpec& spec) {
    const std::string& stage = offer_.stacking().stage();
    const bool line = stage.empty() ? message_.has_lines() : stage == "line";
    if (!stage.empty() && stage != "line" && stage != "order") {
      c_.reporter.NotSupportedYet(At("stacking.stage"), absl::StrCat("the stage `", stage, "`"),
                                  "the stages of this version are `line` and `order`");
      return;
    }
    spec.stage = line ? PricingStage::kLine : PricingStage::kOrder;
    if (line ? c_.has_line_stage : c_.has_order_stage) return;
    c_.reporter.Error(codes::kUnknownWord, stage.empty() ? At("benefit") : At("stacking.stage"),
                      absl::StrCat("the offer is priced in the stage `", line ? "line" : "order",
                                   "`, which pricing.yaml does not name"),
                      "add it to `stages` in pricing.yaml");
  }

  int64_t Percent() {
    const std::string& text = message_.percent_off();
    const bool has_sign = !text.empty() && text.back() == '%';
    const absl::StatusOr<int64_t> ppm = ParsePercent(has_sign ? text : absl::StrCat(text, "%"));
    if (!ppm.ok()) {
      c_.reporter.Error(codes::kBadValue, At("benefit.percent_off"),
                        absl::StrCat("`", text, "` is not a percentage"),
                        "for instance `20` or `12.5`");
      return 0;
    }
    if (*ppm <= 0 || *ppm > kWholePpm) {
      c_.reporter.Error(codes::kOutOfRange, At("benefit.percent_off"),
                        "a percentage off is more than 0 and at most 100");
      return 0;
    }
    return *ppm;
  }

  AmountByCurrency Amounts(absl::string_view key, const v1::AmountByCurrency& message) {
    AmountByCurrency amounts;
    for (const std::string& code : SortedKeys(message.amounts())) {
      const std::string at = absl::StrCat(path_, ".", key, ".amounts[", code, "]");
      const std::optional<Currency> currency = FindCurrency(c_, at, code);
      if (!currency) continue;
      const absl::StatusOr<Money> amount = ParseAmount(message.amounts().at(code), *currency);
      if (!amount.ok()) {
        c_.reporter.Error(
            codes::kBadValue, at,
            absl::StrCat("`", message.amounts().at(code), "` is not an amount of ", code),
            absl::StrCat("digits, with at most ", currency->minor_digits(), " decimals"));
      } else if (amount->amount_minor <= 0) {
        c_.reporter.Error(codes::kOutOfRange, at, "an amount here is more than 0");
      } else {
        amounts.push_back(*amount);
      }
    }
    CheckCurrencies(key, message);
    return amounts;
  }

  void CheckCurrencies(absl::string_view key, const v1::AmountByCurrency& message) {
    if (message.amounts().empty()) {
      c_.reporter.Error(codes::kMissingValue, At(key), "there is no amount here",
                        "an amount by currency, for instance `{ EUR: 5.00 }`");
      return;
    }
    std::vector<std::string> missing;
    for (const Currency currency : c_.rule_set.schema.currencies) {
      const std::string code(currency.code());
      if (!message.amounts().contains(code)) missing.push_back(code);
    }
    if (missing.empty()) return;
    c_.reporter.Warning(codes::kMissingCurrency, At(key),
                        absl::StrCat("no amount in ", absl::StrJoin(missing, ", "),
                                     ": the offer does not apply to baskets in ",
                                     missing.size() == 1 ? "it" : "these"),
                        "add an amount for every currency of the rule set");
  }

  void CompilePer(BenefitSpec& spec) {
    const std::string& per = message_.per();
    if (per == "unit") {
      spec.per = AmountPer::kUnit;
    } else if (per == "line") {
      spec.per = AmountPer::kLine;
    } else if (per == "basket") {
      spec.per = AmountPer::kBasket;
    } else if (per.empty()) {
      c_.reporter.Error(codes::kMissingValue, At("benefit"), "`amount_off` says per what",
                        "add `per: basket`, `per: line` or `per: unit`");
    } else {
      c_.reporter.Error(codes::kUnknownWord, At("benefit.per"),
                        absl::StrCat("an amount cannot be off per `", per, "`"),
                        HintFor(per, {"basket", "line", "unit"}));
    }
  }

  Compilation& c_;
  const std::string path_;
  const v1::Offer& offer_;
  const v1::Benefit& message_;
};

void CheckStacking(Compilation& c, absl::string_view path, const v1::Offer& offer) {
  const v1::Stacking& stacking = offer.stacking();
  if (stacking.not_with_size() > 0) {
    c.reporter.NotSupportedYet(
        absl::StrCat(path, ".stacking.not_with"), "`not_with`",
        "exclude by `eligible`, or by `requires: basket.net == basket.gross`");
  }
  if (offer.has_stacking() && !offer.has_benefit()) {
    c.reporter.Error(codes::kUnexpectedValue, absl::StrCat(path, ".stacking"),
                     "an offer without a benefit has no place in pricing", "leave `stacking` out");
  }
}

}  // namespace

std::optional<BenefitSpec> CompileBenefit(Compilation& c, absl::string_view path,
                                          const v1::Offer& offer, uint32_t index) {
  CheckStacking(c, path, offer);
  if (!offer.has_benefit()) return std::nullopt;
  return BenefitCompiler(c, path, offer).Compile(index);
}

}  // namespace touchstone::rules
