#include "server/decide/bind_plan.h"

#include "rules/facts/aggregate.h"

namespace touchstone::server {

BindPlan::BindPlan(const rules::RuleSet& rule_set)
    : known_row(rule_set.layout->decision_row_size()),
      other_row(rule_set.layout->decision_row_size()),
      product_terms(rule_set.schema.product),
      granted_offers(GrantedOffersOf(rule_set)) {
  const rules::Schema& schema = rule_set.schema;
  for (size_t i = 0; i < schema.request.size(); ++i) {
    const uint16_t slot = rule_set.layout->request_slot(i);
    request[schema.request[i].name] = {slot, &schema.request[i]};
    known_row[slot] = other_row[slot] = schema.request[i].default_value;
  }
  for (const rules::StoredSlot& stored : rule_set.layout->stored_slots()) {
    StoredFact fact;
    fact.id = stored.id;
    fact.slot = stored.slot;
    if (stored.is_aggregate) {
      fact.aggregate = &schema.aggregates[stored.index];
      // Without a state the moment does not matter.
      known_row[stored.slot] =
          rules::AggregateValue(*fact.aggregate, {}, rules::CurrentBuckets(), memory);
      (fact.aggregate->per_household ? household_aggregates : aggregates)
          .push_back(std::move(fact));
    } else {
      fact.attribute = &schema.customer[stored.index];
      fact.fields = RecordFieldSlots(fact.attribute->type);
      known_row[stored.slot] = fact.attribute->default_value;
      attributes.push_back(std::move(fact));
    }
  }
}

}  // namespace touchstone::server
