// What transactions hold: claims on budgets, steps, and until when; each refusal.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST_F(LedgerTest, ABudgetOfUsesIsClaimedToTheLastUse) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 2, 3)})), kApplied);
  const EntryResult refused = Write(ReserveEntry("t2", 1, {UsesClaim("b", 2, 3)}));
  EXPECT_EQ(refused.refusal(), kClaimsRefused);
  EXPECT_THAT(refused.refused_claims(), ElementsAre(0u));
  EXPECT_EQ(StateOf("t2"), Reservation::STATE_UNSPECIFIED);
  EXPECT_EQ(RefusalOf(ReserveEntry("t3", 1, {UsesClaim("b", 1, 3)})), kApplied);
  EXPECT_EQ(Uses("b"), "0/3/0");
}

TEST_F(LedgerTest, ABudgetOfMoneyIsClaimedToTheLastCent) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {MoneyClaim("b", 600, 1000)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {MoneyClaim("b", 401, 1000)})), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {MoneyClaim("b", 400, 1000)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t3", 1, {MoneyClaim("b", 1, 1000)})), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t3", 1, {MoneyClaim("b", 0, 1000)})), kApplied);
  EXPECT_EQ(Money("b"), "0/1000/0");
  EXPECT_EQ(Uses("b"), "0/3/0");
}

TEST_F(LedgerTest, ABudgetWithoutABoundIsCountedAndNeverFull) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {MoneyClaim("b", 1'000'000, 0)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {UsesClaim("b", 1'000'000, 0)})), kApplied);
  EXPECT_EQ(Money("b"), "0/1000000/0");
  EXPECT_EQ(Uses("b"), "0/1000001/0");
}

TEST_F(LedgerTest, AnAmountADayIsBookedOnTheDayAndInAll) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {DayClaim("b", 80, 100, 150, 100)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {DayClaim("b", 30, 100, 150, 100)})), kClaimsRefused)
      << "the day is full";
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {DayClaim("b", 80, 101, 150, 100)})), kClaimsRefused)
      << "the whole is full";
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {DayClaim("b", 70, 101, 150, 100)})), kApplied);
  EXPECT_EQ(Money("b"), "0/150/0");
  EXPECT_EQ(MoneyOn("b", 100), "0/80/0");
  EXPECT_EQ(MoneyOn("b", 101), "0/70/0");
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied);
  EXPECT_EQ(RefusalOf(ReleaseEntry("t2", 1)), kApplied);
  EXPECT_EQ(Money("b"), "80/0/0");
  EXPECT_EQ(MoneyOn("b", 100), "80/0/0");
  EXPECT_EQ(MoneyOn("b", 101), "0/0/0");
}

TEST_F(LedgerTest, ADayBeforeTheEpochIsADay) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {DayClaim("b", 80, -3, 0, 100)})), kApplied);
  EXPECT_EQ(MoneyOn("b", -3), "0/80/0");
}

TEST_F(LedgerTest, ClaimsAreMadeAllOrNone) {
  const EntryResult refused = Write(ReserveEntry(
      "t1", 1,
      {UsesClaim("a", 1, 1), UsesClaim("b", 2, 1), UsesClaim("c", 1, 1), MoneyClaim("d", 2, 1)}));
  EXPECT_EQ(refused.refusal(), kClaimsRefused);
  EXPECT_THAT(refused.refused_claims(), ElementsAre(1u, 3u));
  EXPECT_TRUE(store_->ListBudgets()->empty());
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("a", 1, 1), UsesClaim("c", 1, 1)})),
            kApplied);
}

TEST_F(LedgerTest, TheResultTellsEveryBudgetThatItChanged) {
  Write(ReserveEntry("t1", 1, {UsesClaim("a", 1, 9)}));
  const EntryResult result = Write(ReserveEntry("t1", 2, {DayClaim("b", 5, 100, 9, 9)}));
  ASSERT_EQ(result.budgets_size(), 3) << "the one that it gives back too";
  EXPECT_EQ(result.budgets(0).budget_id(), "a");
  EXPECT_EQ(result.budgets(0).use().reserved_count(), 0);
  EXPECT_EQ(result.budgets(1).budget_id(), "b");
  EXPECT_FALSE(result.budgets(1).by_day());
  EXPECT_TRUE(result.budgets(2).by_day());
  EXPECT_EQ(result.budgets(2).day(), 100);
  EXPECT_EQ(result.budgets(2).use().reserved_minor(), 5);
}

