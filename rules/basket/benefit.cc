#include "rules/basket/benefit.h"

#include <algorithm>
#include <tuple>

namespace touchstone::rules {

std::optional<int64_t> AmountIn(const AmountByCurrency& amounts, Currency currency) {
  for (const Money& amount : amounts) {
    if (amount.currency == currency) return amount.amount_minor;
  }
  return std::nullopt;
}

bool HasAmountsIn(const BenefitSpec& benefit, Currency currency) {
  if (!benefit.at_most.empty() && !AmountIn(benefit.at_most, currency)) return false;
  return benefit.kind != BenefitKind::kAmountOff ||
         AmountIn(benefit.amount_off, currency).has_value();
}

bool GoesBefore(const BenefitSpec& a, const BenefitSpec& b) {
  return std::tie(a.stage, b.priority, a.offer_id) < std::tie(b.stage, a.priority, b.offer_id);
}

std::vector<uint32_t> OrderBenefits(absl::Span<const BenefitSpec* const> benefits) {
  std::vector<uint32_t> order(benefits.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(),
            [benefits](uint32_t a, uint32_t b) { return GoesBefore(*benefits[a], *benefits[b]); });
  return order;
}

}  // namespace touchstone::rules
