#pragma once

// What the applied offers of a decision must claim before its price is promised, and what they
// promise for a later visit.
//
// Thread safety: as Decide, one Scratch a thread. Cost: linear in the applied offers; evaluates the
// `at_most` of their limits. Allocates.

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "rules/decide/decide.h"
#include "rules/decide/decision.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// One use of a limit that counts `redeemed` per customer.
struct LimitClaim {
  uint32_t offer = 0;   // index
  uint16_t limit = 0;   // position in OfferSpec::limits
  int64_t at_most = 0;  // contacts that count, this one among them
  absl::Time from;      // start of its window; InfinitePast for `ever`
};

// REQUIRES: `decision` was made by `rule_set` from `input` in `scratch`, which was not used since.
// Ascending by offer, then limit. Empty unless the customer is kPresent: nobody else is counted.
std::vector<LimitClaim> LimitClaimsOf(const RuleSet& rule_set, const DecisionInput& input,
                                      const Decision& decision, DecisionScratch& scratch);

// A coupon that the sale gives.
struct CouponPromise {
  uint32_t offer = 0;     // index of what gives it
  uint32_t good_for = 0;  // index of what it is good for
  int64_t uses = 0;       // above 0
  absl::Time start;
  absl::Time end;  // not included
};

// REQUIRES: as above. In the order of pricing. Days are those of the store's zone, else of the rule
// set's.
std::vector<CouponPromise> CouponsOf(const RuleSet& rule_set, const DecisionInput& input,
                                     const Decision& decision, DecisionScratch& scratch);

}  // namespace touchstone::rules
