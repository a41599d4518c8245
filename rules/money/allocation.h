#pragma once

// Splits an amount over weights so that the parts sum to the whole exactly: largest remainder
// (Hamilton's method), the way an order discount reaches its lines.
//
// Thread safety: pure. Cost: O(n), no allocation when `scratch` has capacity.
// Ties between equal remainders go to the larger weight, then to the smaller tie_break.

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::rules {

struct AllocationShare {
  int64_t weight = 0;           // in: not negative (the line's remaining amount, minor units)
  absl::string_view tie_break;  // in: unique (the line_id)
  int64_t part = 0;             // out: minor units; sum of parts == total
};

struct AllocationScratch {
  // A sum of int64 weights need not fit int64, and a remainder comes close to it: 128 bits. Where
  // all products fit 64, so do the remainders.
  std::vector<std::pair<absl::uint128, uint32_t>> wide_remainders;
  std::vector<std::pair<uint64_t, uint32_t>> remainders;
};

// Writes `part` of each share. total may be 0 and must not be negative; when all weights are zero
// and total is not, InvalidArgument and nothing is written. If total <= sum of weights, no part
// exceeds its weight. Products are taken in 128 bits, so no input overflows.
absl::Status Allocate(int64_t total, absl::Span<AllocationShare> shares,
                      AllocationScratch& scratch);

}  // namespace touchstone::rules
