// Grants that keep the terms they were made under, through publishes that change or drop the offer.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/rule_set_source.h"
#include "tests/server/transactions/till.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kPath[] = "offers/coupon-2.yaml";
const std::vector<Item> kTwelve = {{"BREAD", 1, 1200}};

std::string Coupon(const std::string& amount, const std::string& more = "") {
  return absl::StrCat(R"(offer: coupon-2
title: With the coupon
applies: granted
requires: basket.net >= 10.00
benefit: { amount_off: { EUR: )",
                      amount, R"( }, per: basket }
promise: { made: accepted, use_within: 14d, terms: kept }
)",
                      more);
}

// The rules of the till with this in place of the coupon's file; empty: without the coupon.
v1::RuleSetSource RulesWith(const std::string& coupon) {
  v1::RuleSetSource rules = TillRules();
  auto& files = *rules.mutable_files()->mutable_files();
  const auto at = std::find_if(files.begin(), files.end(),
                               [](const auto& file) { return file.path() == kPath; });
  if (coupon.empty()) {
    files.erase(at);
  } else {
    at->set_content(coupon);
  }
  return rules;
}

class KeptTermsTest : public testing::Test {
 protected:
  KeptTermsTest() {
    till_.AddCustomer("ada", "1");
    till_.AddCustomer("bob", "2");
    Publish(Coupon("2.00"));
  }

