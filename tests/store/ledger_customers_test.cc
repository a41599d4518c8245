// What transactions hold of customers: their limits, through merges and erasure.

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LedgerCustomersTest : public LedgerTest {};

TEST_F(LedgerCustomersTest, ALimitIsClaimedByContacts) {
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

TEST_F(LedgerCustomersTest, ALimitCountsFromTheBeginningOfItsWindow) {
  MakeCustomer("anna");
  Write(PostEntry("t0", {LimitClaim("l", 5, 9)}, "anna"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1, kTestTimeUs)}, "anna")),
            kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1, kTestTimeUs + 1)}, "anna")),
            kApplied);
}

TEST_F(LedgerCustomersTest, TwoLimitsOfAnOfferAreOneContact) {
  MakeCustomer("anna");
  EXPECT_EQ(
      RefusalOf(ReserveEntry("t1", 1, {LimitClaim("day", 5, 1), LimitClaim("ever", 5, 2)}, "anna")),
      kApplied);
  EXPECT_THAT(Reserved("anna"), ElementsAre(5u));
}

TEST_F(LedgerCustomersTest, AUseOfALimitComesBackWithItsReturn) {
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

TEST_F(LedgerCustomersTest, WhatIsHeldForAMergedCustomerIsHeldForTheOneWhoStays) {
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

TEST_F(LedgerCustomersTest, TakingAMergeBackDoesNotBringBackWhatWasReleased) {
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
TEST_F(LedgerCustomersTest, AHoldFromBetweenAMergeAndItsEndIsReleasedWhereItIs) {
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
TEST_F(LedgerCustomersTest, AStepBetweenAMergeAndItsEndMovesTheHold) {
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

TEST_F(LedgerCustomersTest, AHoldOfOneWhoWasMergedTwiceFollowsBothWays) {
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

TEST_F(LedgerCustomersTest, TakingAMergeBackDoesNotBringBackWhatWasReturned) {
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

TEST_F(LedgerCustomersTest, ErasureGivesBackWhatIsHeldAndLeavesSalesWithoutHer) {
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

TEST_F(LedgerCustomersTest, NothingIsHeldForOneWhoHasNoRecord) {
  MakeCustomer("anna");
  Write(EraseEntry("anna"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}, "anna")), kNotFound);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {LimitClaim("l", 5, 1)}, "anna")), kNotFound);
  EXPECT_THAT(*store_->ListHeld("anna"), IsEmpty());
}

TEST_F(LedgerCustomersTest, AnonymousTransactionsClaimBudgetsOnly) {
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {LimitClaim("l", 5, 1)})), kInvalid);
  EXPECT_EQ(RefusalOf(PostEntry("t2", {LimitClaim("l", 5, 1)})), kInvalid);
}

}  // namespace
}  // namespace touchstone::store
