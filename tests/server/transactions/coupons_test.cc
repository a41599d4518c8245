// Coupons for the next visit: promised by a decision, given by the sale, redeemed later, withdrawn
// when the goods come back.

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/services/resource_name.h"
#include "tests/server/rule_set_source.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// For each 20.00 a use of coupon-2, which takes 2.00 off from 10.00 on.
constexpr char kGiving[] = R"(offer: next-2
title: For your next visit
applies: automatic
benefit: { next_visit: { offer: coupon-2, use_within: 14d, starts: next_day, each: { EUR: 20.00 } } }
)";

// three-euro leaves 45.00 of them, and 21.00 of one.
const std::vector<Item> kTwoTeas = {{"TEA", 2, 2400}};
const std::vector<Item> kTwelve = {{"BREAD", 1, 1200}};

class CouponsTest : public testing::TestWithParam<std::string> {
 protected:
  explicit CouponsTest(const std::string& returns = GetParam()) {
    v1::RuleSetSource rules = TillRules(returns);
    AddFile("offers/next-2.yaml", kGiving, &rules);
    till_.server().Publish(rules);
    till_.AddCustomer("ada", "1");
  }

  v1::Sale Sell(const std::string& transaction, const std::vector<Item>& items,
                const std::string& card = "") {
    till_.Reserve(transaction, 1, items, card);
    return till_.Commit(transaction, 1);
  }

  std::vector<v1::Grant> Grants() { return till_.GrantsOf("ada"); }

  v1::DecideResponse DecideWith(const std::string& code) {
    v1::DecideRequest request;
    *request.mutable_context() = till_.Context(absl::StrCat("look", ++looks_), 1);
    if (!code.empty()) request.mutable_context()->add_codes(code);
    *request.mutable_basket() = till_.BasketOf(kTwelve);
    return till_.Decide(request);
  }

  Till till_;
  int looks_ = 0;
};

class RecomputedCouponsTest : public CouponsTest {
 protected:
  RecomputedCouponsTest() : CouponsTest("recompute") {}
};

TEST_P(CouponsTest, ADecisionPromisesThem) {
  const v1::BasketResult basket = till_.Decide("t1", 1, kTwoTeas).basket();
  EXPECT_THAT(AppliedIn(basket), ElementsAre("three-euro", "next-2"));
  EXPECT_EQ(basket.totals().payable_minor(), 4500);
  const v1::PromisedCoupon& coupon = basket.applied_offers(1).coupon();
  EXPECT_EQ(coupon.offer_id(), "coupon-2");
  EXPECT_EQ(coupon.uses(), 2);
  EXPECT_EQ(coupon.title(), "Two off with the coupon");
  const v1::BasketResult held = till_.Reserve("t1", 1, kTwoTeas).basket();
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(basket, held));
  EXPECT_THAT(AppliedIn(till_.Decide("t2", 1, kTwelve).basket()), IsEmpty());
}

TEST_P(CouponsTest, ACustomerFindsHersTheDayAfter) {
  const v1::Reservation held = till_.Reserve("t1", 1, kTwoTeas, "1");
  ASSERT_EQ(held.coupons_size(), 1);
  EXPECT_EQ(held.coupons(0).grant_id(), "");
  EXPECT_EQ(held.coupons(0).code(), "");
  EXPECT_THAT(Grants(), IsEmpty()) << "nothing is sold yet";
  const v1::Sale sale = till_.Commit("t1", 1);
  ASSERT_EQ(sale.coupons_size(), 1);
  const v1::Coupon& coupon = sale.coupons(0);
  EXPECT_EQ(coupon.offer_id(), "next-2");
  EXPECT_EQ(coupon.coupon_offer_id(), "coupon-2");
  EXPECT_EQ(coupon.uses(), 2);
  EXPECT_EQ(coupon.code(), "");
  const absl::Time start = ToTime(coupon.start_time());
  EXPECT_GT(start, till_.server().now());
  EXPECT_LE(start, till_.server().now() + absl::Hours(24));
  EXPECT_EQ(ToTime(coupon.end_time()), start + 14 * absl::Hours(24));

  const std::vector<v1::Grant> grants = Grants();
  ASSERT_EQ(grants.size(), 1u);
  EXPECT_EQ(grants[0].grant_id(), coupon.grant_id());
  EXPECT_EQ(grants[0].offer_id(), "coupon-2");
  EXPECT_EQ(grants[0].max_uses(), 2);
  EXPECT_EQ(grants[0].batch(), "t1");
  EXPECT_EQ(till_.Decide("same-day", 1, kTwelve, "1").basket().totals().payable_minor(), 1200);
  till_.server().MoveClock(absl::Hours(24));
  EXPECT_EQ(Sell("t2", kTwelve, "1").totals().payable_minor(), 1000);
  EXPECT_EQ(Grants()[0].used(), 1);
  EXPECT_EQ(till_.GetSale("t1").coupons(0).grant_id(), coupon.grant_id());
}

