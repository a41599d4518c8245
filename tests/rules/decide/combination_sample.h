#pragma once

// Offers of one stage of which not all can be had, and small baskets for them.

#include <string>
#include <vector>

#include "tests/rules/decide/naive_combination.h"
#include "tests/rules/decide/random.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {

// What the offers are about.
enum class Contest {
  kLines,          // percentages and amounts off lines that exclude each other
  kSets,           // sets, some of which exclude each other
  kSetsOfOneKind,  // whose units are of one part
};

struct SampleOffer {
  std::string id;
  std::string benefit;  // YAML, without `lines`
  std::string stacking;
  std::string lines;               // SKUs, a letter each
  std::vector<std::string> parts;  // the same of the parts of a set; empty: all that `lines` has
};

struct CombinationSample {
  std::vector<SampleOffer> offers;

  std::string Yaml(const SampleOffer& offer) const;
  TestRules Load(const std::string& choose) const;
  // In order of pricing.
  std::vector<OfferInStage> InStage(const TestRules& rules, const Scene& scene) const;
};

CombinationSample RandomOffers(Contest contest, Random& random);
// What all offers of a contest for lines take together leaves something of a unit of this price.
inline constexpr int64_t kEnoughForAll = 1000;

// 1 to 6 lines of 1 to 4 pieces, at most `pieces` together.
void RandomPieces(int64_t pieces, int64_t least_price, Random& random, Scene& scene);
std::string Describe(const CombinationSample& sample, const Scene& scene);

}  // namespace touchstone::rules
