// What a till reserves, and what others can have meanwhile.

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const std::vector<Item> kTwenty = {{"BREAD", 1, 2000}};

std::vector<std::string> ClaimsIn(const v1::Reservation& reservation) {
  std::vector<std::string> claims;
  for (const v1::Claim& claim : reservation.claims()) {
    claims.push_back(absl::StrCat(claim.id(), " ", claim.offer_id(), " ", claim.count(), " ",
                                  claim.amount().amount_minor()));
  }
  return claims;
}

TEST(ReserveTest, PromisesThePriceAndClaimsTheBudget) {
  Till till;
  const v1::Reservation held = till.Reserve("t1", 1, kTwenty);
  EXPECT_EQ(held.state(), v1::RESERVATION_STATE_HELD);
  EXPECT_EQ(held.basket().totals().payable_minor(), 1700);
  EXPECT_THAT(ClaimsIn(held), ElementsAre("autumn three-euro 1 300"));
  EXPECT_EQ(held.expire_time().seconds(), absl::ToUnixSeconds(till.server().now()) + 15 * 60);
  EXPECT_FALSE(held.decision_id().empty());
}

TEST(ReserveTest, WhatIsUsedUpIsLeftOutOfThePrice) {
  Till till;
  till.Reserve("t1", 1, kTwenty);
  till.Reserve("t2", 1, kTwenty);  // 6.00 on this day
  const v1::Reservation third = till.Reserve("t3", 1, kTwenty);
  EXPECT_EQ(third.basket().totals().payable_minor(), 2000);
  EXPECT_THAT(third.claims(), IsEmpty());
  EXPECT_EQ(CodeFor(third, "three-euro"), "SPENT");
  EXPECT_THAT(AppliedIn(till.Decide("t4", 1, kTwenty).basket()), Not(Contains("three-euro")));

  till.Release("t1", 1);
  EXPECT_THAT(AppliedIn(till.Decide("t4", 2, kTwenty).basket()), Contains("three-euro"));
  EXPECT_EQ(till.Reserve("t3", 2, kTwenty).basket().totals().payable_minor(), 1700);
}

TEST(ReserveTest, TheDayEndsWhereTheRuleSetIs) {
  Till till;
  till.Reserve("t1", 1, kTwenty);
  till.Reserve("t2", 1, kTwenty);
  till.Commit("t1", 1);
  till.Commit("t2", 1);
  till.server().MoveClock(absl::Hours(16));  // 2026-11-21T01:00 in Berlin
  EXPECT_EQ(till.Reserve("t3", 1, kTwenty).basket().totals().payable_minor(), 1700);
  // 9.00 of 10.00: not 3.00 more in all.
  EXPECT_EQ(till.Reserve("t4", 1, kTwenty).basket().totals().payable_minor(), 2000);
}

TEST(ReserveTest, ALaterStepTakesThePlaceOfAnEarlierOne) {
  Till till;
  till.Reserve("t1", 1, kTwenty);
  const v1::Reservation bare = till.Reserve("t1", 2, {{"BREAD", 1, 100}});
  EXPECT_THAT(bare.claims(), IsEmpty());
  till.Reserve("t2", 1, kTwenty);
  EXPECT_EQ(till.Reserve("t3", 1, kTwenty).basket().totals().payable_minor(), 1700);

  v1::Reservation late;
  EXPECT_EQ(ReasonOf(till.Try(till.ReserveRequestOf("t1", 1, kTwenty), &late)), "STEP_SUPERSEDED");
}

TEST(ReserveTest, ARetryGetsTheFirstAnswer) {
  Till till;
  const v1::ReserveRequest request = till.ReserveRequestOf("t1", 1, kTwenty);
  v1::Reservation first;
  v1::Reservation again;
  ASSERT_TRUE(till.Try(request, &first).ok());
  till.Commit("t1", 1);
  till.server().Restart();
  ASSERT_TRUE(till.Try(request, &again).ok());
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());

  v1::ReserveRequest other = request;
  other.mutable_basket()->mutable_lines(0)->set_unit_price_e4(1);
  EXPECT_EQ(ReasonOf(till.Try(other, &again)), "REQUEST_ID_REUSED");
}