  v1::PublishRevisionResponse Publish(const std::string& coupon) {
    v1::PublishRevisionResponse response;
    const grpc::Status status = TryPublish(RulesWith(coupon), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  grpc::Status TryPublish(const v1::RuleSetSource& rules, v1::PublishRevisionResponse* response) {
    v1::CreateRevisionRequest create;
    create.set_request_id(till_.server().NextRequestId());
    *create.mutable_source() = rules;
    grpc::ClientContext creating;
    v1::CreateRevisionResponse created;
    const grpc::Status status =
        till_.server().rule_sets().CreateRevision(&creating, create, &created);
    if (!status.ok()) return status;
    publish_.set_request_id(till_.server().NextRequestId());
    publish_.set_name(created.revision().name());
    grpc::ClientContext publishing;
    return till_.server().rule_sets().PublishRevision(&publishing, publish_, response);
  }

  grpc::Status Give(const std::string& customer, const std::string& batch = "mailing") {
    v1::ImportGrantsRequest request;
    request.set_batch(batch);
    v1::GrantItem& item = *request.add_grants();
    item.set_customer("customers/" + customer);
    item.set_offer_id("coupon-2");
    item.set_max_uses(1);
    grpc::ClientContext context;
    v1::ImportGrantsResponse response;
    const grpc::Status status = till_.server().grants().ImportGrants(&context, request, &response);
    EXPECT_EQ(response.granted() + response.refused_size(), status.ok() ? 1 : 0);
    return status.ok() && response.granted() == 0
               ? grpc::Status(grpc::StatusCode::NOT_FOUND, response.DebugString())
               : status;
  }
  void Revoke(const std::string& customer) {
    for (const v1::Grant& grant : till_.GrantsOf(customer)) {
      v1::RevokeGrantRequest request;
      request.set_request_id(till_.server().NextRequestId());
      request.set_grant_id(grant.grant_id());
      grpc::ClientContext context;
      v1::Grant revoked;
      const grpc::Status status = till_.server().grants().RevokeGrant(&context, request, &revoked);
      ASSERT_TRUE(status.ok()) << status.error_message();
    }
  }

  v1::DecideResponse Look(const std::string& card) {
    return till_.Decide(absl::StrCat("look", ++looks_), 1, kTwelve, card);
  }
  int64_t PriceFor(const std::string& card) { return Look(card).basket().totals().payable_minor(); }
  std::string TermsFor(const std::string& card) {
    const v1::DecideResponse decided = Look(card);
    if (decided.basket().applied_offers_size() != 1) return "";
    return decided.basket().applied_offers(0).terms_hash();
  }

  Till till_;
  v1::PublishRevisionRequest publish_;  // the last one
  int looks_ = 0;
};

TEST_F(KeptTermsTest, AGrantHasThoseThatItWasMadeUnder) {
  ASSERT_TRUE(Give("ada").ok());
  EXPECT_EQ(PriceFor("1"), 1000);
  const std::string before = TermsFor("1");
  EXPECT_EQ(before.size(), 64u);
  Publish(Coupon("3.00"));
  ASSERT_TRUE(Give("bob").ok());
  EXPECT_EQ(PriceFor("1"), 1000);
  EXPECT_EQ(PriceFor("2"), 900);
  EXPECT_EQ(TermsFor("1"), before);
  EXPECT_NE(TermsFor("2"), before);
  Publish(Coupon("4.00"));
  till_.server().Restart();
  EXPECT_EQ(PriceFor("1"), 1000);
  EXPECT_EQ(PriceFor("2"), 900);
}

TEST_F(KeptTermsTest, APromiseOfTheTermsOfTheDayKeepsNone) {
  const std::string current = "promise: { made: accepted, use_within: 14d, terms: current }\n";
  const auto with = [&](const std::string& amount) {
    std::string coupon = Coupon(amount);
    return coupon.substr(0, coupon.find("promise:")) + current;
  };
  Publish(with("2.00"));
  ASSERT_TRUE(Give("ada").ok());
  const v1::PublishRevisionResponse published = Publish(with("3.00"));
  EXPECT_EQ(published.open_grants_touched(), 1);
  EXPECT_EQ(published.open_grants_kept(), 0);
  EXPECT_EQ(PriceFor("1"), 900);
}

TEST_F(KeptTermsTest, AnOfferThatIsDroppedIsSoldToWhoHoldsItAndTakenBack) {
  ASSERT_TRUE(Give("ada").ok());
  const v1::PublishRevisionResponse published = Publish("");
  EXPECT_EQ(published.open_grants_touched(), 1);
  EXPECT_EQ(published.open_grants_kept(), 1);
  EXPECT_FALSE(Give("bob").ok());
  EXPECT_EQ(PriceFor("2"), 1200);

  EXPECT_EQ(till_.Reserve("sold", 1, kTwelve, "1").basket().totals().payable_minor(), 1000);
  EXPECT_EQ(PriceFor("1"), 1200) << "another till holds it";
  const v1::Sale sale = till_.Commit("sold", 1);
  EXPECT_EQ(till_.GrantsOf("ada")[0].used(), 1);
  Publish("");
  const v1::ReturnSaleResponse back = till_.Return("back", "sold", {{"1", 1}});
  EXPECT_EQ(back.refund_minor(), 1000);
  EXPECT_EQ(PriceFor("1"), 1200) << "nobody had an open grant at the last publish";
}

TEST_F(KeptTermsTest, APartOfASaleGoesBackUnderThem) {
  ASSERT_TRUE(Give("ada").ok());
  Publish(Coupon("3.00"));
  till_.Reserve("sold", 1, {{"BREAD", 1, 1200}, {"TEA", 1, 300}}, "1");
  const v1::Sale sale = till_.Commit("sold", 1);
  EXPECT_EQ(sale.totals().payable_minor(), 1300);
  // The bread alone would have cost 12.00 less 2.00.
  const v1::ReturnSaleResponse back = till_.Return("back", "sold", {{"2", 1}});
  EXPECT_EQ(back.refund_minor(), 300);
  EXPECT_THAT(back.lost_offer_ids(), IsEmpty());
}

TEST_F(KeptTermsTest, ADecisionIsMadeAgainUnderThem) {
  ASSERT_TRUE(Give("ada").ok());
  Publish("");
  const v1::DecideResponse decided = Look("1");
  ASSERT_EQ(decided.basket().applied_offers_size(), 1);
  const v1::DecideResponse of_bob = Look("2");
  Publish(Coupon("4.00"));
  const v1::ExplainResponse explained = till_.ExplainWhenKept(decided.decision_id());
  EXPECT_EQ(explained.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_THAT(explained.offers(),
              testing::Contains(testing::Property(&v1::OfferExplanation::offer_id, "coupon-2")));
  const v1::ExplainResponse without = till_.ExplainWhenKept(of_bob.decision_id());
  EXPECT_EQ(without.rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_THAT(without.offers(), testing::Not(testing::Contains(testing::Property(
                                    &v1::OfferExplanation::offer_id, "coupon-2"))));
}

TEST_F(KeptTermsTest, TwoTermsOfAnOfferDoNotGoTogetherAndCountAsOne) {
  const std::string limit =
      "limits: [{ id: weekly, at_most: 1, count: redeemed, per: customer, over: calendar_week }]\n";
  Publish(Coupon("2.00", limit));
  ASSERT_TRUE(Give("ada").ok());
  Publish(Coupon("3.00", limit));
  ASSERT_TRUE(Give("ada", "again").ok());
  const v1::Reservation held = till_.Reserve("sold", 1, kTwelve, "1");
  EXPECT_THAT(AppliedIn(held.basket()), ElementsAre("coupon-2"));
  till_.Commit("sold", 1);
  EXPECT_EQ(PriceFor("1"), 1200);
}

TEST_F(KeptTermsTest, APublishUnderWhichTheyDoNotHoldIsRefused) {
  Publish(Coupon("2.00", "eligible: customer.tier != 'gold'\n"));
  ASSERT_TRUE(Give("ada").ok());
  v1::RuleSetSource rules = RulesWith("");
  for (auto& file : *rules.mutable_files()->mutable_files()) {
    if (file.path() != "schema.yaml") continue;
    std::string schema(file.content());
    const size_t at = schema.find("tier");
    schema.replace(at, 4, "rank");
    file.set_content(schema);
  }
  v1::PublishRevisionResponse response;
  const grpc::Status refused = TryPublish(rules, &response);
  EXPECT_EQ(ReasonOf(refused), "KEPT_TERMS");
  EXPECT_THAT(refused.error_message(), HasSubstr("revoke the grants"));
  EXPECT_EQ(PriceFor("1"), 1000);
  Revoke("ada");
  EXPECT_TRUE(TryPublish(rules, &response).ok());
  EXPECT_EQ(response.open_grants_touched(), 0);
}

TEST_F(KeptTermsTest, WhatIsRevokedIsKeptNoLonger) {
  ASSERT_TRUE(Give("ada").ok());
  Publish("");
  EXPECT_EQ(PriceFor("1"), 1000);
  Revoke("ada");
  EXPECT_EQ(PriceFor("1"), 1200);
  EXPECT_EQ(Publish("").open_grants_touched(), 0);
}

TEST_F(KeptTermsTest, PausingTheOfferStopsThemToo) {
  ASSERT_TRUE(Give("ada").ok());
  Publish("");
  v1::PauseOfferRequest request;
  request.set_request_id(till_.server().NextRequestId());
  request.set_offer_id("coupon-2");
  request.set_reason("a wrong price");
  grpc::ClientContext context;
  v1::OfferPause paused;
  const grpc::Status status = till_.server().rule_sets().PauseOffer(&context, request, &paused);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(PriceFor("1"), 1200);
  EXPECT_EQ(till_.ExplainWhenKept(Look("1").decision_id()).rebuild(), v1::REBUILD_STATE_IDENTICAL);
  EXPECT_EQ(till_.ExplainWhenKept(Look("2").decision_id()).rebuild(), v1::REBUILD_STATE_IDENTICAL);
}

TEST_F(KeptTermsTest, ARetriedPublishAnswersTheSame) {
  ASSERT_TRUE(Give("ada").ok());
  const v1::PublishRevisionResponse first = Publish(Coupon("3.00"));
  ASSERT_EQ(first.open_grants_kept(), 1);
  Revoke("ada");
  grpc::ClientContext context;
  v1::PublishRevisionResponse again;
  ASSERT_TRUE(till_.server().rule_sets().PublishRevision(&context, publish_, &again).ok());
  EXPECT_EQ(again.open_grants_kept(), 1);
  EXPECT_EQ(again.open_grants_touched(), 1);
}

}  // namespace
}  // namespace touchstone::server
