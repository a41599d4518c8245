// Grants at the till: clipped, given and imported, held by one transaction, sold once, and back.

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

const std::vector<Item> kTwelve = {{"BREAD", 1, 1200}};

class GrantsTest : public testing::Test {
 protected:
  GrantsTest() {
    till_.AddCustomer("ada", "1");
    till_.AddCustomer("bob", "2");
  }

  v1::GrantItem ItemFor(const std::string& customer, int64_t uses = 1) {
    v1::GrantItem item;
    item.set_customer("customers/" + customer);
    item.set_offer_id("coupon-2");
    item.set_max_uses(uses);
    return item;
  }

  void Give(const v1::GrantItem& item, const std::string& batch = "mailing") {
    v1::ImportGrantsRequest request;
    request.set_batch(batch);
    *request.add_grants() = item;
    grpc::ClientContext context;
    v1::ImportGrantsResponse response;
    const grpc::Status status = till_.server().grants().ImportGrants(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.granted(), 1) << response.DebugString();
  }

  v1::Grant OnlyGrantOf(const std::string& customer) {
    const std::vector<v1::Grant> grants = till_.GrantsOf(customer);
    EXPECT_EQ(grants.size(), 1u);
    return grants.empty() ? v1::Grant() : grants.front();
  }

  int64_t PriceFor(const std::string& card) {
    return till_.Decide(absl::StrCat("look", ++looks_), 1, kTwelve, card)
        .basket()
        .totals()
        .payable_minor();
  }

