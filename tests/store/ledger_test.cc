// What transactions hold, sell and bring back: each command, each refusal.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/store.h"
#include "tests/store/entries.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/written_store.h"

namespace touchstone::store {
namespace {

using storage::BudgetUse;
using storage::Entry;
using storage::EntryResult;
using storage::Reservation;
using storage::StoredSale;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kApplied = EntryResult::REFUSAL_UNSPECIFIED;
constexpr auto kInvalid = EntryResult::REFUSAL_INVALID;
constexpr auto kNotFound = EntryResult::REFUSAL_NOT_FOUND;
constexpr auto kClaimsRefused = EntryResult::REFUSAL_CLAIMS_REFUSED;
constexpr auto kSuperseded = EntryResult::REFUSAL_STEP_SUPERSEDED;
constexpr auto kSold = EntryResult::REFUSAL_TRANSACTION_COMMITTED;
constexpr auto kExpired = EntryResult::REFUSAL_RESERVATION_EXPIRED;

class LedgerTest : public ::testing::Test {
 protected:
  EntryResult Write(const Entry& entry) { return store_.Write(entry); }
  EntryResult::Refusal RefusalOf(const Entry& entry) { return Write(entry).refusal(); }
  void MakeCustomer(absl::string_view customer_id) {
    ASSERT_EQ(RefusalOf(UpdateEntry(customer_id, "")), kApplied);
  }

  // "committed/reserved/overrun" of uses, then of money; "" for a budget that is not there.
  std::string Uses(absl::string_view budget) { return Text(budget, std::nullopt, false); }
  std::string Money(absl::string_view budget) { return Text(budget, std::nullopt, true); }
  std::string MoneyOn(absl::string_view budget, int32_t day) { return Text(budget, day, true); }

  Reservation::State StateOf(absl::string_view transaction_id) {
    const auto reservation = *store_->GetReservation(transaction_id);
    return reservation.has_value() ? reservation->state() : Reservation::STATE_UNSPECIFIED;
  }
  std::optional<StoredSale> Sale(absl::string_view transaction_id) {
    return *store_->GetSale(transaction_id);
  }

  // Offers of contacts of a kind, in the record's order.
  std::vector<uint64_t> Offers(absl::string_view customer_id, ContactKind kind) {
    std::vector<uint64_t> offers;
    PinnedValue bytes;
    const auto found =
        store_->GetRecord({RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &bytes);
    EXPECT_EQ(*found, Found::kFound) << customer_id;
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
    for (size_t i = 0; i < record->contact_count(); ++i) {
      if (record->contact(i).kind == kind) offers.push_back(record->contact(i).offer);
    }
    return offers;
  }
  std::vector<uint64_t> Reserved(absl::string_view customer_id) {
    return Offers(customer_id, ContactKind::kReserved);
  }
  std::vector<uint64_t> Redeemed(absl::string_view customer_id) {
    return Offers(customer_id, ContactKind::kRedeemed);
  }

  std::string Text(absl::string_view budget, std::optional<int32_t> day, bool money) {
    const auto budgets = store_->ListBudgets();
    for (const EntryResult::ChangedBudget& row : *budgets) {
      if (row.budget_id() != budget || row.by_day() != day.has_value()) continue;
      if (day.has_value() && row.day() != *day) continue;
      const BudgetUse& use = row.use();
      return money ? absl::StrCat(use.committed_minor(), "/", use.reserved_minor(), "/",
                                  use.overrun_minor())
                   : absl::StrCat(use.committed_count(), "/", use.reserved_count(), "/",
                                  use.overrun_count());
    }
    return "";
  }

  WrittenStore store_;
};

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

TEST_F(LedgerTest, ACommitMakesASaleOfWhatIsHeld) {
  MakeCustomer("anna");
  Write(ReserveEntry("t1", 1, {MoneyClaim("b", 250, 1000), LimitClaim("l", 5, 1)}, "anna"));
  Entry commit = CommitEntry("t1", 1, "anna", {5});
  *commit.mutable_commit()->mutable_events() = EventEntry("anna", "t1").append_events();
  EXPECT_EQ(RefusalOf(commit), kApplied);
  EXPECT_EQ(Money("b"), "250/0/0");
  const std::optional<StoredSale> sale = Sale("t1");
  ASSERT_TRUE(sale.has_value());
  EXPECT_EQ(sale->sale(), "sale");
  EXPECT_EQ(sale->body(), "body");
  EXPECT_EQ(sale->customer_id(), "anna");
  EXPECT_EQ(sale->version(), 1u);
  EXPECT_EQ(sale->transaction(), ContactTransaction("t1"));
  ASSERT_EQ(sale->claims_size(), 2);
  EXPECT_EQ(sale->claims(0).amount_minor(), 250);
  EXPECT_THAT(*store_->ListSales("anna", 9), ElementsAre("t1"));
  EXPECT_THAT(*store_->ListHeld("anna"), IsEmpty());
  EXPECT_THAT(*store_->ListDue(absl::InfiniteFuture(), 9), IsEmpty());
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_THAT(Redeemed("anna"), ElementsAre(5u));
  EXPECT_TRUE(store_->GetEvent("anna", "t1")->has_value());
}

TEST_F(LedgerTest, ASaleIsOfTheReservationThatItWasMadeFrom) {
  const uint64_t first = Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)})).position();
  Entry commit = CommitEntry("t1", 1);
  commit.mutable_commit()->set_reserved_position(first);
  // The same step again, perhaps at another price.
  const uint64_t second = Write(ReserveEntry("t1", 1, {UsesClaim("b", 2, 3)})).position();
  EXPECT_EQ(RefusalOf(commit), EntryResult::REFUSAL_VERSION_CHANGED);
  commit.mutable_commit()->set_reserved_position(second);
  EXPECT_EQ(RefusalOf(commit), kApplied);
}

