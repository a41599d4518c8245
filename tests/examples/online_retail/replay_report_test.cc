#include "deploy/examples/online-retail/replay_report.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace touchstone::online_retail {
namespace {

using ::testing::HasSubstr;

TEST(ReplayReportTest, SaysMoneyInPoundsAndLatenciesByNearestRank) {
  ReplayTotals totals;
  totals.gross_minor = 123456789;
  totals.discount_minor = 100005;
  totals.payable_minor = 7;
  for (int i = 1; i <= 200; ++i) totals.latencies.push_back(absl::Microseconds(201 - i));
  const std::string text = ReportText(totals);
  EXPECT_THAT(text, HasSubstr("GBP: 1,234,567.89 before offers, 1,000.05 discount, 0.07 revenue"));
  EXPECT_THAT(text, HasSubstr("p50 100 us, p99 198 us"));
  EXPECT_THAT(ReportJson(totals), HasSubstr("\"latency_p99_us\":198,"));
}

TEST(ReplayReportTest, NamesOffersThatNeverWon) {
  ReplayTotals totals;
  totals.offers["applied-1"].applied = 1;
  totals.offers["shown-1"].shown = 1;
  EXPECT_THAT(ReportText(totals), HasSubstr("offers that never won: none\n"));
  totals.offers["idle-1"];
  totals.offers["idle-2"];
  EXPECT_THAT(ReportText(totals), HasSubstr("offers that never won: idle-1, idle-2\n"));
}

}  // namespace
}  // namespace touchstone::online_retail