TEST_F(LedgerTest, ALaterStepTakesThePlaceOfAnEarlierOne) {
  Write(ReserveEntry("t1", 1, {UsesClaim("a", 2, 3), UsesClaim("b", 1, 3)}));
  // What the transaction holds itself is no hindrance.
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("a", 3, 3)})), kApplied);
  EXPECT_EQ(Uses("a"), "0/3/0");
  EXPECT_EQ(Uses("b"), "0/0/0");
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)})), kSuperseded);
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kSuperseded);
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 1)), kSuperseded);
  EXPECT_EQ(RefusalOf(SuspendEntry("t1", 1, kTestExpireUs)), kSuperseded);
  // The same step again, as after a refusal.
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("b", 3, 3)})), kApplied);
  EXPECT_EQ(Uses("a"), "0/0/0");
  EXPECT_EQ(Uses("b"), "0/3/0");
}

TEST_F(LedgerTest, AStepThatIsRefusedLeavesTheOneBefore) {
  MakeCustomer("anna");
  Write(ReserveEntry("t1", 1, {UsesClaim("a", 1, 3), LimitClaim("l", 5, 1)}, "anna"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("a", 4, 3), LimitClaim("l", 6, 1)}, "anna")),
            kClaimsRefused);
  EXPECT_EQ(Uses("a"), "0/1/0");
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "anna", {5})), kApplied);
}

TEST_F(LedgerTest, AReservationThatComesAfterItsVoidClaimsNothing) {
  const EntryResult voided = Write(ReleaseEntry("t1", 3));
  EXPECT_EQ(voided.refusal(), kApplied);
  EXPECT_EQ(voided.reservation().state(), Reservation::STATE_RELEASED);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("a", 1, 3)})), kSuperseded);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 3, {UsesClaim("a", 1, 3)})), kSuperseded);
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 3)), kNotFound);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 4, {UsesClaim("a", 1, 3)})), kApplied);
  // A void of a later step that comes first takes what an earlier one holds.
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 9)), kApplied);
  EXPECT_EQ(Uses("a"), "0/0/0");
}

TEST_F(LedgerTest, AVoidIsRememberedForADay) {
  Write(ReleaseEntry("t1", 1));
  EXPECT_THAT(*store_->ListDue(absl::FromUnixMicros(kTestTimeUs + kDayUs - 1), 9), IsEmpty());
  EXPECT_THAT(*store_->ListDue(absl::FromUnixMicros(kTestTimeUs + kDayUs), 9), ElementsAre("t1"));
  EXPECT_EQ(Write(ExpireEntry({"t1"}, kTestTimeUs + kDayUs)).applied(), 1u);
  EXPECT_EQ(StateOf("t1"), Reservation::STATE_UNSPECIFIED);
  EXPECT_THAT(*store_->ListDue(absl::InfiniteFuture(), 9), IsEmpty());
}

TEST_F(LedgerTest, NothingIsCommittedAfterItsTime) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)}));
  EXPECT_EQ(RefusalOf(At(CommitEntry("t1", 1), kTestExpireUs)), kExpired);
  EXPECT_EQ(RefusalOf(At(SuspendEntry("t1", 1, kTestExpireUs + 9), kTestExpireUs)), kExpired);
  EXPECT_EQ(Uses("b"), "0/1/0") << "until it is swept up";
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {UsesClaim("b", 1, 1)})), kClaimsRefused);
  EXPECT_EQ(Write(ExpireEntry({"t1"}, kTestExpireUs)).applied(), 1u);
  EXPECT_EQ(StateOf("t1"), Reservation::STATE_EXPIRED);
  EXPECT_EQ(store_->GetReservation("t1")->value().body(), "");
  EXPECT_EQ(Uses("b"), "0/0/0");
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kExpired);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {UsesClaim("b", 1, 1)})), kApplied);
  // The transaction goes on: with the same step too.
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)})), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 2)})), kApplied);
}

TEST_F(LedgerTest, WhatIsOverMayStillBeReleasedOrReplaced) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)}));
  EXPECT_EQ(RefusalOf(At(ReleaseEntry("t1", 1), kTestExpireUs + 1)), kApplied);
  EXPECT_EQ(Uses("b"), "0/0/0");
  Entry again = At(ReserveEntry("t2", 1, {UsesClaim("b", 1, 1)}), kTestExpireUs + 1);
  EXPECT_EQ(RefusalOf(again), kApplied) << "its time is over before it begins";
  EXPECT_EQ(RefusalOf(CommitEntry("t2", 1)), kExpired);
  again.mutable_reserve()->set_expire_us(kTestExpireUs + kMinuteUs);
  EXPECT_EQ(RefusalOf(again), kApplied);
  EXPECT_EQ(RefusalOf(CommitEntry("t2", 1)), kApplied);
}

TEST_F(LedgerTest, OneMicrosecondBeforeItsTimeItIsCommitted) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)}));
  EXPECT_EQ(Write(ExpireEntry({"t1"}, kTestExpireUs - 1)).applied(), 0u);
  EXPECT_EQ(RefusalOf(At(CommitEntry("t1", 1), kTestExpireUs - 1)), kApplied);
}