TEST_F(LedgerTest, ASaleIsMadeOnce) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied);
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kSold);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("b", 1, 3)})), kSold);
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 2)), kSold);
  EXPECT_EQ(RefusalOf(SuspendEntry("t1", 1, kTestExpireUs)), kSold);
  EXPECT_EQ(RefusalOf(PostEntry("t1", {UsesClaim("b", 1, 3)})), kSold);
  EXPECT_EQ(Uses("b"), "1/0/0");
}

TEST_F(LedgerTest, OnlyWhatIsReservedIsCommitted) {
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kNotFound);
  EXPECT_EQ(RefusalOf(SuspendEntry("t1", 1, kTestExpireUs)), kNotFound);
  Write(ReserveEntry("t1", 1, {}));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 2)), kNotFound) << "this step was never reserved";
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied) << "a transaction may need no claims";
}

TEST_F(LedgerTest, TheSaleIsWhoseverTheTillSaysAndHoldsAreGoneAnyway) {
  MakeCustomer("anna");
  MakeCustomer("bert");
  Write(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "anna"));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "bert", {5})), kApplied);
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_THAT(Redeemed("bert"), ElementsAre(5u));
  Write(ReserveEntry("t2", 1, {LimitClaim("l", 6, 1)}, "anna"));
  EXPECT_EQ(RefusalOf(CommitEntry("t2", 1, "", {6})), kApplied);
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_EQ(Sale("t2")->customer_id(), "");
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

TEST_F(LedgerTest, APostedSaleIsAlwaysBookedAndItsOverrunIsTold) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 2, 3), MoneyClaim("m", 700, 1000)}));
  const EntryResult posted =
      Write(PostEntry("t2", {UsesClaim("b", 5, 3), MoneyClaim("m", 200, 1000)}));
  EXPECT_EQ(posted.refusal(), kApplied);
  EXPECT_EQ(posted.answer(), "posted");
  ASSERT_EQ(posted.overruns_size(), 1);
  EXPECT_EQ(posted.overruns(0).claim(), 0u);
  EXPECT_EQ(posted.overruns(0).count(), 4);
  EXPECT_EQ(Uses("b"), "1/2/4");
  EXPECT_EQ(Money("m"), "200/700/0");
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 1)), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t3", 1, {UsesClaim("b", 1, 3)})), kClaimsRefused)
      << "the overrun counts as long as there is any";
}

TEST_F(LedgerTest, WhatComesBackTakesFromTheOverrunFirst) {
  Write(PostEntry("t1", {MoneyClaim("b", 1500, 1000)}));
  EXPECT_EQ(Money("b"), "1000/0/500");
  storage::Claim back = Sale("t1")->claims(0);
  back.set_count(0);
  back.set_amount_minor(400);
  EXPECT_EQ(Write(ReturnEntry("t1", 1, {back})).answer(), "returned");
  EXPECT_EQ(Money("b"), "1000/0/100");
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 2, {back})), kApplied);
  EXPECT_EQ(Money("b"), "700/0/0");
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {MoneyClaim("b", 300, 1000)})), kApplied);
}

