#pragma once

// A made-up chain of any size: rule set, products and stores, the same for the same seed.
//
// The shape of an offer follows what marketers write: three to eight predicates over customer,
// aggregates, request, store and basket (equality, ranges, membership, a choice now and then); a
// third carry a benefit, most of those with a condition on lines and a smallest basket; the rest
// are messages. Windows, limits and treatments in one to three placements are spread over all.
// Thread safety: pure functions. Cost: linear in offers and list entries.

#include <cstdint>
#include <string>

#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::bench {

struct GeneratedOptions {
  size_t offers = 1000;
  size_t products = 2000;
  size_t product_lists = 20;
  size_t skus_per_list = 100;
  // Of the offers with a benefit, the first so many ask for a grant.
  size_t granted_offers = 0;
  uint64_t seed = 1;
};

// Attributes of customer (aggregates and one computed attribute included) and request, together.
inline constexpr int kGeneratedAttributes = 60;
// Of channel pos, each with max_offers 3.
inline constexpr const char* kGeneratedPlacements[] = {"receipt", "screen", "display"};

v1::RuleSet GenerateRuleSet(const GeneratedOptions& options);
// With the columns of the rule set's reference tables, and name and price.
std::string GenerateProductsCsv(size_t products);
std::string GenerateStoresCsv();
// The mappings that import them.
extern const char* const kGeneratedProductsMapping;
extern const char* const kGeneratedStoresMapping;

}  // namespace touchstone::bench
