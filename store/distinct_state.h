#pragma once

// What an aggregate counts as distinct, taken apart so that increments can change it: values while
// they are few, then a sliding HyperLogLog (Chabchoub and Hebrail, 2010), which keeps of a register
// every pair of bucket and rank that no other one of the register is at least equal to in both.
//
// Thread safety: for one thread at a time. Errors: none.
// Cost: an increment is linear in the entries; a sketch holds at most kMaxSketchRank pairs a
// register, in practice a few.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "store/aggregate_view.h"

namespace touchstone::store {

class DistinctState {
 public:
  static constexpr AggregateView::Kind kKind = AggregateView::Kind::kDistinct;

  DistinctState() = default;
  explicit DistinctState(const AggregateView& view);

  // The operation AddDistinct. REQUIRES: well formed.
  void Add(absl::string_view operation);

  // What too many values become; of a sketch it is of no effect.
  void BecomeSketch();

  bool empty() const { return entries_.empty(); }
  void AppendTo(std::string* out) const;

 private:
  void AddHash(uint64_t hash, int32_t bucket);
  void AddPair(uint64_t hash, int32_t bucket);

  bool is_sketch_ = false;
  std::vector<DistinctEntry> entries_;  // as in AggregateView
};

}  // namespace touchstone::store
