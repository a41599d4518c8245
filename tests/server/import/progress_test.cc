#include "server/import/progress.h"

#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

TEST(ProgressTest, TheBarFillsWithTheFileAndNeverOverflows) {
  EXPECT_EQ(Progress::Bar(0), "[                    ]");
  EXPECT_EQ(Progress::Bar(0.5), "[##########          ]");
  EXPECT_EQ(Progress::Bar(1), "[####################]");
  EXPECT_EQ(Progress::Bar(1.5), Progress::Bar(1));
}

TEST(ProgressTest, SaysRateAndTimeLeft) {
  EXPECT_EQ(Progress::Line(1000, 0.25, 2), " 25%  1000 rows  500/s  6s left");
  EXPECT_EQ(Progress::Line(4000, 1, 8), "100%  4000 rows  500/s");
  EXPECT_EQ(Progress::Line(0, 0, 0), "  0%  0 rows");
}

}  // namespace
}  // namespace touchstone::server
