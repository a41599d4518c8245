#pragma once

// Counts of latencies in log-linear buckets: constant memory, any number of values.
//
// Precision: a percentile is at most 1/128 (0.8%) above the exact one and never below it; values
// below 256 ns are exact, and so are count, minimum, maximum and mean. Range: 0 to about 73 minutes
// (2^42 ns); what lies beyond counts in the last bucket, with its true maximum.
// Thread safety: none; one a thread, merged at the end. Cost: Record is a few instructions;
// 37 KB each. Source: the bucket layout of HdrHistogram (Gil Tene), in powers of two.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace touchstone::bench {

class LatencyHistogram {
 public:
  LatencyHistogram();

  // Negative values count as 0.
  void Record(int64_t latency_ns);
  void Merge(const LatencyHistogram& other);

  uint64_t count() const { return count_; }
  // 0 when nothing was recorded.
  int64_t min_ns() const { return count_ == 0 ? 0 : min_ns_; }
  int64_t max_ns() const { return max_ns_; }
  double mean_ns() const;
  // The smallest recorded latency, as precisely as buckets tell, that at least `share` of the
  // values do not exceed (nearest rank). REQUIRES: 0 < share <= 1. 0 when nothing was recorded.
  int64_t Percentile(double share) const;
  // How many values are at most this: exact where `latency_ns` ends a bucket, else with the whole
  // bucket that holds it.
  uint64_t CountAtMost(int64_t latency_ns) const;

 private:
  std::vector<uint64_t> buckets_;
  uint64_t count_ = 0;
  int64_t min_ns_ = INT64_MAX;
  int64_t max_ns_ = 0;
  double sum_ns_ = 0;
};

}  // namespace touchstone::bench
