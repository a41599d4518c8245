#include "server/decide/budget_board.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// autumn: 10.00 EUR in all; daily: 5.00 EUR a day; launch: 2 uses.
std::shared_ptr<const LiveState> StateWith(int64_t autumn_minor) {
  auto rules = std::make_shared<rules::RuleSet>();
  const rules::Currency euro = *rules::Currency::FromCode("EUR");
  rules->budgets.resize(3);
  rules->budgets[0].name = "autumn";
  rules->budgets[0].amount_minor = autumn_minor;
  rules->budgets[0].currency = euro;
  rules->budgets[1].name = "daily";
  rules->budgets[1].per_day_minor = 500;
  rules->budgets[1].currency = euro;
  rules->budgets[2].name = "launch";
  rules->budgets[2].uses = 2;
  rules->schema.zone = absl::FixedTimeZone(3600);
  auto live = std::make_shared<LiveState>();
  live->rule_set = rules;
  return live;
}

class BudgetBoardTest : public ::testing::Test {
 protected:
  BudgetBoardTest() : live_state_(StateWith(1000)) { live_.Set(live_state_); }

  void Update(uint64_t position, const std::string& budget, int64_t count, int64_t minor,
              std::optional<int32_t> day = std::nullopt) {
    google::protobuf::RepeatedPtrField<ChangedBudget> changed;
    ChangedBudget* one = changed.Add();
    one->set_budget_id(budget);
    one->mutable_use()->set_reserved_count(count);
    one->mutable_use()->set_committed_minor(minor);
    if (day.has_value()) {
      one->set_by_day(true);
      one->set_day(*day);
    }
    board_.Update(position, changed);
  }
  std::vector<uint32_t> Closed(absl::Time now = absl::UnixEpoch()) {
    const absl::Span<const uint32_t> closed = reader_.Closed(*live_state_, now);
    return {closed.begin(), closed.end()};
  }

  Live live_;
  std::shared_ptr<const LiveState> live_state_;
  BudgetBoard board_{&live_};
  BudgetReader reader_{&board_};
};

TEST_F(BudgetBoardTest, ClosesWhenNothingIsLeftAndOpensAgain) {
  EXPECT_THAT(Closed(), IsEmpty());
  Update(1, "autumn", 5, 999);
  EXPECT_THAT(Closed(), IsEmpty());
  Update(2, "autumn", 6, 1000);
  EXPECT_THAT(Closed(), ElementsAre(0));
  Update(3, "launch", 2, 0);
  EXPECT_THAT(Closed(), ElementsAre(0, 2));
  Update(4, "autumn", 5, 900);
  EXPECT_THAT(Closed(), ElementsAre(2));
}

TEST_F(BudgetBoardTest, AnOlderResultNeverReplacesANewerOne) {
  Update(9, "autumn", 0, 1000);
  Update(8, "autumn", 0, 10);
  EXPECT_THAT(Closed(), ElementsAre(0));
}

TEST_F(BudgetBoardTest, ADayClosesThatDayAlone) {
  Update(1, "daily", 1, 500, 0);
  EXPECT_THAT(Closed(absl::UnixEpoch()), ElementsAre(1));
  // The zone is an hour ahead.
  EXPECT_THAT(Closed(absl::UnixEpoch() + absl::Hours(22)), ElementsAre(1));
  EXPECT_THAT(Closed(absl::UnixEpoch() + absl::Hours(23)), IsEmpty());
}

TEST_F(BudgetBoardTest, AnotherRevisionHasOtherBounds) {
  Update(1, "autumn", 0, 1000);
  EXPECT_THAT(Closed(), ElementsAre(0));
  live_state_ = StateWith(2000);
  live_.Set(live_state_);
  EXPECT_THAT(Closed(), IsEmpty());
  Update(2, "autumn", 0, 2000);
  EXPECT_THAT(Closed(), ElementsAre(0));
}

}  // namespace
}  // namespace touchstone::server
