#pragma once

// Which offers go together, as one would explain it.

#include <cstdint>
#include <vector>

#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

enum class Together : uint8_t { kYes, kOnOtherLines, kNo };

Together GoTogether(const RuleSet& rules, uint32_t a, uint32_t b);

// Whether no other offer applies where it does, shelf prices aside.
bool AppliesAlone(const OfferSpec& offer);

// Offers that change baskets, in the order of their turns.
std::vector<uint32_t> TurnsInOrder(const RuleSet& rules);

}  // namespace touchstone::rules
