#pragma once

// From the grants of a customer's record to what the decision sees of them.
//
// Thread safety: a pure function. Cost: linear in her open grants, of which there are a handful.

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"
#include "store/record.h"

namespace touchstone::server {

// Offers that ask for a grant to their indexes: by the offer as contact state names it, and the
// terms that a grant keeps (0: none).
using GrantedOffers = absl::flat_hash_map<std::pair<uint32_t, uint32_t>, uint32_t>;
GrantedOffers GrantedOffersOf(const rules::RuleSet& rule_set);

// Those of offers that the rule set still grants, what ends first first, of these the least id.
// `transaction`: the one that asks, as contacts name it; what it holds itself is as good as free,
// since it is given back before it is claimed again. Ids point into the record.
void JudgeGrants(const store::RecordView& record, const GrantedOffers& offers, absl::Time now,
                 uint64_t transaction, std::vector<rules::HeldGrant>* grants);

}  // namespace touchstone::server
