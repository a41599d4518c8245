#include "tests/oracles/priced_case.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/decide/decide.h"
#include "rules/ruleset/compile.h"
#include "tests/oracles/case_basket.h"
#include "tests/oracles/case_rules.h"

namespace touchstone::rules {
namespace {

absl::StatusOr<std::shared_ptr<const RuleSet>> CompileCase(const v1::RuleSet& message) {
  const absl::Time today = absl::FromCivil(absl::CivilDay(2026, 11, 23), absl::UTCTimeZone());
  CompileResult result = Compile(message, SourceMap(), today);
  if (result.rule_set != nullptr) return result.rule_set;
  std::vector<std::string> errors;
  for (const Diagnostic& diagnostic : result.diagnostics) {
    if (diagnostic.severity == Severity::kError) errors.push_back(Render(diagnostic));
  }
  return absl::InvalidArgumentError(absl::StrCat("refused: ", absl::StrJoin(errors, "; ")));
}

absl::Status CheckBasket(const Basket& basket) {
  const std::vector<BasketViolation> violations = ValidateBasket(basket);
  if (violations.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(violations[0].field, ": ", violations[0].description));
}

const PromotionBenefit* FindGift(const PromotionCase& test, absl::string_view item) {
  for (const Promotion& promotion : test.promotions) {
    for (const PromotionBenefit& benefit : promotion.benefits) {
      if (benefit.gift_item == item) return &benefit;
    }
  }
  return nullptr;
}

// Whether gifts were missing.
absl::StatusOr<bool> AddMissingGifts(const PromotionCase& test, const RuleSet& rule_set,
                                     const Decision& decision, CaseBasket& basket) {
  bool added = false;
  for (const AppliedOffer& applied : decision.basket.applied) {
    if (applied.missing_gifts == 0) continue;
    const std::string& sku = rule_set.offers[applied.offer].benefit->gift->sku;
    const PromotionBenefit* gift = FindGift(test, sku);
    if (gift == nullptr) return absl::InternalError(absl::StrCat("nobody gives a ", sku));
    absl::Status status = basket.AddGift(sku, gift->gift_unit_price, applied.missing_gifts);
    if (!status.ok()) return status;
    added = true;
  }
  return added;
}

PricedCase Answered(const CaseRules& rules, const RuleSet& rule_set, const CaseBasket& basket,
                    const Decision& decision) {
  PricedCase priced;
  priced.currency = basket.Input().basket.currency;
  priced.payable_minor = decision.basket.payable_minor;
  for (size_t i = 0; i < decision.basket.lines.size(); ++i) {
    const BasketLine& line = basket.lines()[i];
    const LineTotals& totals = decision.basket.lines[i];
    priced.lines.push_back(
        {basket.names()[i], line.is_delivery, line.units(), totals.gross_minor, totals.net_minor});
  }
  for (const LineTaking& taking : decision.basket.takings) {
    const OfferSpec& offer = rule_set.offers[taking.offer];
    priced.takings.push_back({rules.promotion_of_offer.at(offer.id),
                              offer.benefit->stage == PricingStage::kShelf, taking.line,
                              taking.amount_minor});
  }
  return priced;
}

}  // namespace

absl::StatusOr<PricedCase> PriceCase(const PromotionCase& test) {
  const absl::StatusOr<CaseRules> rules = MapRules(test);
  if (!rules.ok()) return rules.status();
  const absl::StatusOr<std::shared_ptr<const RuleSet>> compiled = CompileCase(rules->message);
  if (!compiled.ok()) return compiled.status();
  const RuleSet& rule_set = **compiled;
  CaseBasket basket(test, rule_set);
  absl::Status fit = basket.AddCart();
  DecisionScratch scratch;
  // The cart as it is, then with the gifts that were missing.
  for (int step = 0;; ++step) {
    fit.Update(CheckBasket(basket.Input().basket));
    if (!fit.ok()) return fit;
    const Decision& decision = Decide(rule_set, basket.Input(), scratch);
    const absl::StatusOr<bool> added = AddMissingGifts(test, rule_set, decision, basket);
    if (!added.ok()) return added.status();
    if (!*added) return Answered(*rules, rule_set, basket, decision);
    if (step == 2) return absl::InternalError("gifts are missing after they were added");
  }
}

}  // namespace touchstone::rules
