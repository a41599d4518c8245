#include "store/bucket_state.h"

#include <algorithm>

#include "store/record_layout.h"

namespace touchstone::store {

using layout::AppendNumber;

BucketState::BucketState(const AggregateView& view)
    : first_us_(view.first_us()), last_us_(view.last_us()) {
  buckets_.reserve(view.bucket_count() + 1);
  for (size_t i = 0; i < view.bucket_count(); ++i) buckets_.push_back(view.bucket(i));
}

void BucketState::Add(absl::string_view operation) {
  const char* at = operation.data();
  const Bucket added{LoadNumber<int32_t>(at + 4), LoadNumber<int64_t>(at + 8),
                     LoadNumber<int64_t>(at + 16)};
  const int64_t event_us = LoadNumber<int64_t>(at + 24);
  const int32_t keep_from = LoadNumber<int32_t>(at + 32);

  if (event_us != AggregateView::kNever) {
    if (first_us_ == AggregateView::kNever || event_us < first_us_) first_us_ = event_us;
    last_us_ = std::max(last_us_, event_us);
  }
  const auto by_number = [](const Bucket& b, int32_t number) { return b.number < number; };
  const auto bucket = std::lower_bound(buckets_.begin(), buckets_.end(), added.number, by_number);
  if (bucket != buckets_.end() && bucket->number == added.number) {
    bucket->count = layout::SaturatingAdd(bucket->count, added.count);
    bucket->sum = layout::SaturatingAdd(bucket->sum, added.sum);
  } else if (added.number >= keep_from) {
    buckets_.insert(bucket, added);
  }
  buckets_.erase(buckets_.begin(),
                 std::lower_bound(buckets_.begin(), buckets_.end(), keep_from, by_number));
  if (buckets_.size() > kMaxBuckets) buckets_.erase(buckets_.begin());
}

void BucketState::AppendTo(std::string* out) const {
  AppendNumber(out, first_us_);
  AppendNumber(out, last_us_);
  for (const Bucket& bucket : buckets_) {
    AppendNumber(out, bucket.number);
    AppendNumber(out, bucket.count);
    AppendNumber(out, bucket.sum);
  }
}

}  // namespace touchstone::store
