// Grants through the service: given in batches, listed, revoked; each refusal of the contract.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/rpc/rpc_error.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class GrantBatchTest : public ::testing::Test {
 protected:
  GrantBatchTest() {
    server_.Publish(CodedRules());
    server_.Update(server_.UpdateOf("ann", "card-ann"));
    server_.Update(server_.UpdateOf("bea", "card-bea"));
  }

  static void Add(const std::string& customer, const std::string& offer,
                  v1::ImportGrantsRequest* request, int64_t uses = 0) {
    v1::GrantItem& item = *request->add_grants();
    item.set_customer("customers/" + customer);
    item.set_offer_id(offer);
    item.set_max_uses(uses);
  }
  v1::ImportGrantsRequest Batch(const std::string& name) {
    v1::ImportGrantsRequest request;
    request.set_batch(name);
    return request;
  }
  grpc::Status Try(const v1::ImportGrantsRequest& request, v1::ImportGrantsResponse* response) {
    grpc::ClientContext context;
    return server_.grants().ImportGrants(&context, request, response);
  }
  v1::ImportGrantsResponse Import(const v1::ImportGrantsRequest& request) {
    v1::ImportGrantsResponse response;
    const grpc::Status status = Try(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static std::string ReasonOfItem(const v1::RefusedGrant& refused) {
    return ReasonOf(RpcError(refused.error()));
  }
  std::string ReasonForRevoke(const std::string& grant_id) {
    v1::RevokeGrantRequest request;
    request.set_request_id(server_.NextRequestId());
    request.set_grant_id(grant_id);
    v1::Grant grant;
    grpc::ClientContext context;
    return ReasonOf(server_.grants().RevokeGrant(&context, request, &grant));
  }

  TestServer server_;
};

TEST_F(GrantBatchTest, WhatIsWrongWithOneGrantStopsNoOther) {
  v1::ImportGrantsRequest request = Batch("mailing-7");
  Add("ann", "coupon-2", &request);
  Add("nobody", "coupon-2", &request);
  Add("ann", "letter-5", &request);
  Add("bea", "coupon-2", &request, 3);
  Add("bea", "", &request);
  request.add_grants()->set_offer_id("coupon-2");
  const v1::ImportGrantsResponse response = Import(request);
  EXPECT_EQ(response.granted(), 2);
  EXPECT_EQ(response.duplicates(), 0);
  std::vector<std::string> refused;
  for (const v1::RefusedGrant& one : response.refused()) {
    refused.push_back(absl::StrCat(one.index(), " ", ReasonOfItem(one)));
  }
  EXPECT_THAT(refused, ElementsAre("1 CUSTOMER_NOT_FOUND", "2 OFFER_NOT_FOUND", "4 INVALID_REQUEST",
                                   "5 INVALID_REQUEST"));
  const v1::ListGrantsResponse listed = server_.ListGrants("bea");
  ASSERT_EQ(listed.grants_size(), 1);
  const v1::Grant& grant = listed.grants(0);
  EXPECT_EQ(grant.customer(), "customers/bea");
  EXPECT_EQ(grant.offer_id(), "coupon-2");
  EXPECT_EQ(grant.max_uses(), 3);
  EXPECT_EQ(grant.batch(), "mailing-7");
  EXPECT_EQ(grant.state(), v1::GRANT_STATE_OPEN);
  EXPECT_EQ(grant.create_time().seconds(), absl::ToUnixSeconds(server_.now()));
}

TEST_F(GrantBatchTest, TheSameAgainIsADuplicateAndOtherTermsAreRefused) {
  v1::ImportGrantsRequest request = Batch("mailing-7");
  Add("ann", "coupon-2", &request);
  EXPECT_EQ(Import(request).granted(), 1);
  // Whoever names her otherwise means her.
  v1::ImportGrantsRequest by_card = Batch("mailing-7");
  v1::GrantItem& item = *by_card.add_grants();
  item.mutable_identity()->set_namespace_("loyalty_card");
  item.mutable_identity()->set_value("card-ann");
  item.set_offer_id("coupon-2");
  EXPECT_EQ(Import(by_card).duplicates(), 1);
  item.set_max_uses(2);
  const v1::ImportGrantsResponse other = Import(by_card);
  ASSERT_EQ(other.refused_size(), 1);
  EXPECT_EQ(ReasonOfItem(other.refused(0)), "GRANT_EXISTS");
  EXPECT_EQ(server_.ListGrants("ann").grants_size(), 1);
  request.set_batch("mailing-8");
  EXPECT_EQ(Import(request).granted(), 1);
  EXPECT_EQ(server_.ListGrants("ann").grants_size(), 2);
}

TEST_F(GrantBatchTest, TheSameAgainIsADuplicateAlsoOnceSheIsSomebodyElse) {
  v1::ImportGrantsRequest request = Batch("mailing-7");
  Add("ann", "coupon-2", &request);
  EXPECT_EQ(Import(request).granted(), 1);
  v1::MergeCustomersRequest merge;
  merge.set_request_id(server_.NextRequestId());
  merge.set_surviving("customers/bea");
  merge.set_merged("customers/ann");
  grpc::ClientContext context;
  v1::Customer merged;
  ASSERT_TRUE(server_.customers().MergeCustomers(&context, merge, &merged).ok());
  EXPECT_EQ(Import(request).duplicates(), 1);
  EXPECT_EQ(server_.ListGrants("bea").grants_size(), 1);
}

TEST_F(GrantBatchTest, WhatIsOnlyValidatedIsNotWritten) {
  v1::ImportGrantsRequest request = Batch("mailing-7");
  Add("ann", "coupon-2", &request);
  Add("ann", "coupon-2", &request);
  Add("bea", "coupon-2", &request);
  Add("nobody", "coupon-2", &request);
  request.set_validate_only(true);
  const v1::ImportGrantsResponse response = Import(request);
  EXPECT_EQ(response.granted(), 2);
  EXPECT_EQ(response.duplicates(), 1);
  EXPECT_EQ(response.refused_size(), 1);
  EXPECT_EQ(server_.ListGrants("ann").grants_size(), 0);
  request.set_validate_only(false);
  const v1::ImportGrantsResponse written = Import(request);
  EXPECT_EQ(written.DebugString(), response.DebugString());
  request.set_validate_only(true);
  EXPECT_EQ(Import(request).duplicates(), 3);
}

// What is left of the first one's grant is nobody's.
TEST_F(GrantBatchTest, WhoComesBackAfterHerErasureIsNotGrantedTheSameBatch) {
  v1::ImportGrantsRequest request = Batch("mailing-7");
  Add("ann", "coupon-2", &request);
  ASSERT_EQ(Import(request).granted(), 1);
  v1::DeleteCustomerRequest erase;
  erase.set_name("customers/ann");
  erase.set_request_id(server_.NextRequestId());
  v1::DeleteCustomerResponse erased;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.customers().DeleteCustomer(&context, erase, &erased).ok());
  server_.Update(server_.UpdateOf("ann", "card-ann"));
  for (const bool validate_only : {true, false}) {
    request.set_validate_only(validate_only);
    const v1::ImportGrantsResponse response = Import(request);
    ASSERT_EQ(response.refused_size(), 1) << response.DebugString();
    EXPECT_EQ(ReasonOfItem(response.refused(0)), "GRANT_EXISTS");
  }
}