TEST_F(LedgerTest, AnOverrunOfADayIsOfTheDay) {
  const EntryResult posted = Write(PostEntry("t1", {DayClaim("b", 150, 100, 1000, 100)}));
  ASSERT_EQ(posted.overruns_size(), 1);
  EXPECT_EQ(posted.overruns(0).amount_minor(), 50);
  EXPECT_EQ(Money("b"), "150/0/0");
  EXPECT_EQ(MoneyOn("b", 100), "100/0/50");
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {Sale("t1")->claims(0)})), kApplied);
  EXPECT_EQ(Money("b"), "0/0/0");
  EXPECT_EQ(MoneyOn("b", 100), "0/0/0");
}

TEST_F(LedgerTest, APostedSaleGivesBackWhatItsTransactionHeld) {
  MakeCustomer("anna");
  Write(ReserveEntry("t1", 4, {UsesClaim("b", 3, 3), LimitClaim("l", 5, 1)}, "anna"));
  const EntryResult posted =
      Write(PostEntry("t1", {UsesClaim("b", 2, 3), LimitClaim("l", 5, 1)}, "anna"));
  EXPECT_THAT(posted.overruns(), IsEmpty());
  EXPECT_EQ(Uses("b"), "2/0/0");
  EXPECT_EQ(StateOf("t1"), Reservation::STATE_UNSPECIFIED);
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_THAT(Redeemed("anna"), ElementsAre(5u));
  EXPECT_THAT(*store_->ListHeld("anna"), IsEmpty());
  EXPECT_THAT(*store_->ListDue(absl::InfiniteFuture(), 9), IsEmpty());
}

TEST_F(LedgerTest, APostedSaleMayComeAfterAVoid) {
  Write(ReleaseEntry("t1", 7));
  EXPECT_EQ(RefusalOf(PostEntry("t1", {UsesClaim("b", 2, 3)})), kApplied);
  EXPECT_TRUE(Sale("t1").has_value());
}

TEST_F(LedgerTest, APostedSaleBeyondALimitIsTold) {
  MakeCustomer("anna");
  Write(PostEntry("t1", {LimitClaim("l", 5, 1)}, "anna"));
  const EntryResult posted = Write(PostEntry("t2", {LimitClaim("l", 5, 1)}, "anna"));
  ASSERT_EQ(posted.overruns_size(), 1);
  EXPECT_EQ(posted.overruns(0).count(), 1);
  EXPECT_THAT(Redeemed("anna"), ElementsAre(5u, 5u));
}

TEST_F(LedgerTest, APostedSaleOfOneWhoWasErasedIsKeptWithoutHer) {
  MakeCustomer("anna");
  Write(EraseEntry("anna"));
  Entry post = PostEntry("t1", {UsesClaim("b", 2, 3), LimitClaim("l", 5, 1)}, "anna");
  *post.mutable_post_sale()->mutable_events() = EventEntry("anna", "t1").append_events();
  EXPECT_EQ(RefusalOf(post), kApplied);
  post.mutable_post_sale()->set_transaction_id("t2");
  post.mutable_post_sale()->mutable_events()->mutable_items(0)->set_customer_must_exist(true);
  EXPECT_EQ(RefusalOf(post), kApplied) << "it has happened";
  EXPECT_EQ(Sale("t1")->customer_id(), "");
  EXPECT_EQ(Sale("t1")->body(), "");
  EXPECT_EQ(Uses("b"), "3/0/1");
  PinnedValue record;
  EXPECT_EQ(*store_->GetRecord({RecordKind::kCustomer, "anna"}, ReadTier::kMayBlock, &record),
            Found::kNotFound);
}

TEST_F(LedgerTest, APurchaseThatIsKnownChangesNothing) {
  MakeCustomer("anna");
  Write(EventEntry("anna", "t1"));
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}, "anna"));
  Entry commit = CommitEntry("t1", 1, "anna");
  *commit.mutable_commit()->mutable_events() = EventEntry("anna", "t1").append_events();
  EXPECT_EQ(RefusalOf(commit), kApplied);
  EXPECT_EQ(store_->ListLatestEvents("anna", 9)->size(), 1u);
}

