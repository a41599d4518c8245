#include "server/decide/receipt_subject.h"

#include "gtest/gtest.h"
#include "touchstone/storage/v1/receipt.pb.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {
namespace {

std::string ReceiptOf(const std::string& customer_id, const std::string& card) {
  v1::DecideRequest request;
  v1::Identity* identity = request.mutable_context()->add_identities();
  identity->set_namespace_("loyalty_card");
  identity->set_value(card);
  storage::v1::Receipt receipt;
  receipt.set_customer_id(customer_id);
  receipt.set_request(request.SerializeAsString());
  return receipt.SerializeAsString();
}

TEST(ReceiptSubjectTest, OwnsDecisionsForHerAndThoseThatCarryHerIdentity) {
  const ReceiptSubject anna({"anna"}, {"loyalty_card:4711"}, {});
  EXPECT_TRUE(anna.Owns(ReceiptOf("anna", "1")));
  EXPECT_TRUE(anna.Owns(ReceiptOf("", "4711")));
  EXPECT_TRUE(anna.Owns(ReceiptOf("berta", "4711")));
}

TEST(ReceiptSubjectTest, DoesNotOwnWhatOnlyLooksLikeHers) {
  const ReceiptSubject anna({"anna"}, {"loyalty_card:4711", "phone:99"}, {});
  EXPECT_FALSE(anna.Owns(ReceiptOf("annabelle", "1")));
  EXPECT_FALSE(anna.Owns(ReceiptOf("berta", "47110")));
  EXPECT_FALSE(anna.Owns(ReceiptOf("berta", "99")));  // of another namespace
  EXPECT_FALSE(anna.Owns(""));
}

TEST(ReceiptSubjectTest, WhatCannotBeReadAndHoldsHerIdCountsAsHers) {
  const ReceiptSubject anna({"anna"}, {}, {});
  EXPECT_TRUE(anna.Owns("\xff\xff anna"));
  EXPECT_FALSE(anna.Owns("\xff\xff berta"));
}

}  // namespace
}  // namespace touchstone::server
