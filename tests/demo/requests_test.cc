#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "touchstone/v1/decision.pb.h"

namespace touchstone {
namespace {

std::string ReadDemoFile(const std::string& name) {
  std::ifstream file(std::string(std::getenv("TOUCHSTONE_SOURCE_DIR")) + "/deploy/demo/" + name);
  EXPECT_TRUE(file.good()) << name;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// Keys of a CSV file: its first column.
std::set<std::string> ReadKeys(const std::string& name) {
  std::set<std::string> keys;
  std::istringstream rows(ReadDemoFile(name));
  std::string row;
  while (std::getline(rows, row)) keys.insert(row.substr(0, row.find(',')));
  return keys;
}

class DemoRequestTest : public testing::TestWithParam<std::string> {
 protected:
  v1::DecideRequest Read() const {
    v1::DecideRequest request;
    const auto parsed = google::protobuf::util::JsonStringToMessage(
        ReadDemoFile("requests/" + GetParam() + ".json"), &request);
    EXPECT_TRUE(parsed.ok()) << parsed.ToString();
    return request;
  }
};

TEST_P(DemoRequestTest, IsADecideRequestOfItsChannelForAKnownCustomer) {
  const v1::DecideRequest request = Read();
  EXPECT_EQ(request.context().touchpoint().channel(), GetParam());
  EXPECT_FALSE(request.context().transaction_id().empty());
  EXPECT_EQ(request.context().identities_size(), 1);
  EXPECT_GT(request.context().budget().nanos(), 0);
  EXPECT_EQ(request.placements_size(), 1);
}

TEST_P(DemoRequestTest, NamesProductsAndStoresOfTheChain) {
  const v1::DecideRequest request = Read();
  const std::set<std::string> skus = ReadKeys("data/products.csv");
  for (const v1::BasketLine& line : request.basket().lines()) {
    EXPECT_THAT(skus, testing::Contains(line.sku()));
    EXPECT_GT(line.quantity_thousandths(), 0) << line.sku();
    EXPECT_GT(line.unit_price_e4(), 0) << line.sku();
  }
  const std::string& store = request.context().touchpoint().store();
  if (!store.empty()) {
    EXPECT_THAT(ReadKeys("data/stores.csv"), testing::Contains(store));
  }
}

INSTANTIATE_TEST_SUITE_P(Channels, DemoRequestTest, testing::Values("pos", "call", "web"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace touchstone
