#include "bench/latency_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace touchstone::bench {
namespace {

// Each power of two above 2^8 is cut into 2^7 buckets.
constexpr int kSubBucketBits = 7;
constexpr int kMaxBits = 42;
constexpr int64_t kMaxTracked = (int64_t{1} << kMaxBits) - 1;
constexpr size_t kBuckets = size_t{kMaxBits - kSubBucketBits + 1} << kSubBucketBits;

size_t BucketOf(int64_t value) {
  const auto v = static_cast<uint64_t>(std::clamp<int64_t>(value, 0, kMaxTracked));
  const int excess = std::max(0, static_cast<int>(std::bit_width(v)) - (kSubBucketBits + 1));
  return (static_cast<size_t>(excess) << kSubBucketBits) + static_cast<size_t>(v >> excess);
}

// The largest value of the bucket.
int64_t EndOf(size_t bucket) {
  const size_t half = size_t{1} << kSubBucketBits;
  if (bucket < 2 * half) return static_cast<int64_t>(bucket);
  const size_t excess = (bucket >> kSubBucketBits) - 1;
  const size_t within = bucket - (excess << kSubBucketBits);
  return static_cast<int64_t>(((within + 1) << excess) - 1);
}

}  // namespace

LatencyHistogram::LatencyHistogram() : buckets_(kBuckets, 0) {}

void LatencyHistogram::Record(int64_t latency_ns) {
  latency_ns = std::max<int64_t>(latency_ns, 0);
  ++buckets_[BucketOf(latency_ns)];
  ++count_;
  min_ns_ = std::min(min_ns_, latency_ns);
  max_ns_ = std::max(max_ns_, latency_ns);
  sum_ns_ += static_cast<double>(latency_ns);
}

void LatencyHistogram::Merge(const LatencyHistogram& other) {
  for (size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
  sum_ns_ += other.sum_ns_;
}

double LatencyHistogram::mean_ns() const {
  return count_ == 0 ? 0 : sum_ns_ / static_cast<double>(count_);
}

int64_t LatencyHistogram::Percentile(double share) const {
  if (count_ == 0) return 0;
  const auto rank = std::clamp<uint64_t>(
      static_cast<uint64_t>(std::ceil(share * static_cast<double>(count_))), 1, count_);
  uint64_t seen = 0;
  for (size_t i = 0; i + 1 < kBuckets; ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::min(EndOf(i), max_ns_);
  }
  return max_ns_;
}

uint64_t LatencyHistogram::CountAtMost(int64_t latency_ns) const {
  if (latency_ns < 0) return 0;
  if (latency_ns >= max_ns_) return count_;
  uint64_t seen = 0;
  for (size_t i = 0; i <= BucketOf(latency_ns); ++i) seen += buckets_[i];
  return seen;
}

}  // namespace touchstone::bench
