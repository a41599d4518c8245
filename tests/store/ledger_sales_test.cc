// What transactions sell and bring back: sales that are committed, sales that are posted, returns.

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LedgerSalesTest : public LedgerTest {};

TEST_F(LedgerSalesTest, ACommitMakesASaleOfWhatIsHeld) {
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

TEST_F(LedgerSalesTest, ASaleIsOfTheReservationThatItWasMadeFrom) {
  const uint64_t first = Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)})).position();
  Entry commit = CommitEntry("t1", 1);
  commit.mutable_commit()->set_reserved_position(first);
  // The same step again, perhaps at another price.
  const uint64_t second = Write(ReserveEntry("t1", 1, {UsesClaim("b", 2, 3)})).position();
  EXPECT_EQ(RefusalOf(commit), EntryResult::REFUSAL_VERSION_CHANGED);
  commit.mutable_commit()->set_reserved_position(second);
  EXPECT_EQ(RefusalOf(commit), kApplied);
}

TEST_F(LedgerSalesTest, ASaleIsMadeOnce) {
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied);
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kSold);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {UsesClaim("b", 1, 3)})), kSold);
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 2)), kSold);
  EXPECT_EQ(RefusalOf(SuspendEntry("t1", 1, kTestExpireUs)), kSold);
  EXPECT_EQ(RefusalOf(PostEntry("t1", {UsesClaim("b", 1, 3)})), kSold);
  EXPECT_EQ(Uses("b"), "1/0/0");
}

TEST_F(LedgerSalesTest, OnlyWhatIsReservedIsCommitted) {
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kNotFound);
  EXPECT_EQ(RefusalOf(SuspendEntry("t1", 1, kTestExpireUs)), kNotFound);
  Write(ReserveEntry("t1", 1, {}));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 2)), kNotFound) << "this step was never reserved";
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied) << "a transaction may need no claims";
}

TEST_F(LedgerSalesTest, TheSaleIsWhoseverTheTillSaysAndHoldsAreGoneAnyway) {
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

TEST_F(LedgerSalesTest, APostedSaleIsAlwaysBookedAndItsOverrunIsTold) {
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

TEST_F(LedgerSalesTest, WhatComesBackTakesFromTheOverrunFirst) {
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

TEST_F(LedgerSalesTest, AnOverrunOfADayIsOfTheDay) {
  const EntryResult posted = Write(PostEntry("t1", {DayClaim("b", 150, 100, 1000, 100)}));
  ASSERT_EQ(posted.overruns_size(), 1);
  EXPECT_EQ(posted.overruns(0).amount_minor(), 50);
  EXPECT_EQ(Money("b"), "150/0/0");
  EXPECT_EQ(MoneyOn("b", 100), "100/0/50");
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {Sale("t1")->claims(0)})), kApplied);
  EXPECT_EQ(Money("b"), "0/0/0");
  EXPECT_EQ(MoneyOn("b", 100), "0/0/0");
}

TEST_F(LedgerSalesTest, APostedSaleGivesBackWhatItsTransactionHeld) {
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

TEST_F(LedgerSalesTest, APostedSaleMayComeAfterAVoid) {
  Write(ReleaseEntry("t1", 7));
  EXPECT_EQ(RefusalOf(PostEntry("t1", {UsesClaim("b", 2, 3)})), kApplied);
  EXPECT_TRUE(Sale("t1").has_value());
}

TEST_F(LedgerSalesTest, APostedSaleBeyondALimitIsTold) {
  MakeCustomer("anna");
  Write(PostEntry("t1", {LimitClaim("l", 5, 1)}, "anna"));
  const EntryResult posted = Write(PostEntry("t2", {LimitClaim("l", 5, 1)}, "anna"));
  ASSERT_EQ(posted.overruns_size(), 1);
  EXPECT_EQ(posted.overruns(0).count(), 1);
  EXPECT_THAT(Redeemed("anna"), ElementsAre(5u, 5u));
}

TEST_F(LedgerSalesTest, APostedSaleOfOneWhoWasErasedIsKeptWithoutHer) {
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

TEST_F(LedgerSalesTest, APurchaseThatIsKnownChangesNothing) {
  MakeCustomer("anna");
  Write(EventEntry("anna", "t1"));
  Write(ReserveEntry("t1", 1, {UsesClaim("b", 1, 3)}, "anna"));
  Entry commit = CommitEntry("t1", 1, "anna");
  *commit.mutable_commit()->mutable_events() = EventEntry("anna", "t1").append_events();
  EXPECT_EQ(RefusalOf(commit), kApplied);
  EXPECT_EQ(store_->ListLatestEvents("anna", 9)->size(), 1u);
}

TEST_F(LedgerSalesTest, APurchaseUnderAnotherRevisionIsPlannedAgain) {
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

TEST_F(LedgerSalesTest, AReturnRestoresWhatItSays) {
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

TEST_F(LedgerSalesTest, MoreThanASaleHasDoesNotComeBack) {
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

TEST_F(LedgerSalesTest, OfTwoReturnsAtOnceOneIsPlannedAgain) {
  Write(PostEntry("t1", {UsesClaim("b", 2, 9)}));
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {})), kApplied);
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {Sale("t1")->claims(0)})),
            EntryResult::REFUSAL_VERSION_CHANGED);
  EXPECT_EQ(RefusalOf(ReturnEntry("t2", 1, {})), kNotFound);
  EXPECT_EQ(RefusalOf(ReturnEntry("not an id", 1, {})), kInvalid);
}

}  // namespace
}  // namespace touchstone::store
