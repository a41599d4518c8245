#include "bench/arrival_schedule.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace touchstone::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<int64_t> First(size_t count, ArrivalSchedule schedule) {
  std::vector<int64_t> moments;
  while (moments.size() < count) moments.push_back(schedule.NextNs());
  return moments;
}

TEST(ArrivalScheduleTest, UniformGapsAreEqualAndDoNotDrift) {
  ArrivalSchedule schedule(ArrivalKind::kUniform, 3, 0);
  int64_t last = 0;
  for (int i = 0; i < 3'000'000; ++i) last = schedule.NextNs();
  EXPECT_NEAR(static_cast<double>(last), 1e15, 1e3);
}

TEST(ArrivalScheduleTest, OneSeedGivesOneSchedule) {
  const auto schedule = [](uint64_t seed) {
    return First(1000, ArrivalSchedule(ArrivalKind::kPoisson, 5000, seed));
  };
  EXPECT_EQ(schedule(7), schedule(7));
  EXPECT_NE(schedule(7), schedule(8));
}

TEST(ArrivalScheduleTest, PoissonGapsAreExponential) {
  constexpr uint64_t kSeed = 20261126;
  SCOPED_TRACE(kSeed);
  constexpr size_t kCount = 200'000;
  constexpr double kGapNs = 1e5;
  const std::vector<int64_t> moments =
      First(kCount, ArrivalSchedule(ArrivalKind::kPoisson, 10'000, kSeed));
  double sum = 0;
  double squares = 0;
  size_t short_gaps = 0;
  int64_t before = 0;
  for (const int64_t moment : moments) {
    ASSERT_GE(moment, before);
    const auto gap = static_cast<double>(moment - before);
    sum += gap;
    squares += gap * gap;
    if (gap < kGapNs) ++short_gaps;
    before = moment;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, kGapNs, 0.02 * kGapNs);
  // Standard deviation as large as the mean, and 1 - 1/e of the gaps below it.
  EXPECT_NEAR(std::sqrt(squares / kCount - mean * mean), kGapNs, 0.02 * kGapNs);
  EXPECT_NEAR(static_cast<double>(short_gaps) / kCount, 1 - std::exp(-1.0), 0.005);
}

// A clock that tests move.
struct PacerTest : testing::Test {
  MonotonicTime start = MonotonicTime(seconds(1000));
  Pacer pacer{ArrivalSchedule(ArrivalKind::kUniform, 1000, 0), start, start + milliseconds(20)};
};

TEST_F(PacerTest, NothingIsDueBeforeItsMoment) {
  EXPECT_EQ(pacer.TakeDue(start), std::nullopt);
  EXPECT_EQ(pacer.next(), start + milliseconds(1));
  EXPECT_EQ(pacer.TakeDue(start + microseconds(999)), std::nullopt);
  EXPECT_EQ(pacer.TakeDue(start + milliseconds(1)), start + milliseconds(1));
  EXPECT_EQ(pacer.TakeDue(start + milliseconds(1)), std::nullopt);
}

TEST_F(PacerTest, AStallLeavesEverySendItsIntendedMoment) {
  const MonotonicTime after_stall = start + milliseconds(10);
  for (int i = 1; i <= 10; ++i) {
    EXPECT_EQ(pacer.TakeDue(after_stall), start + milliseconds(i));
  }
  EXPECT_EQ(pacer.TakeDue(after_stall), std::nullopt);
  EXPECT_EQ(pacer.next(), start + milliseconds(11));
}

TEST_F(PacerTest, NothingIsSentAtOrAfterTheEnd) {
  int sends = 0;
  while (!pacer.done()) {
    ASSERT_NE(pacer.TakeDue(start + seconds(5)), std::nullopt);
    ++sends;
  }
  EXPECT_EQ(sends, 19);
  EXPECT_EQ(pacer.TakeDue(start + seconds(5)), std::nullopt);
}

}  // namespace
}  // namespace touchstone::bench
