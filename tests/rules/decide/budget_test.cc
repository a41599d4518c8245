// Budgets that are closed, and offers that could not be claimed.

#include <gtest/gtest.h>

#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

constexpr char kAutumn[] = R"(
offer: autumn-10
applies: automatic
channels: [pos, web]
benefit: { percent_off: 10 }
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week, anonymous: unlimited }]
budget: autumn
treatments:
  receipt: { text: Autumn }
  home_hero: { banner: Autumn }
)";
constexpr char kLaunch[] = R"(
offer: launch-5
applies: automatic
requires: basket.net >= 100.00
benefit: { percent_off: 5 }
budget: launch
)";
constexpr char kFree[] = R"(
offer: plain
applies: automatic
benefit: { percent_off: 1 }
)";

class BudgetTest : public testing::Test {
 protected:
  BudgetTest() : rules_(LoadRules(Files())), scene_(rules_) {
    scene_.Customer();
    scene_.Line("BREAD", 3000);
  }

  static std::vector<SourceFile> Files() {
    std::vector<SourceFile> files = Grocery({kAutumn, kLaunch, kFree});
    files.push_back({"budgets.yaml", "autumn: { amount: 100.00 EUR }\nlaunch: { uses: 50 }\n"});
    return files;
  }

  void ExpectRefused(const std::string& offer, Stage stage, Cause cause) {
    const OfferOutcome outcome = scene_.Outcome(offer);
    EXPECT_EQ(StageName(outcome.stage), StageName(stage)) << offer;
    EXPECT_EQ(CauseName(outcome.cause), CauseName(cause)) << offer;
    EXPECT_FALSE(outcome.applied) << offer;
  }

  const TestRules rules_;
  Scene scene_;
};

constexpr uint32_t kAutumnBudget = 0;
constexpr uint32_t kLaunchBudget = 1;

TEST_F(BudgetTest, RefusesTheOffersOfAClosedBudgetAndNoOthers) {
  EXPECT_TRUE(scene_.Outcome("autumn-10").applied);
  scene_.closed_budgets = {kAutumnBudget};
  ExpectRefused("autumn-10", Stage::kBudget, Cause::kSpent);
  EXPECT_TRUE(scene_.Outcome("plain").applied);
  ExpectRefused("launch-5", Stage::kRequires, Cause::kCondition);
}

TEST_F(BudgetTest, ShowsNothingThatThereIsNoMoneyFor) {
  scene_.Channel("web");
  scene_.lines.clear();
  scene_.line_facts.clear();
  EXPECT_EQ(scene_.Shown("home_hero").front(), "autumn-10");
  scene_.closed_budgets = {kAutumnBudget};
  EXPECT_EQ(scene_.Shown("home_hero").front(), "join-club");
}

TEST_F(BudgetTest, IsAskedAfterLimitsAndBeforeRequires) {
  scene_.closed_budgets = {kAutumnBudget, kLaunchBudget};
  ExpectRefused("launch-5", Stage::kBudget, Cause::kSpent);
  scene_.unclaimed = {{rules_.Offer("autumn-10"), Unclaimable::kLimit}};
  ExpectRefused("autumn-10", Stage::kLimit, Cause::kUnclaimed);
  scene_.Contacted("autumn-10", ContactKind::kRedeemed, "2026-11-26T08:00");
  ExpectRefused("autumn-10", Stage::kLimit, Cause::kLimitReached);
}

TEST_F(BudgetTest, LeavesOutWhatCouldNotBeClaimed) {
  scene_.unclaimed = {{rules_.Offer("autumn-10"), Unclaimable::kBudget}};
  ExpectRefused("autumn-10", Stage::kBudget, Cause::kUnclaimed);
  EXPECT_TRUE(scene_.Outcome("plain").applied);
  scene_.closed_budgets = {kAutumnBudget};
  ExpectRefused("autumn-10", Stage::kBudget, Cause::kSpent);
}

TEST_F(BudgetTest, OfMoneyDoesNotReachForABasketInAnotherCurrency) {
  scene_.input.basket.currency = Currency::FromCode("CHF").value();
  scene_.lines[0].unit_price_e4 = 1'500'000;
  ExpectRefused("autumn-10", Stage::kBudget, Cause::kNoCurrency);
  EXPECT_TRUE(scene_.Outcome("launch-5").applied);
}

}  // namespace
}  // namespace touchstone::rules
