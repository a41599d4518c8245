#include "server/decide/step_tracker.h"

#include <gtest/gtest.h>

namespace touchstone::server {
namespace {

TEST(StepTrackerTest, RefusesOnlyAStepThatGoesBackwards) {
  StepTracker tracker(4);
  EXPECT_TRUE(tracker.Advance(1, 2));
  EXPECT_TRUE(tracker.Advance(1, 2));
  EXPECT_TRUE(tracker.Advance(1, 5));
  EXPECT_FALSE(tracker.Advance(1, 4));
  EXPECT_TRUE(tracker.Advance(1, 5));
  EXPECT_TRUE(tracker.Advance(2, 1));
}

TEST(StepTrackerTest, ForgetsTheTransactionThatWasSeenLongestAgo) {
  StepTracker tracker(2);
  EXPECT_TRUE(tracker.Advance(1, 9));
  EXPECT_TRUE(tracker.Advance(2, 9));
  EXPECT_TRUE(tracker.Advance(1, 9));
  EXPECT_TRUE(tracker.Advance(3, 9));  // forgets 2
  EXPECT_FALSE(tracker.Advance(1, 8));
  EXPECT_TRUE(tracker.Advance(2, 1));  // forgets 1: what is refused does not count as seen
  EXPECT_FALSE(tracker.Advance(3, 8));
  EXPECT_TRUE(tracker.Advance(1, 1));
}

TEST(StepTrackerTest, KeepsTheLatestOfManyTransactions) {
  StepTracker tracker(64);
  for (uint64_t i = 1; i <= 1000; ++i) ASSERT_TRUE(tracker.Advance(i, static_cast<int32_t>(i)));
  for (uint64_t i = 1000; i > 1000 - 64; --i) {
    EXPECT_FALSE(tracker.Advance(i, static_cast<int32_t>(i) - 1)) << i;
  }
}

}  // namespace
}  // namespace touchstone::server
