#pragma once

// What a binder looks up once a rule set instead of once a decision.
//
// Thread safety: const after construction. Lifetime: refers to the rule set.

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/expr/arena.h"
#include "rules/expr/value.h"
#include "rules/facts/product_terms.h"
#include "rules/ruleset/rule_set.h"
#include "server/decide/fact_value.h"
#include "server/decide/held_grants.h"

namespace touchstone::server {

struct BindPlan {
  // A fact that the customer's record may hold; ascending by id, as its cells are.
  struct StoredFact {
    uint32_t id = 0;
    uint16_t slot = 0;
    const rules::AttributeSpec* attribute = nullptr;  // null for an aggregate
    const rules::AggregateSpec* aggregate = nullptr;
    std::vector<RecordFieldSlot> fields;
  };
  struct RequestFact {
    uint16_t slot = 0;
    const rules::AttributeSpec* attribute = nullptr;
  };

  explicit BindPlan(const rules::RuleSet& rule_set);

  std::vector<StoredFact> attributes;
  std::vector<StoredFact> aggregates;            // of the customer
  std::vector<StoredFact> household_aggregates;  // of her household, or of her if she is in none
  absl::flat_hash_map<absl::string_view, RequestFact> request;
  // Decision rows before anything is bound: defaults of the request, and for a known customer also
  // those of her attributes and what aggregates are without events.
  std::vector<rules::expr::Value> known_row;
  std::vector<rules::expr::Value> other_row;
  rules::ProductTerms product_terms;
  GrantedOffers granted_offers;
  rules::expr::Arena memory;  // of values in the rows
};

}  // namespace touchstone::server
