#include "bench/latency_histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace touchstone::bench {
namespace {

// The smallest value that at least `share` of them do not exceed.
int64_t ExactPercentile(std::vector<int64_t> values, double share) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(values.size())));
  return values[std::max<size_t>(rank, 1) - 1];
}

// Latencies of every magnitude, not only small ones.
std::vector<int64_t> AnyLatencies() {
  std::vector<int64_t> values;
  const auto mantissas =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<uint64_t>>(rc::gen::arbitrary<uint64_t>()));
  for (const uint64_t mantissa : mantissas) {
    const int bits = *rc::gen::inRange(0, 42);
    values.push_back(static_cast<int64_t>(mantissa & ((uint64_t{1} << bits) - 1)));
  }
  return values;
}

RC_GTEST_PROP(LatencyHistogramProperty, PercentilesAreWithinOneIn128AboveTheExactOnes, ()) {
  const std::vector<int64_t> values = AnyLatencies();
  LatencyHistogram histogram;
  for (const int64_t value : values) histogram.Record(value);
  for (const double share : {0.001, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    const int64_t exact = ExactPercentile(values, share);
    const int64_t estimate = histogram.Percentile(share);
    RC_ASSERT(estimate >= exact);
    RC_ASSERT(estimate <= exact + exact / 128);
  }
  RC_ASSERT(histogram.count() == values.size());
  RC_ASSERT(histogram.min_ns() == *std::min_element(values.begin(), values.end()));
  RC_ASSERT(histogram.max_ns() == *std::max_element(values.begin(), values.end()));
}

RC_GTEST_PROP(LatencyHistogramProperty, MergingIsRecordingIntoOne, ()) {
  const std::vector<int64_t> values = AnyLatencies();
  const std::vector<int64_t> others = AnyLatencies();
  LatencyHistogram all;
  LatencyHistogram first;
  LatencyHistogram second;
  for (const int64_t value : values) {
    all.Record(value);
    first.Record(value);
  }
  for (const int64_t value : others) {
    all.Record(value);
    second.Record(value);
  }
  first.Merge(second);
  RC_ASSERT(first.count() == all.count());
  RC_ASSERT(first.min_ns() == all.min_ns());
  RC_ASSERT(first.max_ns() == all.max_ns());
  for (const double share : {0.1, 0.5, 0.9, 0.999}) {
    RC_ASSERT(first.Percentile(share) == all.Percentile(share));
  }
}

RC_GTEST_PROP(LatencyHistogramProperty, CountsAtMostWithTheWholeBucket, ()) {
  const std::vector<int64_t> values = AnyLatencies();
  const int64_t bound = *rc::gen::inRange<int64_t>(0, 10'000'000'000);
  LatencyHistogram histogram;
  for (const int64_t value : values) histogram.Record(value);
  const auto at_most = [&](int64_t limit) {
    return static_cast<uint64_t>(
        std::count_if(values.begin(), values.end(), [&](int64_t value) { return value <= limit; }));
  };
  RC_ASSERT(histogram.CountAtMost(bound) >= at_most(bound));
  RC_ASSERT(histogram.CountAtMost(bound) <= at_most(bound + bound / 128));
}

TEST(LatencyHistogramTest, IsExactBelow256Nanoseconds) {
  LatencyHistogram histogram;
  for (int64_t value = 0; value < 256; ++value) histogram.Record(value);
  for (int64_t rank = 1; rank <= 256; ++rank) {
    EXPECT_EQ(histogram.Percentile(static_cast<double>(rank) / 256), rank - 1);
  }
}

TEST(LatencyHistogramTest, SaysNothingOfNothing) {
  const LatencyHistogram histogram;
  EXPECT_EQ(histogram.count(), 0u);
  EXPECT_EQ(histogram.Percentile(0.5), 0);
  EXPECT_EQ(histogram.min_ns(), 0);
  EXPECT_EQ(histogram.mean_ns(), 0);
  EXPECT_EQ(histogram.CountAtMost(INT64_MAX), 0u);
}

TEST(LatencyHistogramTest, KeepsTheTrueMaximumOfWhatIsBeyondItsRange) {
  LatencyHistogram histogram;
  histogram.Record(-5);
  histogram.Record(INT64_MAX);
  EXPECT_EQ(histogram.Percentile(0.5), 0);
  EXPECT_EQ(histogram.Percentile(1), INT64_MAX);
  EXPECT_EQ(histogram.min_ns(), 0);
}

}  // namespace
}  // namespace touchstone::bench
