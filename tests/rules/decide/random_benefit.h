#pragma once

// What offers of a random rule set take off, and with which others they go together, as YAML.

#include <string>
#include <vector>

#include "tests/rules/decide/random.h"

namespace touchstone::rules {

std::string Quoted(const std::string& text);

template <size_t n>
std::string Conjunction(Random& random, const char* const (&texts)[n]) {
  std::string text = random.Of(texts);
  while (random.OneIn(2)) text += " && " + random.Of(texts);
  return Quoted(text);
}

// The keys `benefit` and `stacking` of an automatic offer; `ids` are those of all offers.
std::string RandomBenefit(Random& random, const std::string& id,
                          const std::vector<std::string>& ids);
// A pricing.yaml with every stage, in which offers are chosen by priority.
std::string RandomPricing(Random& random);

}  // namespace touchstone::rules
