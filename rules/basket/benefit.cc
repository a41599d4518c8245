#include "rules/basket/benefit.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace touchstone::rules {
namespace {

constexpr absl::string_view kStageNames[kPricingStages] = {"shelf", "line",   "set",      "order",
                                                           "code",  "tender", "delivery", "points"};

bool NeedsAmount(const Reduction& off) {
  return off.kind == BenefitKind::kAmountOff || off.kind == BenefitKind::kPrice;
}

bool LacksAmount(const Reduction& off, Currency currency) {
  return NeedsAmount(off) && !AmountIn(off.amount, currency).has_value();
}

bool LacksAmount(const AmountByCurrency& amounts, Currency currency) {
  return !amounts.empty() && !AmountIn(amounts, currency).has_value();
}

}  // namespace

absl::string_view PricingStageName(PricingStage stage) {
  return kStageNames[static_cast<size_t>(stage)];
}

std::optional<PricingStage> FindPricingStage(absl::string_view name) {
  const auto found = std::find(std::begin(kStageNames), std::end(kStageNames), name);
  if (found == std::end(kStageNames)) return std::nullopt;
  return static_cast<PricingStage>(found - std::begin(kStageNames));
}

std::optional<int64_t> AmountIn(const AmountByCurrency& amounts, Currency currency) {
  for (const Money& amount : amounts) {
    if (amount.currency == currency) return amount.amount_minor;
  }
  return std::nullopt;
}

bool IsPlain(const BenefitSpec& benefit) {
  return !benefit.units && !benefit.set && !benefit.gift && benefit.tiers.empty() &&
         benefit.stage != PricingStage::kDelivery && benefit.stage != PricingStage::kPoints;
}

bool IsOfNet(const BenefitSpec& benefit) {
  return benefit.stage != PricingStage::kLine && benefit.stage != PricingStage::kSet;
}

bool HasAmountsIn(const BenefitSpec& benefit, Currency currency) {
  if (LacksAmount(benefit.off, currency) || LacksAmount(benefit.at_most, currency) ||
      LacksAmount(benefit.reward.each, currency)) {
    return false;
  }
  return std::none_of(benefit.tiers.begin(), benefit.tiers.end(), [&](const BenefitTier& tier) {
    return LacksAmount(tier.off, currency) || LacksAmount(tier.from_amount, currency);
  });
}

bool GoesBefore(const BenefitSpec& a, const BenefitSpec& b) {
  return std::tie(a.stage_turn, b.goes_first, b.priority, a.offer_id) <
         std::tie(b.stage_turn, a.goes_first, a.priority, b.offer_id);
}

std::vector<uint32_t> OrderBenefits(absl::Span<const BenefitSpec* const> benefits) {
  std::vector<uint32_t> order(benefits.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [benefits](uint32_t a, uint32_t b) { return GoesBefore(*benefits[a], *benefits[b]); });
  return order;
}

}  // namespace touchstone::rules
