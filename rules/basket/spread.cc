#include "rules/basket/spread.h"

#include <algorithm>
#include <cassert>

#include "absl/numeric/int128.h"

namespace touchstone::rules {
namespace {

// Whether a proportional share of `total` reaches the cap. Otherwise even the share rounded up is
// within it, because caps are whole units.
bool ReachesCap(const SpreadShare& share, int64_t total, int64_t weights) {
  return absl::int128(total) * share.weight >= absl::int128(share.cap) * weights;
}

// By cap relative to weight, that is, by how early a rising level fills the share.
bool FillsBefore(const SpreadShare& a, const SpreadShare& b) {
  return absl::int128(a.cap) * b.weight < absl::int128(b.cap) * a.weight;
}

// Gives the shares that reach their caps just those, and leaves the others in scratch.order.
// Returns what is left for them.
int64_t FillToCaps(int64_t total, int64_t weights, absl::Span<SpreadShare> shares,
                   SpreadScratch& scratch) {
  std::vector<uint32_t>& order = scratch.order;
  std::sort(order.begin(), order.end(),
            [shares](uint32_t a, uint32_t b) { return FillsBefore(shares[a], shares[b]); });
  // Filling one share never lowers the level of the others, so one pass in this order finds all.
  size_t filled = 0;
  for (; filled < order.size(); ++filled) {
    SpreadShare& share = shares[order[filled]];
    if (!ReachesCap(share, total, weights)) break;
    share.part = share.cap;
    total -= share.cap;
    weights -= share.weight;
  }
  order.erase(order.begin(), order.begin() + static_cast<ptrdiff_t>(filled));
  return total;
}

}  // namespace

void Spread(int64_t total, absl::Span<SpreadShare> shares, SpreadScratch& scratch) {
  scratch.order.clear();
  int64_t weights = 0;
  for (uint32_t i = 0; i < shares.size(); ++i) {
    shares[i].part = 0;
    if (shares[i].cap == 0 && shares[i].weight == 0) continue;
    weights += shares[i].weight;
    scratch.order.push_back(i);
  }
  const bool a_cap_binds = std::any_of(scratch.order.begin(), scratch.order.end(), [&](uint32_t i) {
    return ReachesCap(shares[i], total, weights);
  });
  if (a_cap_binds) total = FillToCaps(total, weights, shares, scratch);

  scratch.shares.resize(scratch.order.size());
  for (size_t i = 0; i < scratch.order.size(); ++i) {
    const SpreadShare& share = shares[scratch.order[i]];
    scratch.shares[i] = {.weight = share.weight, .tie_break = share.tie_break};
  }
  const absl::Status status = Allocate(total, absl::MakeSpan(scratch.shares), scratch.allocation);
  assert(status.ok());
  status.IgnoreError();
  for (size_t i = 0; i < scratch.order.size(); ++i) {
    shares[scratch.order[i]].part = scratch.shares[i].part;
  }
}

}  // namespace touchstone::rules