TEST(ReserveTest, ExpiresAndGivesItsClaimsBack) {
  Till till;
  till.Reserve("t1", 1, kTwenty);
  till.Reserve("t2", 1, kTwenty);
  till.server().MoveClock(absl::Minutes(15));
  v1::Sale sale;
  const grpc::Status late = till.Try(till.CommitRequestOf("t1", 1), &sale);
  EXPECT_EQ(ReasonOf(late), "RESERVATION_EXPIRED");
  EXPECT_THAT(late.error_message(), ::testing::HasSubstr("reserve again"));
  // The sweep comes within a second or so.
  for (int i = 0; i < 100; ++i) {
    if (till.Decide("t3", 1, kTwenty).basket().totals().payable_minor() == 1700) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(till.Reserve("t3", 1, kTwenty).basket().totals().payable_minor(), 1700);
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t1", 1), &sale)), "RESERVATION_EXPIRED");
  // The till may reserve the same step again.
  EXPECT_EQ(till.Reserve("t1", 1, kTwenty).basket().totals().payable_minor(), 1700);
  EXPECT_EQ(till.Commit("t1", 1).totals().payable_minor(), 1700);
}

TEST(ReserveTest, ASuspendedBasketIsRecalledAtAnotherTill) {
  Till till;
  till.Reserve("t1", 1, kTwenty);
  v1::SuspendRequest suspend;
  suspend.set_request_id(till.server().NextRequestId());
  *suspend.mutable_context() = till.Context("t1", 1);
  grpc::ClientContext context;
  v1::Reservation parked;
  ASSERT_TRUE(till.server().transactions().Suspend(&context, suspend, &parked).ok());
  EXPECT_EQ(parked.state(), v1::RESERVATION_STATE_SUSPENDED);
  EXPECT_EQ(parked.basket().totals().payable_minor(), 1700);
  till.server().MoveClock(absl::Hours(3));
  v1::ReserveRequest recall = till.ReserveRequestOf("t1", 2, kTwenty);
  recall.mutable_context()->mutable_touchpoint()->set_terminal("till-2");
  v1::Reservation recalled;
  ASSERT_TRUE(till.Try(recall, &recalled).ok());
  EXPECT_EQ(recalled.basket().totals().payable_minor(), 1700);
  const v1::Sale sale = till.Commit("t1", 2);
  EXPECT_EQ(sale.totals().payable_minor(), 1700);
}

TEST(ReserveTest, AVoidedTransactionClaimsNothingLate) {
  Till till;
  EXPECT_EQ(till.Release("t1", 1).state(), v1::RESERVATION_STATE_RELEASED);
  v1::Reservation late;
  EXPECT_EQ(ReasonOf(till.Try(till.ReserveRequestOf("t1", 1, kTwenty), &late)), "STEP_SUPERSEDED");
  v1::Sale sale;
  EXPECT_EQ(ReasonOf(till.Try(till.CommitRequestOf("t1", 1), &sale)), "RESERVATION_NOT_FOUND");
}

TEST(ReserveTest, ALimitIsHeldBetweenTwoTills) {
  Till till;
  till.AddCustomer("ada", "1");
  const std::vector<Item> milk = {{"MILK", 1, 200}};
  const v1::Reservation first = till.Reserve("t1", 1, milk, "1");
  EXPECT_THAT(ClaimsIn(first), ElementsAre("weekly milk-once 1 0"));
  // Her husband, with the same card.
  const v1::Reservation second = till.Reserve("t2", 1, milk, "1");
  EXPECT_EQ(second.basket().totals().payable_minor(), 200);
  EXPECT_THAT(second.claims(), IsEmpty());
  // What her own transaction holds does not stand in its way.
  EXPECT_EQ(till.Reserve("t1", 2, milk, "1").basket().totals().payable_minor(), 150);
  till.Commit("t1", 2);
  EXPECT_EQ(till.Reserve("t3", 1, milk, "1").basket().totals().payable_minor(), 200);
  till.server().MoveClock(absl::Hours(24 * 7));
  EXPECT_EQ(till.Reserve("t4", 1, milk, "1").basket().totals().payable_minor(), 150);
}

TEST(ReserveTest, TrainingTouchesNothing) {
  Till till;
  for (int i = 0; i < 5; ++i) {
    const std::string transaction = absl::StrCat("practice-", i);
    v1::ReserveRequest request = till.ReserveRequestOf(transaction, 1, kTwenty);
    request.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
    v1::Reservation held;
    ASSERT_TRUE(till.Try(request, &held).ok());
    EXPECT_EQ(held.basket().totals().payable_minor(), 1700);
    EXPECT_THAT(ClaimsIn(held), ElementsAre("autumn three-euro 1 300"));
    v1::CommitRequest commit = till.CommitRequestOf(transaction, 1);
    commit.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
    v1::Sale sale;
    ASSERT_TRUE(till.Try(commit, &sale).ok());
    EXPECT_EQ(sale.totals().payable_minor(), 1700);
  }
  v1::GetSaleRequest get;
  get.set_transaction_id("practice-0");
  grpc::ClientContext context;
  v1::Sale sale;
  EXPECT_EQ(ReasonOf(till.server().transactions().GetSale(&context, get, &sale)), "SALE_NOT_FOUND");
}

TEST(ReserveTest, WhatWasVoidedInTrainingCannotBeSoldThere) {
  Till till;
  v1::ReserveRequest reserve = till.ReserveRequestOf("practice", 1, kTwenty);
  reserve.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  v1::Reservation held;
  ASSERT_TRUE(till.Try(reserve, &held).ok());
  v1::ReleaseRequest release;
  release.set_request_id(till.server().NextRequestId());
  *release.mutable_context() = reserve.context();
  grpc::ClientContext context;
  ASSERT_TRUE(till.server().transactions().Release(&context, release, &held).ok());
  EXPECT_EQ(held.state(), v1::RESERVATION_STATE_RELEASED);
  v1::CommitRequest commit = till.CommitRequestOf("practice", 1);
  commit.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  v1::Sale sale;
  EXPECT_EQ(ReasonOf(till.Try(commit, &sale)), "RESERVATION_NOT_FOUND");
}

TEST(ReserveTest, RacingTillsNeverOverspend) {
  Till till;
  std::atomic<int> promised{0};
  std::vector<std::thread> tills;
  for (int t = 0; t < 8; ++t) {
    tills.emplace_back([&, t] {
      for (int i = 0; i < 12; ++i) {
        const std::string transaction = absl::StrCat("race-", t, "-", i);
        v1::Reservation held;
        const grpc::Status status = till.Try(till.ReserveRequestOf(transaction, 1, kTwenty), &held);
        ASSERT_TRUE(status.ok()) << status.error_message();
        if (held.claims().empty()) continue;
        if (i % 3 == 0) {
          till.Commit(transaction, 1);
          ++promised;
        } else {
          till.Release(transaction, 1);
        }
      }
    });
  }
  for (std::thread& thread : tills) thread.join();
  EXPECT_LE(promised.load(), 2);
  // What is left can be had, to the last one.
  int left = 0;
  for (int i = 0; i < 4; ++i) {
    left += till.Reserve(absl::StrCat("rest-", i), 1, kTwenty).claims_size();
  }
  EXPECT_EQ(promised.load() + left, 2);
}

}  // namespace
}  // namespace touchstone::server
