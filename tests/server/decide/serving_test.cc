// Real calls over gRPC: what is asked, what is answered, and what is refused.

#include "tests/server/decide/serving.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/decide/receipt.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

v1::DecideRequest LoyalTillRequest() {
  v1::DecideRequest request = TillRequest();
  v1::Identity* identity = request.mutable_context()->add_identities();
  identity->set_namespace_("loyalty_card");
  identity->set_value("1");
  return request;
}

TEST(ServingTest, PricesTheBasketOfALoyalCustomerAndShowsOffers) {
  Serving serving;
  v1::DecideResponse response;
  const grpc::Status status = serving.Decide(LoyalTillRequest(), &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.completeness(), v1::COMPLETENESS_COMPLETE);
  EXPECT_EQ(response.personal(), v1::PERSONAL_STATE_READ);
  EXPECT_EQ(response.segment(), "loyal");
  EXPECT_EQ(response.revision(), "revisions/1");
  EXPECT_EQ(response.reference_version(), "1");
  EXPECT_EQ(response.receipt(), v1::RECEIPT_STATE_LOGGED);
  // 15% of 28.00, 10% of 3.00, then 3.00 from the basket.
  ASSERT_EQ(response.basket().applied_offers_size(), 3);
  EXPECT_EQ(response.basket().applied_offers(0).offer_id(), "beans-20");
  EXPECT_EQ(response.basket().applied_offers(0).amount_minor(), 420);
  EXPECT_EQ(response.basket().totals().gross_minor(), 3100);
  EXPECT_EQ(response.basket().totals().payable_minor(), 3100 - 420 - 30 - 300);
  ASSERT_EQ(response.placements_size(), 1);
  ASSERT_GT(response.placements(0).offers_size(), 0);
  EXPECT_FALSE(response.placements(0).offers(0).token().empty());
  EXPECT_LE(response.placements(0).offers(0).token().size(), kMaxTokenBytes);
}

TEST(ServingTest, KeepsAReceiptThatRebuildsTheAnswer) {
  Serving serving;
  v1::DecideResponse response;
  ASSERT_TRUE(serving.Decide(LoyalTillRequest(), &response).ok());
  Rebuilder rebuilder([](uint64_t revision, uint64_t reference) {
    return absl::StatusOr<std::shared_ptr<const LiveState>>(WorldState(revision, reference));
  });
  ASSERT_TRUE(rebuilder.Rebuild(serving.Receipt(response.decision_id())).ok());
  EXPECT_TRUE(rebuilder.identical());
  EXPECT_EQ(rebuilder.receipt().customer_id(), "c-loyal");
  response.clear_receipt();
  for (auto& placement : *response.mutable_placements()) {
    for (auto& offer : *placement.mutable_offers()) offer.clear_token();
  }
  EXPECT_EQ(response.DebugString(), rebuilder.response().DebugString());
}

}  // namespace
}  // namespace touchstone::server
