#include "server/decide/answer.h"

#include <random>
#include <string>

#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

constexpr uint64_t kSeed = 20261122;

std::string Bytes(const google::protobuf::MessageLite& message) {
  std::string memory;
  return std::string(SerializeDeterministic(message, &memory));
}

// Of any length that changes how many bytes a length takes.
std::string RandomText(std::mt19937_64& random) {
  constexpr size_t kLengths[] = {0, 1, 20, 100, 127, 128, 300, 17'000};
  return std::string(kLengths[random() % std::size(kLengths)], 'x');
}

v1::DecideResponse RandomResponse(std::mt19937_64& random) {
  v1::DecideResponse response;
  const auto chance = [&random] { return random() % 2 == 0; };
  if (chance()) response.set_decision_id(RandomText(random));
  if (chance()) response.set_completeness(v1::COMPLETENESS_PARTIAL);
  if (chance()) {
    response.mutable_basket()->set_currency_code("EUR");
    for (uint64_t i = random() % 3; i > 0; --i) {
      response.mutable_basket()->add_lines()->set_line_id(RandomText(random));
    }
  }
  for (uint64_t i = random() % 3; i > 0; --i) {
    v1::PlacementAnswer* placement = response.add_placements();
    placement->set_placement(RandomText(random));
    for (uint64_t j = random() % 3; j > 0; --j) {
      v1::ShownOffer* offer = placement->add_offers();
      offer->set_offer_id(RandomText(random));
      (*offer->mutable_fields())["title"] = RandomText(random);
    }
  }
  for (uint64_t i = random() % 3; i > 0; --i) response.add_reasons()->set_offer_id("offer");
  return response;
}

TEST(AnswerTest, AFinishedAnswerIsSerializedAsIfAtOnce) {
  std::mt19937_64 random(kSeed);
  std::string memory;
  for (int turn = 0; turn < 2000; ++turn) {
    v1::DecideResponse response = RandomResponse(random);
    const std::string before = Bytes(response);
    for (v1::PlacementAnswer& placement : *response.mutable_placements()) {
      for (v1::ShownOffer& offer : *placement.mutable_offers()) {
        offer.set_token(RandomText(random));
      }
    }
    response.set_receipt(static_cast<v1::ReceiptState>(random() % v1::ReceiptState_ARRAYSIZE));
    ASSERT_EQ(SerializeFinished(response, before, &memory), Bytes(response))
        << "turn " << turn << ", seed " << kSeed;
  }
}

}  // namespace
}  // namespace touchstone::server
