// Codes at the till: what they are good for, who gets the last use, and what gives it back.

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

class CodesTest : public testing::Test {
 protected:
  v1::CodeTerms TermsOf(const std::string& offer, int64_t uses = 1) {
    v1::CodeTerms terms;
    terms.set_offer_id(offer);
    terms.set_max_uses(uses);
    return terms;
  }

  void Import(const std::string& code, const v1::CodeTerms& terms) {
    v1::ImportCodesRequest request;
    request.set_request_id(till_.server().NextRequestId());
    *request.mutable_terms() = terms;
    request.add_codes(code);
    grpc::ClientContext context;
    v1::ImportCodesResponse response;
    const grpc::Status status = till_.server().grants().ImportCodes(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.imported(), 1);
  }

  void Revoke(const std::string& code) {
    v1::RevokeCodesRequest request;
    request.set_request_id(till_.server().NextRequestId());
    request.add_codes(code);
    grpc::ClientContext context;
    v1::RevokeCodesResponse response;
    const grpc::Status status = till_.server().grants().RevokeCodes(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  v1::Code GetCode(const std::string& code) {
    v1::GetCodeRequest request;
    request.set_code(code);
    grpc::ClientContext context;
    v1::Code found;
    const grpc::Status status = till_.server().grants().GetCode(&context, request, &found);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return found;
  }

  v1::ReserveRequest RequestOf(const std::string& transaction, int step,
                               const std::vector<std::string>& codes,
                               const std::string& card = "") {
    v1::ReserveRequest request = till_.ReserveRequestOf(transaction, step, kTwelve, card);
    for (const std::string& code : codes) request.mutable_context()->add_codes(code);
    return request;
  }

  v1::Reservation Reserve(const std::string& transaction, int step,
                          const std::vector<std::string>& codes, const std::string& card = "") {
    v1::Reservation reservation;
    const grpc::Status status = till_.Try(RequestOf(transaction, step, codes, card), &reservation);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reservation;
  }

  v1::DecideResponse Decide(const std::string& transaction, const std::vector<std::string>& codes,
                            const std::string& card = "") {
    const v1::ReserveRequest reserve = RequestOf(transaction, 1, codes, card);
    v1::DecideRequest request;
    *request.mutable_context() = reserve.context();
    *request.mutable_basket() = reserve.basket();
    return till_.Decide(request);
  }

  v1::CodeState StateOf(const std::string& code, const std::string& card = "") {
    return Decide(absl::StrCat("look", ++looks_), {code}, card).basket().codes(0).state();
  }

  Till till_;
  int looks_ = 0;
};

TEST_F(CodesTest, ADecisionSaysWhatACodeIsGoodForAndUsesNothing) {
  Import("LETTER1", TermsOf("letter-5"));
  for (int i = 0; i < 2; ++i) {
    const v1::BasketResult basket = Decide(absl::StrCat("t", i), {"letter-1", "NOSUCH"}).basket();
    EXPECT_EQ(basket.codes(0).code(), "letter-1");
    EXPECT_EQ(basket.codes(0).state(), v1::CODE_STATE_ACCEPTED);
    EXPECT_EQ(basket.codes(0).offer_id(), "letter-5");
    EXPECT_EQ(basket.codes(1).state(), v1::CODE_STATE_UNKNOWN);
    EXPECT_EQ(basket.totals().payable_minor(), 700);
    ASSERT_EQ(basket.applied_offers_size(), 1);
    EXPECT_EQ(basket.applied_offers(0).code(), "letter-1");
  }
  EXPECT_EQ(GetCode("LETTER1").reserved(), 0);
}

TEST_F(CodesTest, IsHeldSoldAndThenUsed) {
  Import("LETTER1", TermsOf("letter-5"));
  const v1::Reservation held = Reserve("t1", 1, {"LETTER1"});
  EXPECT_EQ(held.basket().totals().payable_minor(), 700);
  ASSERT_EQ(held.claims_size(), 1);
  EXPECT_EQ(held.claims(0).kind(), v1::CLAIM_KIND_CODE);
  EXPECT_EQ(held.claims(0).id(), "LETTER1");
  EXPECT_EQ(GetCode("LETTER1").reserved(), 1);

  const v1::Reservation other = Reserve("t2", 1, {"LETTER1"});
  EXPECT_EQ(other.basket().totals().payable_minor(), 1200);
  EXPECT_EQ(other.basket().codes(0).state(), v1::CODE_STATE_RESERVED_ELSEWHERE);
  EXPECT_THAT(other.claims(), IsEmpty());

  const v1::Sale sale = till_.Commit("t1", 1);
  ASSERT_EQ(sale.claims_size(), 1);
  EXPECT_EQ(sale.claims(0).id(), "LETTER1");
  EXPECT_EQ(GetCode("LETTER1").used(), 1);
  EXPECT_EQ(GetCode("LETTER1").reserved(), 0);
  EXPECT_EQ(StateOf("LETTER1"), v1::CODE_STATE_USED);
}

TEST_F(CodesTest, ALaterStepOfTheSameTransactionHasItStill) {
  Import("LETTER1", TermsOf("letter-5"));
  Reserve("t1", 1, {"LETTER1"});
  EXPECT_EQ(Decide("t1", {"LETTER1"}).basket().codes(0).state(), v1::CODE_STATE_ACCEPTED);
  EXPECT_EQ(Reserve("t1", 2, {"LETTER1"}).basket().totals().payable_minor(), 700);
  EXPECT_EQ(GetCode("LETTER1").reserved(), 1);
  Reserve("t1", 3, {});
  EXPECT_EQ(GetCode("LETTER1").reserved(), 0);
}

TEST_F(CodesTest, IsGivenBackByReleaseAndByTime) {
  Import("LETTER1", TermsOf("letter-5"));
  Reserve("t1", 1, {"LETTER1"});
  till_.Release("t1", 1);
  EXPECT_EQ(StateOf("LETTER1"), v1::CODE_STATE_ACCEPTED);
  Reserve("t2", 1, {"LETTER1"});
  till_.server().MoveClock(absl::Minutes(16));
  v1::Sale sale;
  EXPECT_FALSE(till_.Try(till_.CommitRequestOf("t2", 1), &sale).ok());
}

TEST_F(CodesTest, OfManyThatWantTheLastUseOneGetsIt) {
  constexpr int kTills = 12;
  Import("LETTER1", TermsOf("letter-5", 3));
  std::atomic<int> cheap{0};
  std::vector<std::thread> tills;
  for (int i = 0; i < kTills; ++i) {
    tills.emplace_back([this, i, &cheap] {
      const v1::Reservation held = Reserve(absl::StrCat("t", i), 1, {"LETTER1"});
      const int64_t payable = held.basket().totals().payable_minor();
      EXPECT_TRUE(payable == 700 || payable == 1200) << payable;
      if (payable == 700) ++cheap;
      till_.Commit(absl::StrCat("t", i), 1);
    });
  }
  for (std::thread& till : tills) till.join();
  EXPECT_EQ(cheap.load(), 3);
  EXPECT_EQ(GetCode("LETTER1").used(), 3);
}

TEST_F(CodesTest, OneOfTwoCodesForTheSameOfferIsUsed) {
  Import("LETTER1", TermsOf("letter-5"));
  Import("LETTER2", TermsOf("letter-5"));
  const v1::Reservation held = Reserve("t1", 1, {"LETTER1", "LETTER2"});
  EXPECT_EQ(held.basket().totals().payable_minor(), 700);
  EXPECT_EQ(held.basket().codes(0).state(), v1::CODE_STATE_ACCEPTED);
  EXPECT_EQ(held.basket().codes(1).state(), v1::CODE_STATE_OFFER_REFUSED);
  till_.Commit("t1", 1);
  EXPECT_EQ(StateOf("LETTER2"), v1::CODE_STATE_ACCEPTED);
}

TEST_F(CodesTest, AnOfferThatIsRefusedKeepsItsCodeAndSaysWhy) {
  Import("LETTER1", TermsOf("letter-5"));
  v1::DecideRequest request;
  *request.mutable_context() = RequestOf("t1", 1, {"LETTER1"}).context();
  *request.mutable_basket() = till_.BasketOf({{"BREAD", 1, 900}});
  const v1::DecideResponse response = till_.Decide(request);
  EXPECT_EQ(response.basket().codes(0).state(), v1::CODE_STATE_OFFER_REFUSED);
  ASSERT_GE(response.reasons_size(), 1);
  EXPECT_EQ(response.reasons(0).offer_id(), "letter-5");
  EXPECT_EQ(response.reasons(0).reason().code(), "CONDITION");
}

TEST_F(CodesTest, HerCodeIsHersAlsoOnceSheIsSomebodyElse) {
  till_.AddCustomer("ada", "1");
  till_.AddCustomer("bob", "2");
  v1::CodeTerms terms = TermsOf("letter-5");
  terms.set_customer("customers/ada");
  Import("HERS", terms);
  EXPECT_EQ(StateOf("HERS"), v1::CODE_STATE_NOT_YOURS);
  EXPECT_EQ(StateOf("HERS", "2"), v1::CODE_STATE_NOT_YOURS);
  EXPECT_EQ(StateOf("HERS", "1"), v1::CODE_STATE_ACCEPTED);

  v1::MergeCustomersRequest merge;
  merge.set_request_id(till_.server().NextRequestId());
  merge.set_surviving("customers/bob");
  merge.set_merged("customers/ada");
  grpc::ClientContext context;
  v1::Customer merged;
  const grpc::Status status = till_.server().customers().MergeCustomers(&context, merge, &merged);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(StateOf("HERS", "2"), v1::CODE_STATE_ACCEPTED);
  EXPECT_EQ(Reserve("t1", 1, {"HERS"}, "2").basket().totals().payable_minor(), 700);
}

TEST_F(CodesTest, HasItsTime) {
  v1::CodeTerms terms = TermsOf("letter-5");
  terms.mutable_start_time()->set_seconds(absl::ToUnixSeconds(till_.server().now()) + 60);
  terms.mutable_end_time()->set_seconds(absl::ToUnixSeconds(till_.server().now()) + 120);
  Import("SOON", terms);
  EXPECT_EQ(StateOf("SOON"), v1::CODE_STATE_NOT_YET_VALID);
  till_.server().MoveClock(absl::Seconds(60));
  EXPECT_EQ(StateOf("SOON"), v1::CODE_STATE_ACCEPTED);
  // What is promised stays promised.
  Reserve("t1", 1, {"SOON"});
  till_.server().MoveClock(absl::Seconds(60));
  EXPECT_EQ(till_.Commit("t1", 1).totals().payable_minor(), 700);
  Import("LATE", terms);
  EXPECT_EQ(StateOf("LATE"), v1::CODE_STATE_EXPIRED);
}

TEST_F(CodesTest, ARevokedCodeIsWorthNothing) {
  Import("LETTER1", TermsOf("letter-5"));
  Reserve("t1", 1, {"LETTER1"});
  Revoke("LETTER1");
  EXPECT_EQ(StateOf("LETTER1"), v1::CODE_STATE_REVOKED);
  // What is held can be sold, but not claimed again.
  EXPECT_EQ(Reserve("t1", 2, {"LETTER1"}).basket().totals().payable_minor(), 1200);
}

TEST_F(CodesTest, AReturnGivesTheUseBack) {
  Import("LETTER1", TermsOf("letter-5"));
  Reserve("t1", 1, {"LETTER1"});
  till_.Commit("t1", 1);
  const v1::ReturnSaleResponse returned = till_.Return("r1", "t1", {{"1", 1}});
  EXPECT_EQ(returned.refund_minor(), 700);
  ASSERT_EQ(returned.restored_size(), 1);
  EXPECT_EQ(returned.restored(0).kind(), v1::CLAIM_KIND_CODE);
  EXPECT_EQ(StateOf("LETTER1"), v1::CODE_STATE_ACCEPTED);
}

TEST_F(CodesTest, WhatWasSoldOfflineIsBookedAndReportedBeyondItsUses) {
  Import("LETTER1", TermsOf("letter-5"));
  Reserve("t1", 1, {"LETTER1"});
  till_.Commit("t1", 1);
  v1::PostSaleRequest post;
  post.set_request_id(till_.server().NextRequestId());
  const v1::ReserveRequest sold = RequestOf("t2", 1, {"LETTER1"});
  *post.mutable_context() = sold.context();
  *post.mutable_basket() = sold.basket();
  v1::SoldLine* line = post.add_lines();
  line->set_line_id("1");
  line->set_net_minor(700);
  line->add_taken()->set_offer_id("letter-5");
  line->mutable_taken(0)->set_amount_minor(500);
  v1::PostSaleResponse response;
  const grpc::Status status = till_.Try(post, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(response.overruns_size(), 1);
  EXPECT_EQ(response.overruns(0).kind(), v1::CLAIM_KIND_CODE);
  EXPECT_EQ(response.overruns(0).id(), "LETTER1");
  EXPECT_EQ(response.overruns(0).count(), 1);
}

TEST_F(CodesTest, TrainingUsesNothing) {
  Import("LETTER1", TermsOf("letter-5"));
  v1::ReserveRequest request = RequestOf("t1", 1, {"LETTER1"});
  request.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  v1::Reservation held;
  ASSERT_TRUE(till_.Try(request, &held).ok());
  EXPECT_EQ(held.basket().totals().payable_minor(), 700);
  EXPECT_EQ(GetCode("LETTER1").reserved(), 0);
}

TEST_F(CodesTest, ADecisionWithCodesIsRebuiltFromItsReceipt) {
  Import("LETTER1", TermsOf("letter-5"));
  const v1::DecideResponse decided = Decide("t1", {"LETTER1", "NOSUCH"});
  Reserve("t2", 1, {"LETTER1"});
  till_.Commit("t2", 1);
  const v1::ExplainResponse explained = till_.ExplainWhenKept(decided.decision_id());
  EXPECT_EQ(explained.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(explained.response().basket().codes(0).state(), v1::CODE_STATE_ACCEPTED);
  EXPECT_EQ(explained.response().basket().totals().payable_minor(), 700);
}

}  // namespace
}  // namespace touchstone::server