TEST_F(LedgerTest, AClockThatStepsBackBringsNothingBack) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 9)}));
  Write(At(UpdateEntry("anna", ""), kTestExpireUs));
  EXPECT_EQ(RefusalOf(At(CommitEntry("t1", 1), kTestTimeUs)), kExpired);
  EXPECT_EQ(Write(ExpireEntry({"t1"}, kTestTimeUs)).applied(), 1u);
  // What ends now is kept for a day from the latest time, not from the clock's.
  EXPECT_EQ(store_->GetReservation("t1")->value().expire_us(), kTestExpireUs + kDayUs);
}

TEST_F(LedgerTest, ASuspendedReservationIsHeldForLonger) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)}));
  const int64_t later = kTestTimeUs + 3 * kDayUs;
  const EntryResult suspended = Write(SuspendEntry("t1", 1, later));
  EXPECT_EQ(suspended.reservation().state(), Reservation::STATE_SUSPENDED);
  EXPECT_EQ(suspended.reservation().expire_us(), later);
  EXPECT_EQ(suspended.reservation().body(), "");
  EXPECT_EQ(suspended.reservation().claims_size(), 0);
  EXPECT_THAT(*store_->ListDue(absl::FromUnixMicros(later - 1), 9), IsEmpty());
  EXPECT_EQ(Write(ExpireEntry({"t1"}, later - 1)).applied(), 0u);
  EXPECT_EQ(store_->GetReservation("t1")->value().body(), "body");
  EXPECT_EQ(Uses("b"), "0/1/0");
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied);
}

TEST_F(LedgerTest, ASuspendedTransactionGoesOnWithItsNextStep) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)}));
  Write(SuspendEntry("t1", 1, kTestTimeUs + 3 * kDayUs));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("b", 1, 1)})), kApplied);
  EXPECT_EQ(StateOf("t1"), Reservation::STATE_HELD);
  EXPECT_THAT(*store_->ListDue(absl::InfiniteFuture(), 9), ElementsAre("t1"))
      << "once, not at the time until which it was suspended as well";
  EXPECT_EQ(RefusalOf(SuspendEntry("t1", 2, kTestTimeUs - 1)), kApplied) << "or shorter";
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 2)), kExpired);
}

TEST_F(LedgerTest, ASweepPassesOverWhatIsNotDue) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 9)}));
  Entry later = ReserveEntry("t2", 1, {UsesClaim("b", 1, 9)});
  later.mutable_reserve()->set_expire_us(kTestExpireUs + 1);
  Write(later);
  EXPECT_EQ(Write(ExpireEntry({"t2", "t1", "t1", "nobody"}, kTestExpireUs)).applied(), 1u);
  EXPECT_EQ(Uses("b"), "0/1/0");
  EXPECT_EQ(StateOf("t2"), Reservation::STATE_HELD);
}

TEST_F(LedgerTest, DueTransactionsAreListedTheEarliestFirst) {
  for (const int i : {3, 1, 2}) {
    Entry entry = ReserveEntry(absl::StrCat("t", i), 1, {});
    entry.mutable_reserve()->set_expire_us(kTestExpireUs + i);
    Write(entry);
  }
  const auto due = [this](int64_t after, size_t limit) {
    return *store_->ListDue(absl::FromUnixMicros(kTestExpireUs + after), limit);
  };
  EXPECT_THAT(due(0, 9), IsEmpty());
  EXPECT_THAT(due(2, 9), ElementsAre("t1", "t2"));
  EXPECT_THAT(due(9, 2), ElementsAre("t1", "t2"));
}

TEST_F(LedgerTest, ARequestIsAnsweredAgainAndClaimsOnce) {
  const Entry reserve = WithRequest(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}), "r1", 7);
  EXPECT_EQ(Write(reserve).answer(), "answer of 1");
  Write(ReleaseEntry("t1", 1));
  const EntryResult again = Write(reserve);
  EXPECT_TRUE(again.replayed());
  EXPECT_EQ(again.answer(), "answer of 1");
  EXPECT_EQ(Uses("b"), "0/0/0");
  EXPECT_EQ(RefusalOf(WithRequest(reserve, "r1", 8)), EntryResult::REFUSAL_REQUEST_ID_REUSED);
  EXPECT_EQ(Write(WithRequest(PostEntry("t2", {}), "r2", 1)).answer(), "posted");
  EXPECT_EQ(Write(WithRequest(PostEntry("t2", {}), "r2", 1)).answer(), "posted");
  EXPECT_EQ(Write(WithRequest(ReturnEntry("t2", 1, {}), "r3", 1)).answer(), "returned");
  EXPECT_EQ(Write(WithRequest(ReturnEntry("t2", 1, {}), "r3", 1)).answer(), "returned");
  EXPECT_EQ(Sale("t2")->version(), 2u);
}