TEST_F(LedgerTest, APurchaseUnderAnotherRevisionIsPlannedAgain) {
  MakeCustomer("anna");
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}, "anna"));
  Entry commit = CommitEntry("t1", 1, "anna");
  *commit.mutable_commit()->mutable_events() = EventEntry("anna", "t1").append_events();
  commit.mutable_commit()->mutable_events()->set_revision(7);
  EXPECT_EQ(RefusalOf(commit), EntryResult::REFUSAL_REVISION_CHANGED);
  EXPECT_FALSE(Sale("t1").has_value());
  EXPECT_EQ(StateOf("t1"), Reservation::STATE_HELD);
  EXPECT_EQ(Uses("b"), "0/1/0");
}

TEST_F(LedgerTest, AReturnRestoresWhatItSays) {
  Write(PostEntry("t1", {UsesClaim("b", 3, 9), MoneyClaim("m", 100, 900)}));
  storage::Claim one = Sale("t1")->claims(0);
  one.set_count(1);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {one})), kApplied);
  EXPECT_EQ(Uses("b"), "2/0/0");
  EXPECT_EQ(Sale("t1")->version(), 2u);
  EXPECT_EQ(Sale("t1")->sale(), "sale after return 1");
  EXPECT_EQ(Sale("t1")->claims(0).count(), 2);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 2, {Sale("t1")->claims(0), Sale("t1")->claims(1)})),
            kApplied);
  EXPECT_THAT(Sale("t1")->claims(), IsEmpty());
  EXPECT_EQ(Uses("b"), "0/0/0");
  EXPECT_EQ(Money("m"), "0/0/0");
}

TEST_F(LedgerTest, MoreThanASaleHasDoesNotComeBack) {
  Write(PostEntry("t1", {DayClaim("b", 100, 7, 900, 900)}));
  const storage::Claim all = Sale("t1")->claims(0);
  storage::Claim more = all;
  more.set_amount_minor(101);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {more})), kInvalid);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {all, all})), kInvalid);
  storage::Claim other = all;
  other.set_day(8);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {other})), kInvalid);
  other = all;
  other.set_offer_id("others");
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {other})), kInvalid);
  other = all;
  other.set_count(-1);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {other})), kInvalid);
  EXPECT_EQ(Money("b"), "100/0/0");
  EXPECT_EQ(Sale("t1")->version(), 1u);
}

TEST_F(LedgerTest, OfTwoReturnsAtOnceOneIsPlannedAgain) {
  Write(PostEntry("t1", {UsesClaim("b", 2, 9)}));
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {})), kApplied);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {Sale("t1")->claims(0)})),
            EntryResult::REFUSAL_VERSION_CHANGED);
  EXPECT_EQ(RefusalOf(ReturnEntry("t2", 1, {})), kNotFound);
  EXPECT_EQ(RefusalOf(ReturnEntry("not an id", 1, {})), kInvalid);
}

TEST_F(LedgerTest, ALimitIsClaimedByContacts) {
  MakeCustomer("anna");
  Write(PostEntry("t0", {LimitClaim("l", 5, 9)}, "anna"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "anna")), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 2)}, "anna")), kApplied);
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
  EXPECT_THAT(*store_->ListHeld("anna"), ElementsAre("t1"));
  const EntryResult refused =
      Write(ReserveEntry("t2", 1, {UsesClaim("b", 1, 1), LimitClaim("l", 5, 2)}, "anna"));
  EXPECT_THAT(refused.refused_claims(), ElementsAre(1u)) << "what is held counts too";
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {LimitClaim("l", 6, 1)}, "anna")), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {LimitClaim("l", 5, 2)}, "anna")), kApplied)
      << "but what the transaction holds itself";
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 2)), kApplied);
  EXPECT_THAT(Reserved("anna"), ElementsAre(6u));
}

TEST_F(LedgerTest, ALimitCountsFromTheBeginningOfItsWindow) {
  MakeCustomer("anna");
  Write(PostEntry("t0", {LimitClaim("l", 5, 9)}, "anna"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1, kTestTimeUs)}, "anna")),
            kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1, kTestTimeUs + 1)}, "anna")),
            kApplied);
}

