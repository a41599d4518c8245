#pragma once

// Spreads an amount over shares in proportion to their weights, none above its cap: what a capped
// share cannot take goes to the others, again in proportion ("water filling").
//
// Thread safety: pure. Cost: O(n), and O(n log n) when a cap binds; no allocation when `scratch`
// has capacity. Minor units by largest remainder as in allocation.h, with its tie breaks, so the
// order of the shares does not matter.

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/money/allocation.h"

namespace touchstone::rules {

struct SpreadShare {
  int64_t weight = 0;                // in: not negative
  int64_t cap = 0;                   // in: 0 to weight
  absl::string_view tie_break = {};  // in: unique
  int64_t part = 0;                  // out: 0 to cap; sum of parts == total
};

struct SpreadScratch {
  std::vector<uint32_t> order;
  std::vector<AllocationShare> shares;
  AllocationScratch allocation;
};

// Writes `part` of each share. REQUIRES: 0 <= total <= sum of caps, and sums of weights fit int64.
void Spread(int64_t total, absl::Span<SpreadShare> shares, SpreadScratch& scratch);

}  // namespace touchstone::rules