  void Merge(const std::string& surviving, const std::string& merged, bool undo = false) {
    v1::MergeCustomersRequest request;
    request.set_request_id(till_.server().NextRequestId());
    request.set_surviving("customers/" + surviving);
    request.set_merged("customers/" + merged);
    request.set_undo(undo);
    grpc::ClientContext context;
    v1::Customer customer;
    const grpc::Status status =
        till_.server().customers().MergeCustomers(&context, request, &customer);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  // What the app shows her.
  v1::DecideResponse Look(const std::string& card) {
    v1::DecideRequest request;
    *request.mutable_context() = till_.Context(absl::StrCat("app", ++looks_), 1, card);
    request.mutable_context()->mutable_touchpoint()->set_channel("app");
    request.add_placements("coupons");
    return till_.Decide(request);
  }
  std::string TokenFor(const std::string& card) {
    const v1::DecideResponse shown = Look(card);
    if (shown.placements_size() != 1 || shown.placements(0).offers_size() != 1) {
      ADD_FAILURE() << "not one offer: " << shown.DebugString();
      return "";
    }
    return shown.placements(0).offers(0).token();
  }
  v1::OutcomeResult Accept(const std::string& token, const std::string& outcome_id) {
    v1::RecordOutcomesRequest request;
    request.set_request_id(till_.server().NextRequestId());
    v1::Outcome& outcome = *request.add_outcomes();
    outcome.set_outcome_id(outcome_id);
    outcome.set_token(token);
    outcome.set_type(v1::OUTCOME_TYPE_ACCEPTED);
    grpc::ClientContext context;
    v1::RecordOutcomesResponse response;
    const grpc::Status status =
        till_.server().outcomes().RecordOutcomes(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.results_size() == 1 ? response.results(0) : v1::OutcomeResult();
  }

  Till till_;
  int looks_ = 0;
};

TEST_F(GrantsTest, TheOfferIsForWhoHoldsAGrant) {
  EXPECT_EQ(PriceFor("1"), 1200);
  Give(ItemFor("ada"));
  EXPECT_EQ(PriceFor("1"), 1000);
  EXPECT_EQ(PriceFor("2"), 1200);
  EXPECT_EQ(PriceFor(""), 1200);
  const v1::DecideResponse decided = till_.Decide("t", 1, kTwelve, "1");
  ASSERT_EQ(decided.basket().applied_offers_size(), 1);
  EXPECT_EQ(decided.basket().applied_offers(0).grant_id(), OnlyGrantOf("ada").grant_id());
  EXPECT_EQ(decided.basket().applied_offers(0).code(), "");
}

TEST_F(GrantsTest, IsHeldSoldAndThenUsed) {
  Give(ItemFor("ada"));
  const v1::Reservation held = till_.Reserve("t1", 1, kTwelve, "1");
  EXPECT_EQ(held.basket().totals().payable_minor(), 1000);
  ASSERT_EQ(held.claims_size(), 1);
  EXPECT_EQ(held.claims(0).kind(), v1::CLAIM_KIND_GRANT);
  EXPECT_EQ(held.claims(0).id(), OnlyGrantOf("ada").grant_id());
  EXPECT_EQ(OnlyGrantOf("ada").state(), v1::GRANT_STATE_RESERVED);

  const v1::Reservation other = till_.Reserve("t2", 1, kTwelve, "1");
  EXPECT_EQ(other.basket().totals().payable_minor(), 1200);
  EXPECT_THAT(other.claims(), IsEmpty());

  // A later step of the same transaction has it still.
  EXPECT_EQ(till_.Decide("t1", 2, kTwelve, "1").basket().totals().payable_minor(), 1000);
  EXPECT_EQ(till_.Reserve("t1", 2, kTwelve, "1").basket().totals().payable_minor(), 1000);
  const v1::Sale sale = till_.Commit("t1", 2);
  ASSERT_EQ(sale.claims_size(), 1);
  EXPECT_EQ(sale.claims(0).kind(), v1::CLAIM_KIND_GRANT);
  EXPECT_EQ(OnlyGrantOf("ada").state(), v1::GRANT_STATE_USED);
  EXPECT_EQ(OnlyGrantOf("ada").used(), 1);
  EXPECT_EQ(PriceFor("1"), 1200);
}

TEST_F(GrantsTest, TheSingleCustomerViewShowsWhatIsOpenAndHeld) {
  Give(ItemFor("ada"), "first");
  Give(ItemFor("ada"), "second");
  till_.Reserve("t1", 3, kTwelve, "1");
  v1::Customer ada = till_.GetCustomer("ada");
  EXPECT_EQ(ada.grants_size(), 2);
  ASSERT_EQ(ada.held_transactions_size(), 1);
  EXPECT_EQ(ada.held_transactions(0).transaction_id(), "t1");
  EXPECT_EQ(ada.held_transactions(0).step(), 3);
  EXPECT_EQ(ada.held_transactions(0).expire_time().seconds(),
            absl::ToUnixSeconds(till_.server().now()) + 15 * 60);
  Merge("bob", "ada");
  EXPECT_EQ(till_.GetCustomer("bob").grants_size(), 2);
  EXPECT_EQ(till_.GetCustomer("bob").held_transactions_size(), 1);
  till_.Commit("t1", 3);
  EXPECT_EQ(till_.GetCustomer("bob").grants_size(), 1);
  EXPECT_THAT(till_.GetCustomer("bob").held_transactions(), IsEmpty());
}

TEST_F(GrantsTest, IsGivenBackByReleaseByTimeAndByAReturn) {
  Give(ItemFor("ada"));
  till_.Reserve("t1", 1, kTwelve, "1");
  till_.Release("t1", 1);
  EXPECT_EQ(PriceFor("1"), 1000);
  till_.Reserve("t2", 1, kTwelve, "1");
  till_.server().MoveClock(absl::Minutes(16));
  // The next write of the transaction's finds its time over.
  EXPECT_EQ(till_.Reserve("t2", 2, kTwelve, "1").basket().totals().payable_minor(), 1000);
  till_.Commit("t2", 2);
  EXPECT_EQ(PriceFor("1"), 1200);
  const v1::ReturnSaleResponse returned = till_.Return("r1", "t2", {{"1", 1}});
  EXPECT_EQ(returned.refund_minor(), 1000);
  ASSERT_EQ(returned.restored_size(), 1);
  EXPECT_EQ(returned.restored(0).kind(), v1::CLAIM_KIND_GRANT);
  EXPECT_EQ(PriceFor("1"), 1000);
}

TEST_F(GrantsTest, OfManyThatWantItsLastUsesSoManyGetThem) {
  constexpr int kTills = 12;
  Give(ItemFor("ada", 3));
  std::atomic<int> cheap{0};
  std::vector<std::thread> tills;
  for (int i = 0; i < kTills; ++i) {
    tills.emplace_back([this, i, &cheap] {
      const std::string transaction = absl::StrCat("t", i);
      const int64_t payable =
          till_.Reserve(transaction, 1, kTwelve, "1").basket().totals().payable_minor();
      EXPECT_TRUE(payable == 1000 || payable == 1200) << payable;
      if (payable == 1000) ++cheap;
      till_.Commit(transaction, 1);
    });
  }
  for (std::thread& till : tills) till.join();
  EXPECT_EQ(cheap.load(), 3);
  EXPECT_EQ(OnlyGrantOf("ada").used(), 3);
}

TEST_F(GrantsTest, WhatEndsFirstIsUsedFirst) {
  v1::GrantItem late = ItemFor("ada");
  late.mutable_end_time()->set_seconds(absl::ToUnixSeconds(till_.server().now()) + 7200);
  v1::GrantItem soon = ItemFor("ada");
  soon.mutable_end_time()->set_seconds(absl::ToUnixSeconds(till_.server().now()) + 3600);
  Give(late, "late");
  Give(soon, "soon");
  Give(ItemFor("ada"), "ever");
  for (const char* batch : {"soon", "late", "ever"}) {
    till_.Reserve(batch, 1, kTwelve, "1");
    till_.Commit(batch, 1);
    for (const v1::Grant& grant : till_.GrantsOf("ada")) {
      if (grant.batch() == batch) {
        EXPECT_EQ(grant.used(), 1) << batch;
      }
    }
  }
}

TEST_F(GrantsTest, HasItsTimeWhateverTheOffersWindow) {
  v1::GrantItem item = ItemFor("ada");
  const int64_t now = absl::ToUnixSeconds(till_.server().now());
  item.mutable_start_time()->set_seconds(now + 60);
  item.mutable_end_time()->set_seconds(now + 60 * 24 * 3600);
  Give(item);
  EXPECT_EQ(OnlyGrantOf("ada").state(), v1::GRANT_STATE_NOT_YET_VALID);
  EXPECT_EQ(PriceFor("1"), 1200);
  till_.server().MoveClock(absl::Seconds(60));
  EXPECT_EQ(PriceFor("1"), 1000);
  till_.server().MoveClock(absl::Hours(24 * 40));  // the window of the offer is over
  EXPECT_EQ(PriceFor("1"), 1000);
  till_.server().MoveClock(absl::Hours(24 * 20));
  EXPECT_EQ(PriceFor("1"), 1200);
  EXPECT_EQ(OnlyGrantOf("ada").state(), v1::GRANT_STATE_EXPIRED);
}

TEST_F(GrantsTest, FollowsHerThroughAMergeAndBack) {
  Give(ItemFor("ada"));
  Merge("bob", "ada");
  EXPECT_EQ(PriceFor("2"), 1000);
  EXPECT_EQ(OnlyGrantOf("bob").customer(), "customers/bob");
  // Held while merged, sold when they are two again.
  till_.Reserve("t1", 1, kTwelve, "2");
  Merge("bob", "ada", /*undo=*/true);
  EXPECT_EQ(till_.Commit("t1", 1).totals().payable_minor(), 1000);
  EXPECT_EQ(OnlyGrantOf("ada").state(), v1::GRANT_STATE_USED);
  EXPECT_THAT(till_.GrantsOf("bob"), IsEmpty());
}

TEST_F(GrantsTest, ARevokedGrantIsWorthNothing) {
  Give(ItemFor("ada"));
  till_.Reserve("t1", 1, kTwelve, "1");
  v1::RevokeGrantRequest revoke;
  revoke.set_request_id(till_.server().NextRequestId());
  revoke.set_grant_id(OnlyGrantOf("ada").grant_id());
  grpc::ClientContext context;
  v1::Grant revoked;
  const grpc::Status status = till_.server().grants().RevokeGrant(&context, revoke, &revoked);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(revoked.state(), v1::GRANT_STATE_REVOKED);
  EXPECT_EQ(revoked.customer(), "customers/ada");
  EXPECT_EQ(PriceFor("1"), 1200);
  // What is held can be sold.
  EXPECT_EQ(till_.Commit("t1", 1).totals().payable_minor(), 1000);
}

TEST_F(GrantsTest, ACodeMayCarryAGrantedOffer) {
  v1::ImportCodesRequest import;
  import.set_request_id(till_.server().NextRequestId());
  import.mutable_terms()->set_offer_id("coupon-2");
  import.add_codes("PAPER");
  grpc::ClientContext context;
  v1::ImportCodesResponse imported;
  ASSERT_TRUE(till_.server().grants().ImportCodes(&context, import, &imported).ok());
  Give(ItemFor("ada"));
  v1::ReserveRequest request = till_.ReserveRequestOf("t1", 1, kTwelve, "1");
  request.mutable_context()->add_codes("PAPER");
  v1::Reservation held;
  ASSERT_TRUE(till_.Try(request, &held).ok());
  EXPECT_EQ(held.basket().totals().payable_minor(), 1000);
  ASSERT_EQ(held.claims_size(), 1);
  EXPECT_EQ(held.claims(0).kind(), v1::CLAIM_KIND_CODE);
  EXPECT_EQ(held.basket().applied_offers(0).code(), "PAPER");
  EXPECT_EQ(held.basket().applied_offers(0).grant_id(), "");
}

TEST_F(GrantsTest, IsClippedByAcceptingWhatTheAppShows) {
  const std::string token = TokenFor("1");
  const v1::OutcomeResult clipped = Accept(token, "o1");
  EXPECT_EQ(clipped.state(), v1::OUTCOME_STATE_RECORDED);
  const v1::Grant grant = OnlyGrantOf("ada");
  EXPECT_EQ(clipped.grant_id(), grant.grant_id());
  EXPECT_EQ(grant.batch(), "clipped-2026-11-01");
  EXPECT_EQ(grant.end_time().seconds(), absl::ToUnixSeconds(till_.server().now()) + 14 * 24 * 3600);
  EXPECT_EQ(PriceFor("1"), 1000);

  EXPECT_EQ(Accept(token, "o1").state(), v1::OUTCOME_STATE_DUPLICATE);
  till_.server().MoveClock(absl::Hours(1));
  const v1::OutcomeResult again = Accept(TokenFor("1"), "o2");
  EXPECT_EQ(again.state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(again.grant_id(), grant.grant_id());
  EXPECT_EQ(OnlyGrantOf("ada").end_time().seconds(), grant.end_time().seconds());
}

TEST_F(GrantsTest, WhatIsAcceptedByNobodyKnownIsNoGrant) {
  const v1::OutcomeResult accepted = Accept(TokenFor(""), "o1");
  EXPECT_EQ(accepted.state(), v1::OUTCOME_STATE_RECORDED);
  EXPECT_EQ(accepted.grant_id(), "");
}

TEST_F(GrantsTest, IsNotShownAnyMoreOnceItsWindowIsOver) {
  till_.server().MoveClock(absl::Hours(24 * 30));
  const v1::DecideResponse shown = Look("1");
  EXPECT_THAT(shown.placements(0).offers(), IsEmpty());
}

TEST_F(GrantsTest, WithoutRoomNothingIsAccepted) {
  const std::string token = TokenFor("1");
  for (int i = 0; i < 64; ++i) Give(ItemFor("ada"), absl::StrCat("batch", i));
  const v1::OutcomeResult refused = Accept(token, "o1");
  EXPECT_EQ(refused.state(), v1::OUTCOME_STATE_REJECTED);
  EXPECT_EQ(refused.grant_id(), "");
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("as many open grants"));
  // Nothing of it was recorded: with room it is no duplicate.
  till_.Reserve("t1", 1, kTwelve, "1");
  till_.Commit("t1", 1);
  EXPECT_EQ(Accept(token, "o1").state(), v1::OUTCOME_STATE_RECORDED);
}

TEST_F(GrantsTest, WhatWasSoldOfflineIsBookedAndReportedBeyondItsUses) {
  Give(ItemFor("ada"));
  till_.Reserve("t1", 1, kTwelve, "1");
  v1::PostSaleRequest post;
  post.set_request_id(till_.server().NextRequestId());
  const v1::ReserveRequest sold = till_.ReserveRequestOf("t2", 1, kTwelve, "1");
  *post.mutable_context() = sold.context();
  *post.mutable_basket() = sold.basket();
  v1::SoldLine* line = post.add_lines();
  line->set_line_id("1");
  line->set_net_minor(1000);
  line->add_taken()->set_offer_id("coupon-2");
  line->mutable_taken(0)->set_amount_minor(200);
  v1::PostSaleResponse response;
  const grpc::Status status = till_.Try(post, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.overruns_size(), 1);
  EXPECT_EQ(response.overruns(0).kind(), v1::CLAIM_KIND_GRANT);
  EXPECT_EQ(response.overruns(0).count(), 1);
}

TEST_F(GrantsTest, TrainingUsesNothing) {
  Give(ItemFor("ada"));
  v1::ReserveRequest request = till_.ReserveRequestOf("t1", 1, kTwelve, "1");
  request.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  v1::Reservation held;
  ASSERT_TRUE(till_.Try(request, &held).ok());
  EXPECT_EQ(held.basket().totals().payable_minor(), 1000);
  EXPECT_EQ(OnlyGrantOf("ada").state(), v1::GRANT_STATE_OPEN);
}

TEST_F(GrantsTest, ADecisionWithAGrantIsRebuiltFromItsReceipt) {
  Give(ItemFor("ada"));
  const v1::DecideResponse decided = till_.Decide("t1", 1, kTwelve, "1");
  till_.Reserve("t2", 1, kTwelve, "1");
  till_.Commit("t2", 1);
  const v1::ExplainResponse explained = till_.ExplainWhenKept(decided.decision_id());
  EXPECT_EQ(explained.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(explained.response().basket().totals().payable_minor(), 1000);
}

}  // namespace
}  // namespace touchstone::server