TEST_F(LedgerTest, TwoLimitsOfAnOfferAreOneContact) {
  MakeCustomer("anna");
  EXPECT_EQ(
      RefusalOf(ReserveEntry("t1", 1, {LimitClaim("day", 5, 1), LimitClaim("ever", 5, 2)}, "anna")),
      kApplied);
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
}

TEST_F(LedgerTest, AUseOfALimitComesBackWithItsReturn) {
  MakeCustomer("anna");
  Write(PostEntry("t1", {LimitClaim("l", 5, 1), LimitClaim("l", 6, 1)}, "anna"));
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {Sale("t1")->claims(0)})), kApplied);
  EXPECT_THAT(Redeemed("anna"), ElementsAre(6u));
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {LimitClaim("l", 5, 1)}, "anna")), kApplied);
  storage::Claim none = Sale("t1")->claims(0);
  none.set_count(0);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 2, {none})), kApplied);
  EXPECT_THAT(Redeemed("anna"), ElementsAre(6u)) << "nothing of it came back";
}

TEST_F(LedgerTest, WhatIsHeldForAMergedCustomerIsHeldForTheOneWhoStays) {
  MakeCustomer("anna");
  MakeCustomer("bert");
  Write(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "bert"));
  ASSERT_EQ(RefusalOf(MergeEntry("anna", "bert")), kApplied);
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {LimitClaim("l", 5, 1)}, "anna")), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {LimitClaim("l", 5, 1)}, "bert")), kClaimsRefused);
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "bert", {5})), kApplied);
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_THAT(Redeemed("anna"), ElementsAre(5u));
  EXPECT_EQ(Sale("t1")->customer_id(), "anna");
  EXPECT_THAT(*store_->ListSales("anna", 9), ElementsAre("t1"));
}

TEST_F(LedgerTest, TakingAMergeBackDoesNotBringBackWhatWasReleased) {
  MakeCustomer("anna");
  MakeCustomer("bert");
  Write(ReserveEntry("ta", 1, {LimitClaim("l", 5, 1)}, "anna"));
  Write(ReserveEntry("tb", 1, {LimitClaim("l", 6, 1)}, "bert"));
  Write(ReserveEntry("tc", 1, {LimitClaim("l", 7, 1)}, "bert"));
  Write(MergeEntry("anna", "bert"));
  Write(ReleaseEntry("ta", 1));
  Write(ReleaseEntry("tb", 1));
  ASSERT_EQ(RefusalOf(MergeEntry("anna", "bert", /*undo=*/true)), kApplied);
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_THAT(Reserved("bert"), ElementsAre(7u));
  Write(ReleaseEntry("tc", 1));
  EXPECT_THAT(Reserved("bert"), IsEmpty());
}

// What was reserved in the name of the merged one while they were one stays with the one who was
// charged with it, and goes from her.
TEST_F(LedgerTest, AHoldFromBetweenAMergeAndItsEndIsReleasedWhereItIs) {
  MakeCustomer("anna");
  MakeCustomer("bert");
  Write(MergeEntry("anna", "bert"));
  Write(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "bert"));
  EXPECT_EQ(store_->GetReservation("t1")->value().customer_id(), "anna");
  Write(MergeEntry("anna", "bert", /*undo=*/true));
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
  EXPECT_THAT(Reserved("bert"), IsEmpty());
  Write(ReleaseEntry("t1", 1));
  EXPECT_THAT(Reserved("anna"), IsEmpty());
}

// The next step's contact is the same as the first one's, and yet another's.
TEST_F(LedgerTest, AStepBetweenAMergeAndItsEndMovesTheHold) {
  MakeCustomer("anna");
  MakeCustomer("bert");
  Write(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "bert"));
  Write(MergeEntry("anna", "bert"));
  Write(ReserveEntry("t1", 2, {LimitClaim("l", 5, 1)}, "bert"));
  Write(MergeEntry("anna", "bert", /*undo=*/true));
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
  EXPECT_THAT(Reserved("bert"), IsEmpty());
  Write(ReleaseEntry("t1", 2));
  EXPECT_THAT(Reserved("anna"), IsEmpty());
}

