#include "rules/money/allocation.h"

#include <algorithm>
#include <cstddef>
#include <tuple>

#include "absl/numeric/int128.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

// What is left once every share has its whole part; `remainders` is filled for shares that have
// one.
int64_t TakeWholeParts(int64_t total, absl::uint128 sum, absl::Span<AllocationShare> shares,
                       AllocationScratch& scratch) {
  scratch.remainders.clear();
  int64_t left = total;
  for (uint32_t i = 0; i < shares.size(); ++i) {
    AllocationShare& share = shares[i];
    const absl::uint128 product =
        absl::uint128(static_cast<uint64_t>(total)) * static_cast<uint64_t>(share.weight);
    absl::uint128 remainder;
    // A 128-bit division costs several 64-bit ones; everyday baskets need only those.
    if (absl::Uint128High64(product) == 0 && absl::Uint128High64(sum) == 0) {
      const uint64_t low = absl::Uint128Low64(product);
      share.part = static_cast<int64_t>(low / absl::Uint128Low64(sum));
      remainder = low % absl::Uint128Low64(sum);
    } else {
      share.part = static_cast<int64_t>(product / sum);
      remainder = product % sum;
    }
    left -= share.part;
    if (remainder != 0) scratch.remainders.emplace_back(remainder, i);
  }
  return left;
}

}  // namespace

absl::Status Allocate(int64_t total, absl::Span<AllocationShare> shares,
                      AllocationScratch& scratch) {
  if (total < 0) return absl::InvalidArgumentError("an allocated total must not be negative");
  absl::uint128 sum = 0;
  for (const AllocationShare& share : shares) {
    if (share.weight < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("the weight of \"", share.tie_break, "\" is negative"));
    }
    sum += static_cast<uint64_t>(share.weight);
  }
  if (sum == 0) {
    if (total != 0) return absl::InvalidArgumentError("no share has a weight to allocate over");
    for (AllocationShare& share : shares) share.part = 0;
    return absl::OkStatus();
  }

  const int64_t left = TakeWholeParts(total, sum, shares, scratch);
  // The remainders sum to left * sum and each is below sum, so more than `left` of them are not 0.
  const auto served = scratch.remainders.begin() + left;
  const auto comes_first = [&shares](const auto& a, const auto& b) {
    const AllocationShare& share_a = shares[a.second];
    const AllocationShare& share_b = shares[b.second];
    return std::tie(b.first, share_b.weight, share_a.tie_break) <
           std::tie(a.first, share_a.weight, share_b.tie_break);
  };
  // Which shares are served is all that matters, not in which order: no full sort.
  std::nth_element(scratch.remainders.begin(), served, scratch.remainders.end(), comes_first);
  for (auto it = scratch.remainders.begin(); it != served; ++it) ++shares[it->second].part;
  return absl::OkStatus();
}

}  // namespace touchstone::rules
