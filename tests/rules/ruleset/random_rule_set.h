#pragma once

// Rule sets at random, by reflection over the messages: every field may be set, texts are chosen to
// be hard to quote. They are as the loader gives them (files.h), not valid beyond that.

#include <cstdint>

#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

v1::RuleSet RandomRuleSet(uint64_t seed);

}  // namespace touchstone::rules