TEST_F(LedgerTest, AHoldOfOneWhoWasMergedTwiceFollowsBothWays) {
  for (const char* id : {"anna", "bert", "carl"}) MakeCustomer(id);
  Write(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "carl"));
  Write(MergeEntry("bert", "carl"));
  Write(MergeEntry("anna", "bert"));
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
  Write(MergeEntry("anna", "bert", /*undo=*/true));
  EXPECT_THAT(Reserved("anna"), IsEmpty());
  EXPECT_THAT(Reserved("bert"), ElementsAre(5u));
  Write(MergeEntry("bert", "carl", /*undo=*/true));
  EXPECT_THAT(Reserved("bert"), IsEmpty());
  EXPECT_THAT(Reserved("carl"), ElementsAre(5u));
}

TEST_F(LedgerTest, TakingAMergeBackDoesNotBringBackWhatWasReturned) {
  MakeCustomer("anna");
  MakeCustomer("bert");
  Write(PostEntry("ta", {LimitClaim("l", 5, 1), LimitClaim("l", 6, 1)}, "anna"));
  Write(PostEntry("tb", {LimitClaim("l", 7, 1), LimitClaim("l", 8, 1)}, "bert"));
  Write(MergeEntry("anna", "bert"));
  Write(ReturnEntry("ta", 1, {Sale("ta")->claims(0)}));
  Write(ReturnEntry("tb", 1, {Sale("tb")->claims(0)}));
  EXPECT_THAT(Redeemed("anna"), ElementsAre(6u, 8u));
  Write(MergeEntry("anna", "bert", /*undo=*/true));
  EXPECT_THAT(Redeemed("anna"), ElementsAre(6u));
  EXPECT_THAT(Redeemed("bert"), ElementsAre(8u));
}

TEST_F(LedgerTest, ErasureGivesBackWhatIsHeldAndLeavesSalesWithoutHer) {
  for (const char* id : {"anna", "bert"}) MakeCustomer(id);
  Write(PostEntry("sold", {UsesClaim("b", 1, 9)}, "bert"));
  Write(ReserveEntry("ta", 2, {UsesClaim("b", 2, 9)}, "anna"));
  Write(ReserveEntry("tb", 1, {UsesClaim("b", 4, 9)}, "bert"));
  Write(MergeEntry("anna", "bert"));
  const EntryResult erased = Write(EraseEntry("anna"));
  ASSERT_EQ(erased.budgets_size(), 1);
  EXPECT_EQ(erased.budgets(0).use().reserved_count(), 0);
  EXPECT_EQ(Uses("b"), "1/0/0");
  EXPECT_EQ(RefusalOf(CommitEntry("ta", 2, "anna")), kNotFound);
  EXPECT_EQ(RefusalOf(CommitEntry("tb", 1, "bert")), kNotFound);
  EXPECT_EQ(store_->GetReservation("tb")->value().customer_id(), "");
  EXPECT_EQ(store_->GetReservation("tb")->value().body(), "");
  EXPECT_THAT(*store_->ListHeld("anna"), IsEmpty());
  EXPECT_THAT(*store_->ListHeld("bert"), IsEmpty());
  EXPECT_THAT(*store_->ListSales("bert", 9), IsEmpty());
  EXPECT_EQ(Sale("sold")->customer_id(), "");
  EXPECT_EQ(Sale("sold")->body(), "");
  EXPECT_EQ(Sale("sold")->sale(), "sale");
  const auto pending = store_->GetPendingErasure("anna");
  EXPECT_THAT((*pending)->transaction_ids(), ::testing::UnorderedElementsAre("sold", "ta", "tb"));
  EXPECT_EQ(RefusalOf(ReturnEntry("sold", 1, {Sale("sold")->claims(0)})), kApplied);
  EXPECT_EQ(Uses("b"), "0/0/0");
}

TEST_F(LedgerTest, NothingIsHeldForOneWhoHasNoRecord) {
  MakeCustomer("anna");
  Write(EraseEntry("anna"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}, "anna")), kNotFound);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "anna")), kNotFound);
  EXPECT_THAT(*store_->ListHeld("anna"), IsEmpty());
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

TEST_F(LedgerTest, AnonymousTransactionsClaimBudgetsOnly) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {LimitClaim("l", 5, 1)})), kInvalid);
  EXPECT_EQ(RefusalOf(PostEntry("t2", {LimitClaim("l", 5, 1)})), kInvalid);
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
