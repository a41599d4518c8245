#include "rules/decide/explained_facts.h"

#include "rules/facts/layout.h"

namespace touchstone::rules {

using expr::Value;

bool IsPii(expr::Slot slot, const RuleSet& rule_set) {
  for (size_t i = 0; i < rule_set.schema.customer.size(); ++i) {
    if (rule_set.layout->customer_slot(i) == slot.index) return rule_set.schema.customer[i].pii;
  }
  for (size_t i = 0; i < rule_set.schema.request.size(); ++i) {
    if (rule_set.layout->request_slot(i) == slot.index) return rule_set.schema.request[i].pii;
  }
  // A computed attribute may be made of any of them.
  for (size_t i = 0; i < rule_set.schema.computed.size(); ++i) {
    if (rule_set.layout->computed_slot(i) == slot.index)
      return rule_set.schema.computed[i].personal;
  }
  return false;
}

Value NetAtTurn(const RuleSet& rule_set, const Decision& decision, uint32_t offer) {
  const Value& gross = decision.facts[kSlotBasketGross];
  const OfferSpec& spec = rule_set.offers[offer];
  if (gross.kind() != expr::Kind::kMoney || !spec.benefit.has_value()) {
    return decision.facts[kSlotBasketNet];
  }
  Money net = gross.money_value();
  for (const uint32_t before : rule_set.pricing_order) {
    if (before == offer) break;
    const bool of_merchandise = rule_set.offers[before].benefit->stage != PricingStage::kDelivery;
    if (decision.offers[before].applied && of_merchandise) {
      net.amount_minor -= decision.offers[before].taken.amount_minor;
    }
  }
  return Value::OfMoney(net);
}

}  // namespace touchstone::rules
