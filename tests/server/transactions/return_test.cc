// Returns over both policies: refunds, lost offers, what is given back.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ReturnTest, RecomputesThePriceOfWhatIsKept) {
  Till till;
  till.Reserve("t1", 1, {{"BREAD", 1, 2000}, {"CHEESE", 2, 2000}});
  // 60.00 less 3.00 less 10.00.
  EXPECT_EQ(till.Commit("t1", 1).totals().payable_minor(), 4700);
  // 40.00 keeps the 3.00 and loses the 10.00: 37.00.
  const v1::ReturnSaleResponse first = till.Return("r1", "t1", {{"1", 1}});
  EXPECT_EQ(first.refund_minor(), 1000);
  EXPECT_EQ(first.kept_minor(), 3700);
  EXPECT_THAT(first.lost_offer_ids(), ElementsAre("big-basket"));
  // `kept` keeps its use.
  EXPECT_THAT(first.restored(), IsEmpty());
  EXPECT_EQ(first.sale().refunded_minor(), 1000);
  EXPECT_EQ(first.sale().lines(0).returned_thousandths(), 1000);
  const v1::ReturnSaleResponse second = till.Return("r2", "t1", {{"2", 1}});
  EXPECT_EQ(second.refund_minor(), 2000);
  const v1::ReturnSaleResponse third = till.Return("r3", "t1", {{"2", 1}});
  EXPECT_EQ(third.refund_minor(), 1700);
  EXPECT_EQ(third.kept_minor(), 0);
  ASSERT_EQ(third.restored_size(), 1);
  EXPECT_EQ(third.restored(0).id(), "autumn");
  EXPECT_EQ(third.restored(0).amount().amount_minor(), 300);
  const v1::Sale sale = till.GetSale("t1");
  EXPECT_EQ(sale.refunded_minor(), 4700);
  EXPECT_EQ(sale.returns_size(), 3);
}

TEST(ReturnTest, WhatComesBackToABudgetCanBeClaimedAgain) {
  Till till;
  const std::vector<Item> twenty = {{"BREAD", 1, 2000}};
  till.Reserve("t1", 1, twenty);
  till.Commit("t1", 1);
  till.Reserve("t2", 1, twenty);
  EXPECT_THAT(till.Reserve("t3", 1, twenty).claims(), IsEmpty());
  till.Return("r1", "t1", {{"1", 1}});
  EXPECT_EQ(till.Reserve("t3", 2, twenty).claims_size(), 1);
}

TEST(ReturnTest, ALimitThatIsReturnedCanBeUsedAgain) {
  Till till;
  till.AddCustomer("ada", "1");
  const std::vector<Item> milk = {{"MILK", 2, 200}};
  till.Reserve("t1", 1, milk, "1");
  till.Commit("t1", 1);
  till.Return("r1", "t1", {{"1", 1}});
  EXPECT_THAT(till.Reserve("t2", 1, milk, "1").claims(), IsEmpty());
  till.Return("r2", "t1", {{"1", 1}});
  EXPECT_EQ(till.Reserve("t2", 2, milk, "1").claims_size(), 1);
}

TEST(ReturnTest, ProportionalRefundsWhatWasPaidForTheUnits) {
  Till till("proportional");
  till.Reserve("t1", 1, {{"BREAD", 1, 2000}, {"CHEESE", 2, 2000}});
  EXPECT_EQ(till.Commit("t1", 1).totals().payable_minor(), 4700);
  const v1::ReturnSaleResponse first = till.Return("r1", "t1", {{"1", 1}});
  const v1::ReturnSaleResponse second = till.Return("r2", "t1", {{"2", 2}});
  EXPECT_GE(first.refund_minor(), 1566);
  EXPECT_LE(first.refund_minor(), 1567);
  EXPECT_EQ(first.refund_minor() + second.refund_minor(), 4700);
  // A third of the 3.00; rounded down, since a budget never gets more than it gave.
  EXPECT_EQ(first.restored(0).id(), "autumn");
  EXPECT_EQ(first.restored(0).amount().amount_minor() + second.restored(0).amount().amount_minor(),
            300);
}

TEST(ReturnTest, IsAnsweredOnceAndAgain) {
  Till till;
  till.Reserve("t1", 1, {{"BREAD", 3, 500}});
  till.Commit("t1", 1);
  const v1::ReturnSaleRequest request = till.ReturnRequestOf("r1", "t1", {{"1", 1}});
  v1::ReturnSaleResponse first;
  v1::ReturnSaleResponse again;
  ASSERT_TRUE(till.Try(request, &first).ok());
  till.Return("r2", "t1", {{"1", 1}});
  ASSERT_TRUE(till.Try(request, &again).ok());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(till.GetSale("t1").refunded_minor(), 1000);
}

TEST(ReturnTest, ARetryOfTheCommitIsAnsweredAsItWasSold) {
  Till till;
  till.Reserve("t1", 1, {{"BREAD", 1, 2000}});
  const v1::CommitRequest commit = till.CommitRequestOf("t1", 1);
  v1::Sale first;
  v1::Sale again;
  ASSERT_TRUE(till.Try(commit, &first).ok());
  EXPECT_EQ(first.claims_size(), 1);
  till.Return("r1", "t1", {{"1", 1}});
  EXPECT_EQ(till.GetSale("t1").claims_size(), 0);
  ASSERT_TRUE(till.Try(commit, &again).ok());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
}

TEST(ReturnTest, TheRulesOfTheSaleCountNotThoseOfToday) {
  Till till;
  till.Reserve("t1", 1, {{"BREAD", 2, 1500}});
  EXPECT_EQ(till.Commit("t1", 1).totals().payable_minor(), 2700);
  till.server().Publish(TillRules("proportional"));
  till.server().MoveClock(absl::Hours(24 * 20));
  const v1::ReturnSaleResponse back = till.Return("r1", "t1", {{"1", 1}});
  // 15.00 no longer reach the 20.00.
  EXPECT_EQ(back.kept_minor(), 1500);
  EXPECT_EQ(back.refund_minor(), 1200);
}

}  // namespace
}  // namespace touchstone::server
