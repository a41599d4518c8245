#pragma once

// The buckets of an aggregate, taken apart so that increments can change them.
//
// Thread safety: for one thread at a time. Errors: none.
// Cost: an increment is linear in the buckets at worst, and allocates when there is a new one.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "store/aggregate_view.h"

namespace touchstone::store {

class BucketState {
 public:
  static constexpr AggregateView::Kind kKind = AggregateView::Kind::kBuckets;

  BucketState() = default;
  explicit BucketState(const AggregateView& view);

  // The operation AddToAggregate. REQUIRES: well formed.
  void Add(absl::string_view operation);

  void AppendTo(std::string* out) const;

 private:
  int64_t first_us_ = AggregateView::kNever;
  int64_t last_us_ = AggregateView::kNever;
  std::vector<Bucket> buckets_;  // ascending by number
};

}  // namespace touchstone::store