TEST_P(CouponsTest, WhoIsNotKnownGetsACodeToPrint) {
  const v1::Sale sale = Sell("t1", kTwoTeas);
  ASSERT_EQ(sale.coupons_size(), 1);
  EXPECT_EQ(sale.coupons(0).grant_id(), "");
  const std::string code = sale.coupons(0).code();
  ASSERT_NE(code, "");
  EXPECT_EQ(DecideWith(code).basket().codes(0).state(), v1::CODE_STATE_NOT_YET_VALID);
  till_.server().MoveClock(absl::Hours(24));
  const v1::BasketResult basket = DecideWith(code).basket();
  EXPECT_EQ(basket.codes(0).state(), v1::CODE_STATE_ACCEPTED);
  EXPECT_EQ(basket.totals().payable_minor(), 1000);
  till_.server().MoveClock(absl::Hours(24) * 15);
  EXPECT_EQ(DecideWith(code).basket().codes(0).state(), v1::CODE_STATE_EXPIRED);
  EXPECT_EQ(Sell("t2", kTwoTeas).coupons(0).code() == code, false) << "each sale has its own";
}

TEST_P(CouponsTest, ARetryOfTheSaleGivesTheSameAgain) {
  till_.Reserve("t1", 1, kTwoTeas);
  const v1::CommitRequest request = till_.CommitRequestOf("t1", 1);
  v1::Sale first;
  v1::Sale again;
  ASSERT_TRUE(till_.Try(request, &first).ok());
  ASSERT_TRUE(till_.Try(request, &again).ok());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(first, again));
  EXPECT_EQ(first.coupons_size(), 1);
}

TEST_P(CouponsTest, TrainingGivesNothingThatCounts) {
  v1::ReserveRequest reserve = till_.ReserveRequestOf("t1", 1, kTwoTeas, "1");
  reserve.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  v1::Reservation held;
  ASSERT_TRUE(till_.Try(reserve, &held).ok());
  v1::CommitRequest commit = till_.CommitRequestOf("t1", 1);
  commit.mutable_context()->set_mode(v1::DECISION_MODE_TRAINING);
  v1::Sale sale;
  ASSERT_TRUE(till_.Try(commit, &sale).ok());
  ASSERT_EQ(sale.coupons_size(), 1);
  EXPECT_EQ(sale.coupons(0).uses(), 2);
  EXPECT_EQ(sale.coupons(0).grant_id(), "");
  EXPECT_EQ(sale.coupons(0).code(), "");
  EXPECT_THAT(Grants(), IsEmpty());
}

TEST_P(CouponsTest, AllAreWithdrawnWhenAllComesBack) {
  const std::string code = Sell("t1", kTwoTeas).coupons(0).code();
  const v1::ReturnSaleResponse all = till_.Return("r1", "t1", {{"1", 2}});
  ASSERT_EQ(all.withdrawn_coupons_size(), 1);
  EXPECT_EQ(all.withdrawn_coupons(0).coupon().code(), code);
  EXPECT_EQ(all.withdrawn_coupons(0).coupon().uses(), 0);
  EXPECT_EQ(all.withdrawn_coupons(0).used(), 0);
  EXPECT_THAT(all.sale().coupons(), IsEmpty());
  EXPECT_THAT(till_.GetSale("t1").coupons(), IsEmpty());
  till_.server().MoveClock(absl::Hours(24));
  EXPECT_EQ(DecideWith(code).basket().codes(0).state(), v1::CODE_STATE_REVOKED);
}

TEST_F(RecomputedCouponsTest, WhatIsKeptKeepsWhatItGives) {
  Sell("t1", kTwoTeas, "1");
  till_.server().MoveClock(absl::Hours(24));
  Sell("t2", kTwelve, "1");
  const v1::ReturnSaleRequest request = till_.ReturnRequestOf("r1", "t1", {{"1", 1}});
  v1::ReturnSaleResponse one;
  ASSERT_TRUE(till_.Try(request, &one).ok());
  ASSERT_EQ(one.withdrawn_coupons_size(), 1);
  EXPECT_EQ(one.withdrawn_coupons(0).coupon().uses(), 1);
  EXPECT_EQ(one.withdrawn_coupons(0).used(), 1);
  EXPECT_THAT(one.lost_offer_ids(), IsEmpty());
  EXPECT_EQ(one.sale().coupons(0).uses(), 1);
  EXPECT_EQ(till_.GetSale("t1").coupons(0).uses(), 1);
  EXPECT_EQ(Grants()[0].max_uses(), 1);
  EXPECT_EQ(till_.Decide("t3", 1, kTwelve, "1").basket().totals().payable_minor(), 1200)
      << "its use is made";
  v1::ReturnSaleResponse again;
  ASSERT_TRUE(till_.Try(request, &again).ok());
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(one, again));

  const v1::ReturnSaleResponse rest = till_.Return("r2", "t1", {{"1", 1}});
  ASSERT_EQ(rest.withdrawn_coupons_size(), 1);
  EXPECT_EQ(rest.withdrawn_coupons(0).coupon().uses(), 0);
  EXPECT_EQ(rest.withdrawn_coupons(0).used(), 1);
  EXPECT_THAT(till_.GetSale("t1").coupons(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Returns, CouponsTest, testing::Values("recompute", "proportional"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace touchstone::server
