#include "server/decide/request_reuse.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

constexpr uint64_t kSeed = 20261122;

std::string RandomRequest(std::mt19937_64& random) {
  v1::DecideRequest request;
  const auto chance = [&random] { return random() % 2 == 0; };
  if (chance()) {
    v1::DecisionContext* context = request.mutable_context();
    if (chance()) context->set_transaction_id("t-" + std::to_string(random() % 9));
    if (chance()) context->mutable_touchpoint()->set_channel("pos");
    for (uint64_t i = random() % 3; i > 0; --i) context->add_codes("CODE");
    if (chance()) context->add_identities()->set_value("4000");
  }
  if (chance()) {
    request.mutable_basket()->set_currency_code("EUR");
    for (uint64_t i = random() % 4; i > 0; --i) {
      v1::BasketLine* line = request.mutable_basket()->add_lines();
      line->set_sku("sku-" + std::to_string(random() % 9));
      if (chance()) line->mutable_product()->add_categories("fruit");
    }
  }
  if (chance()) request.add_placements("receipt");
  if (chance()) (*request.mutable_attributes())["weather"].set_string_value("rain");
  // What a later version of the contract may hold, outermost and inside.
  if (chance()) request.GetReflection()->MutableUnknownFields(&request)->AddVarint(99, random());
  if (request.has_context() && chance()) {
    v1::DecisionContext* context = request.mutable_context();
    context->GetReflection()->MutableUnknownFields(context)->AddLengthDelimited(77, "later");
  }
  return request.SerializeAsString();
}

TEST(RequestReuseTest, ARequestIsWhatItsOwnBytesSay) {
  std::mt19937_64 random(kSeed);
  v1::DecideRequest reused;
  for (int turn = 0; turn < 5000; ++turn) {
    const std::string bytes = RandomRequest(random);
    v1::DecideRequest fresh;
    ASSERT_TRUE(fresh.ParseFromString(bytes));
    ASSERT_FALSE(ParseReusing(bytes, &reused).has_value());
    ASSERT_EQ(reused.SerializeAsString(), fresh.SerializeAsString())
        << "turn " << turn << ", seed " << kSeed;
  }
}

TEST(RequestReuseTest, WhatIsNoRequestLeavesNothingBehind) {
  std::mt19937_64 random(kSeed);
  v1::DecideRequest reused;
  for (int turn = 0; turn < 1000; ++turn) {
    std::string bytes = RandomRequest(random);
    if (!bytes.empty()) bytes.resize(random() % bytes.size());
    const bool broken = ParseReusing(bytes, &reused).has_value();
    ASSERT_EQ(broken, !v1::DecideRequest().ParseFromString(bytes));
    const std::string whole = RandomRequest(random);
    v1::DecideRequest fresh;
    ASSERT_TRUE(fresh.ParseFromString(whole));
    ASSERT_FALSE(ParseReusing(whole, &reused).has_value());
    ASSERT_EQ(reused.SerializeAsString(), fresh.SerializeAsString())
        << "turn " << turn << ", seed " << kSeed;
  }
}

}  // namespace
}  // namespace touchstone::server
