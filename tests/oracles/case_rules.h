#pragma once

// A case as a rule set of ours.
//
// Promotions become offers: one for each benefit, in most cases. The priorities of a case go over
// everything, those of ours stand within stages; so the stages are listed in the order in which the
// case needs them, and priorities follow from the order of the promotions.

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "tests/oracles/promotion_case.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

struct CaseRules {
  v1::RuleSet message;
  std::map<std::string, std::string> promotion_of_offer;
};

// ISO 4217; some cases do not say theirs.
std::string CurrencyOf(const PromotionCase& test);

// Whether a percentage on lines is of what earlier promotions left, as one platform has it where a
// case is marked as its own choice.
bool HasPercentagesOfNet(const PromotionCase& test);

// Unimplemented for what no rule of ours is known for.
absl::StatusOr<CaseRules> MapRules(const PromotionCase& test);

}  // namespace touchstone::rules