TEST_F(LedgerTest, ARefusedRequestIsTriedAnew) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 1)}));
  const Entry reserve = WithRequest(ReserveEntry("t2", 1, {UsesClaim("b", 1, 1)}), "r1", 7);
  EXPECT_EQ(RefusalOf(reserve), kClaimsRefused);
  Write(ReleaseEntry("t1", 1));
  EXPECT_EQ(RefusalOf(reserve), kApplied);
}

TEST_F(LedgerTest, ABudgetIsOfOneCurrency) {
  Write(ReserveEntry("t1", 1, {MoneyClaim("b", 100, 1000)}));
  storage::ClaimRequest francs = MoneyClaim("b", 100, 1000);
  francs.mutable_claim()->set_currency("CHF");
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {francs})), kClaimsRefused);
  const EntryResult posted = Write(PostEntry("t2", {francs}));
  ASSERT_EQ(posted.overruns_size(), 1);
  EXPECT_EQ(posted.overruns(0).amount_minor(), 100);
  EXPECT_EQ(Money("b"), "0/100/0") << "francs are no euros";
  EXPECT_EQ(Uses("b"), "1/1/0");
  EXPECT_EQ(RefusalOf(ReturnEntry("t2", 1, {Sale("t2")->claims(0)})), kApplied);
  EXPECT_EQ(Uses("b"), "0/1/0");
  EXPECT_EQ(RefusalOf(ReserveEntry("t3", 1, {UsesClaim("b", 1, 9)})), kApplied)
      << "one that counts uses has none";
}

TEST_F(LedgerTest, MalformedCommandsAreRefused) {
  MakeCustomer("anna");
  const auto invalid = [this](const Entry& entry) {
    EXPECT_EQ(RefusalOf(entry), kInvalid) << entry.ShortDebugString();
  };
  invalid(ReserveEntry("", 1, {}));
  invalid(ReserveEntry("a b", 1, {}));
  invalid(ReserveEntry("t1", 0, {}));
  invalid(ReserveEntry("t1", 1, {}, "a b"));
  invalid(CommitEntry("t1", 0));
  invalid(CommitEntry("t1", 1, "a b"));
  invalid(ReleaseEntry("t1", 0));
  invalid(SuspendEntry("", 1, 0));
  invalid(PostEntry("a b", {}));
  const auto with = [](auto change) {
    storage::ClaimRequest request = MoneyClaim("b", 1, 9);
    change(&request);
    return ReserveEntry("t1", 1, {request}, "anna");
  };
  using Request = storage::ClaimRequest;
  invalid(with([](Request* r) { r->mutable_claim()->set_id(""); }));
  invalid(with([](Request* r) { r->mutable_claim()->set_offer_id(""); }));
  invalid(with([](Request* r) { r->mutable_claim()->set_count(0); }));
  invalid(with([](Request* r) { r->mutable_claim()->set_count(1'000'000'001); }));
  invalid(with([](Request* r) { r->mutable_claim()->set_amount_minor(-1); }));
  invalid(with([](Request* r) { r->mutable_claim()->set_amount_minor(1'000'000'000'000'001); }));
  invalid(with([](Request* r) { r->mutable_claim()->clear_currency(); }));
  invalid(with([](Request* r) { r->mutable_claim()->clear_kind(); }));
  invalid(with([](Request* r) { r->set_most_uses(-1); }));
  invalid(with([](Request* r) { r->set_most_minor(-1); }));
  invalid(with([](Request* r) { r->set_most_minor_a_day(-1); }));
  invalid(ReserveEntry("t1", 1, {UsesClaim("b", 1, 9), UsesClaim("b", 2, 9)}));
  Entry limit = ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "anna");
  limit.mutable_reserve()->mutable_claims(0)->mutable_claim()->set_count(2);
  invalid(limit);
  limit = ReserveEntry("t1", 1, {LimitClaim("l", 0, 1)}, "anna");
  invalid(limit);
  limit = ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "anna");
  limit.mutable_reserve()->set_transaction(0);
  invalid(limit);
  Entry commit = CommitEntry("t1", 1);
  commit.mutable_commit()->set_customer_patch("no patch");
  invalid(commit);
  commit = CommitEntry("t1", 1);
  commit.mutable_commit()->mutable_events()->add_items();
  commit.mutable_commit()->mutable_events()->add_items();
  invalid(commit);
}

TEST_F(LedgerTest, SoManyClaimsAndNoMore) {
  Claims claims;
  for (int i = 0; i < 4096; ++i) claims.push_back(UsesClaim(absl::StrCat("b", i), 1, 1));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, claims)), kApplied);
  claims.push_back(UsesClaim("more", 1, 1));
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, claims)), kInvalid);
}

}  // namespace
}  // namespace touchstone::store
