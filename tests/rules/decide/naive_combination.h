#pragma once

// The best combination of the offers of one stage, found by trying them all: nothing is pruned,
// remembered or looked at apart from the rest.

#include <cstdint>
#include <vector>

#include "rules/basket/pricing.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

struct OfferInStage {
  uint32_t offer = 0;
  std::vector<uint8_t> selected;  // by line, as Pricer::Apply has it
};

// What the best combination takes off. `offers` are in order of pricing.
int64_t BestByTrying(const RuleSet& rules, const Basket& basket,
                     const std::vector<OfferInStage>& offers);

}  // namespace touchstone::rules
