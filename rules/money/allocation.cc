#include "rules/money/allocation.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

// Gives each share its whole part, and what is left to the largest remainders. REQUIRES: `Unsigned`
// holds total times the largest weight, and the sum of the weights.
template <typename Unsigned>
void Distribute(int64_t total, Unsigned sum, absl::Span<AllocationShare> shares,
                std::vector<std::pair<Unsigned, uint32_t>>& remainders) {
  remainders.clear();
  int64_t left = total;
  for (uint32_t i = 0; i < shares.size(); ++i) {
    AllocationShare& share = shares[i];
    const Unsigned product =
        static_cast<Unsigned>(total) * static_cast<Unsigned>(static_cast<uint64_t>(share.weight));
    share.part = static_cast<int64_t>(product / sum);
    const Unsigned remainder = product % sum;
    left -= share.part;
    if (remainder != 0) remainders.emplace_back(remainder, i);
  }
  // The remainders sum to left * sum and each is below sum, so more than `left` of them are not 0.
  const auto served = remainders.begin() + left;
  const auto comes_first = [shares](const auto& a, const auto& b) {
    if (a.first != b.first) return a.first > b.first;
    const AllocationShare& share_a = shares[a.second];
    const AllocationShare& share_b = shares[b.second];
    return std::tie(share_b.weight, share_a.tie_break) <
           std::tie(share_a.weight, share_b.tie_break);
  };
  // Which shares are served is all that matters, not in which order: no full sort.
  std::nth_element(remainders.begin(), served, remainders.end(), comes_first);
  for (auto it = remainders.begin(); it != served; ++it) ++shares[it->second].part;
}

// Whether everyday arithmetic will do.
bool FitsIn64Bits(int64_t total, int64_t largest_weight, absl::uint128 sum) {
  uint64_t product = 0;
  return absl::Uint128High64(sum) == 0 &&
         !__builtin_mul_overflow(static_cast<uint64_t>(total),
                                 static_cast<uint64_t>(largest_weight), &product);
}

}  // namespace

absl::Status Allocate(int64_t total, absl::Span<AllocationShare> shares,
                      AllocationScratch& scratch) {
  if (total < 0) return absl::InvalidArgumentError("an allocated total must not be negative");
  absl::uint128 sum = 0;
  int64_t largest_weight = 0;
  for (const AllocationShare& share : shares) {
    if (share.weight < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the weight of \"", share.tie_break, "\" is negative"));
    }
    sum += static_cast<uint64_t>(share.weight);
    largest_weight = std::max(largest_weight, share.weight);
  }
  if (sum == 0) {
    if (total != 0) return absl::InvalidArgumentError("no share has a weight to allocate over");
    for (AllocationShare& share : shares) share.part = 0;
    return absl::OkStatus();
  }
  if (FitsIn64Bits(total, largest_weight, sum)) {
    Distribute(total, absl::Uint128Low64(sum), shares, scratch.remainders);
  } else {
    Distribute(total, sum, shares, scratch.wide_remainders);
  }
  return absl::OkStatus();
}

}  // namespace touchstone::rules
