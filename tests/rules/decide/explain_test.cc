#include "rules/decide/explain.h"

#include <gtest/gtest.h>

#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::Value;

constexpr char kLoyalty[] = R"(
offer: loyalty
applies: automatic
eligible: customer.spend_90d >= 300.00 && customer.birth_date < now
requires: basket.net >= 20.00
benefit: { percent_off: 10 }
stacking: { stage: order, priority: 1 }
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week }]
)";
constexpr char kFirst[] = R"(
offer: first
applies: automatic
channels: [pos]
benefit: { amount_off: { EUR: 4.00 }, per: basket }
stacking: { stage: order, priority: 2 }
)";
constexpr char kLast[] = R"(
offer: last
applies: automatic
benefit: { percent_off: 50 }
stacking: { stage: order, priority: 0 }
)";

class ReasonTest : public ::testing::Test {
 protected:
  ReasonTest() : rules_(LoadGrocery({kLoyalty, kFirst, kLast})), scene_(rules_) {
    scene_.Customer();
    scene_.Line("BREAD", 3000);
    scene_.Fact("customer.spend_90d", Euro(41'200));
    scene_.Fact("customer.birth_date", Value::Timestamp(At("1990-01-01T00:00")));
  }

  std::string Reason(const std::string& offer) {
    return ReasonText(*rules_.compiled, scene_.Decide(), rules_.Offer(offer));
  }

  const TestRules rules_;
  Scene scene_;
};

TEST_F(ReasonTest, SaysWhatAnOfferTakesOff) {
  EXPECT_EQ(Reason("loyalty"), "it takes off 2.60 EUR");
}

TEST_F(ReasonTest, NamesThePartThatDoesNotHoldAndItsFacts) {
  scene_.Fact("customer.spend_90d", Euro(11'240));
  EXPECT_EQ(Reason("loyalty"),
            "customer.spend_90d >= 300.00 does not hold: customer.spend_90d is 112.40 EUR");
}

TEST_F(ReasonTest, NamesTheErrorAndKeepsPersonalDataToItself) {
  scene_.Fact("customer.birth_date", Value());
  EXPECT_EQ(Reason("loyalty"),
            "customer.birth_date < now ends in an error (absent): customer.birth_date is absent, "
            "now is 2026-11-26T07:30:00Z");
  scene_.Fact("customer.birth_date", Value::Timestamp(At("2030-01-01T00:00")));
  EXPECT_EQ(Reason("loyalty"),
            "customer.birth_date < now does not hold: customer.birth_date is set, "
            "now is 2026-11-26T07:30:00Z");
}

TEST_F(ReasonTest, TellsTheNetAtTheOffersTurnNotAtTheEnd) {
  scene_.lines[0].unit_price_e4 = 200'000;
  EXPECT_EQ(Reason("loyalty"), "basket.net >= 20.00 does not hold: basket.net is 16.00 EUR");
  EXPECT_EQ(scene_.Decide().facts[kSlotBasketNet].money_value().amount_minor, 800);
}

TEST_F(ReasonTest, TellsWhatTheRecordWouldHaveBeenNeededFor) {
  scene_.input.customer = InputStatus::kUnavailable;
  EXPECT_EQ(Reason("loyalty"),
            "customer.spend_90d >= 300.00 needs the customer's record, which did not come in time");
}

TEST_F(ReasonTest, NamesTheLimitThatIsReached) {
  scene_.Contacted("loyalty", ContactKind::kRedeemed, "2026-11-26T08:00");
  EXPECT_EQ(Reason("loyalty"), "limit weekly is reached");
}

TEST_F(ReasonTest, SaysThatALimitCouldNotBeClaimed) {
  scene_.unclaimed = {{rules_.Offer("loyalty"), Unclaimable::kLimit}};
  EXPECT_EQ(Reason("loyalty"),
            "another transaction of the customer took the last of one of its limits");
}

TEST(BudgetReasonTest, NamesTheBudgetAndWhatIsTheMatterWithIt) {
  std::vector<SourceFile> files = Grocery({std::string(kLast) + "budget: autumn\n"});
  files.push_back({"budgets.yaml", "autumn: { amount: 9.00 EUR }\n"});
  const TestRules rules = LoadRules(files);
  Scene scene(rules);
  scene.Line("BREAD", 3000);
  const auto reason = [&] {
    return ReasonText(*rules.compiled, scene.Decide(), rules.Offer("last"));
  };
  scene.unclaimed = {{rules.Offer("last"), Unclaimable::kBudget}};
  EXPECT_EQ(reason(), "others took the last of its budget autumn");
  scene.closed_budgets = {0};
  EXPECT_EQ(reason(), "its budget autumn has nothing left");
  scene.input.basket.currency = Currency::FromCode("CHF").value();
  EXPECT_EQ(reason(), "its budget autumn is in EUR, and the basket is not");
}

TEST_F(ReasonTest, NamesTheChannelThatAnOfferIsNotFor) {
  scene_.Channel("call");
  EXPECT_EQ(Reason("first"), "it is not for channel call");
}

TEST(StageNameTest, IsTheWordThatGoldenTestsUse) {
  EXPECT_EQ(StageName(Stage::kQuietHours), "quiet_hours");
  EXPECT_EQ(StageName(Stage::kRank), "rank");
  EXPECT_EQ(FindStage("requires"), Stage::kRequires);
  EXPECT_EQ(FindStage("no such stage"), std::nullopt);
  EXPECT_EQ(CauseName(Cause::kStepLimit), "step_limit");
  EXPECT_EQ(CauseName(Cause::kSpent), "spent");
  EXPECT_EQ(CauseName(Cause::kUnclaimed), "unclaimed");
  EXPECT_EQ(CauseName(Cause::kNothingLeft), "nothing_left");
}

}  // namespace
}  // namespace touchstone::rules