TEST_F(GrantBatchTest, SixtyFourCanBeOpenAtOnce) {
  for (int i = 0; i < 65; ++i) {
    v1::ImportGrantsRequest request = Batch(absl::StrCat("batch-", i));
    Add("ann", "coupon-2", &request);
    const v1::ImportGrantsResponse response = Import(request);
    ASSERT_EQ(response.granted(), i < 64 ? 1 : 0) << i;
    if (i < 64) continue;
    ASSERT_EQ(response.refused_size(), 1);
    EXPECT_EQ(ReasonOfItem(response.refused(0)), "TOO_MANY_GRANTS");
    EXPECT_THAT(response.refused(0).error().message(), HasSubstr("64 open grants"));
  }
  EXPECT_EQ(server_.ListGrants("ann").grants_size(), 64);
}

TEST_F(GrantBatchTest, BadBatchesAreRefusedAsAWhole) {
  v1::ImportGrantsResponse response;
  v1::ImportGrantsRequest request = Batch("");
  Add("ann", "coupon-2", &request);
  EXPECT_EQ(ReasonOf(Try(request, &response)), "INVALID_REQUEST");
  EXPECT_EQ(ReasonOf(Try(Batch("empty"), &response)), "INVALID_REQUEST");
  v1::ImportGrantsRequest large = Batch("large");
  for (int i = 0; i < 10'001; ++i) Add("ann", "coupon-2", &large);
  EXPECT_EQ(ReasonOf(Try(large, &response)), "INVALID_REQUEST");
}

TEST_F(GrantBatchTest, OnlyGrantsAreRevokedAsGrants) {
  v1::ImportGrantsRequest request = Batch("mailing-7");
  Add("ann", "coupon-2", &request);
  Import(request);
  EXPECT_EQ(ReasonForRevoke("g00000000000000000000000000000000"), "GRANT_NOT_FOUND");
  EXPECT_EQ(ReasonForRevoke("LETTER1"), "INVALID_REQUEST");
  EXPECT_EQ(ReasonForRevoke(server_.ListGrants("ann").grants(0).grant_id()), "");
  EXPECT_EQ(server_.ListGrants("ann").grants(0).state(), v1::GRANT_STATE_REVOKED);
  // A second time is no error.
  EXPECT_EQ(ReasonForRevoke(server_.ListGrants("ann").grants(0).grant_id()), "");
}

TEST_F(GrantBatchTest, ListsOfNobodyAreErrors) {
  v1::ListGrantsRequest request;
  v1::ListGrantsResponse response;
  {
    grpc::ClientContext context;
    EXPECT_EQ(ReasonOf(server_.grants().ListGrants(&context, request, &response)),
              "INVALID_REQUEST");
  }
  request.set_customer("customers/nobody");
  grpc::ClientContext context;
  EXPECT_EQ(ReasonOf(server_.grants().ListGrants(&context, request, &response)),
            "CUSTOMER_NOT_FOUND");
}

}  // namespace
}  // namespace touchstone::server
