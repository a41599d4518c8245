#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "bench/request_bodies.h"
#include "bench/request_file.h"
#include "bench/request_maker.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::bench {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::HasSubstr;

std::vector<Product> Shelf(size_t count) {
  std::vector<Product> products;
  for (size_t i = 0; i < count; ++i) {
    products.push_back({absl::StrCat("SKU-", i), static_cast<int64_t>(10'000 + i)});
  }
  return products;
}

RequestOptions Options() {
  RequestOptions options;
  options.count = 2000;
  options.customers = 10;
  options.first_customer = 5;
  options.identity = "loyalty_card:C-NNN";
  options.stores = {"HAM-1", "HAM-2"};
  options.placements = {"receipt", "screen"};
  options.budget = absl::Milliseconds(20);
  return options;
}

TEST(RequestMakerTest, DrawsCustomersUniformlyAndProductsOnce) {
  const auto requests = MakeRequests(Options(), Shelf(30)).value();
  ASSERT_EQ(requests.size(), 2000u);
  std::map<std::string, int> customers;
  std::set<std::string> transactions;
  for (const v1::DecideRequest& request : requests) {
    ASSERT_EQ(request.context().identities_size(), 1);
    EXPECT_EQ(request.context().identities(0).namespace_(), "loyalty_card");
    ++customers[request.context().identities(0).value()];
    transactions.insert(request.context().transaction_id());
    std::set<std::string> skus;
    for (const v1::BasketLine& line : request.basket().lines()) skus.insert(line.sku());
    EXPECT_EQ(skus.size(), 20u);
    EXPECT_EQ(request.placements_size(), 2);
    EXPECT_EQ(request.context().budget().nanos(), 20'000'000);
  }
  EXPECT_EQ(transactions.size(), requests.size());
  EXPECT_EQ(customers.size(), 10u);
  EXPECT_EQ(customers.begin()->first, "C-005");
  EXPECT_EQ(customers.rbegin()->first, "C-014");
  // 200 each on average, six standard deviations.
  for (const auto& [value, count] : customers) EXPECT_NEAR(count, 200, 81) << value;
}

TEST(RequestMakerTest, OneSeedGivesTheSameRequests) {
  RequestOptions options = Options();
  const auto bytes = [&] {
    std::string all;
    const auto requests = MakeRequests(options, Shelf(30)).value();
    for (const v1::DecideRequest& request : requests) all += request.SerializeAsString();
    return all;
  };
  const std::string first = bytes();
  EXPECT_EQ(bytes(), first);
  options.seed = 2;
  EXPECT_NE(bytes(), first);
}

TEST(RequestMakerTest, RefusesWhatCannotBeMade) {
  EXPECT_TRUE(MakeRequests(Options(), Shelf(20)).ok());
  EXPECT_FALSE(MakeRequests(Options(), Shelf(19)).ok());
  RequestOptions nameless = Options();
  nameless.identity = "NNN";
  EXPECT_FALSE(MakeRequests(nameless, Shelf(20)).ok());
}

TEST(RequestMakerTest, ReadsProductsByTheNamesOfTheirColumns) {
  store::TemporaryDirectory directory;
  const auto read = [&](const std::string& csv) {
    EXPECT_TRUE(WriteWholeFile(csv, directory.Sub("products.csv")).ok());
    return ReadProducts(directory.Sub("products.csv"));
  };
  const auto products =
      read("name,price,sku\r\n\"Beans, \"\"dark\"\"\",11.19,B-1\r\nBread,2,B-2\n").value();
  ASSERT_EQ(products.size(), 2u);
  EXPECT_EQ(products[0].sku, "B-1");
  EXPECT_EQ(products[0].price_e4, 111'900);
  EXPECT_EQ(products[1].price_e4, 20'000);
  EXPECT_FALSE(read("sku,name\nB-1,Beans\n").ok());
  EXPECT_THAT(std::string(read("sku,price\nB-1,1.5\nB-2,dear\n").status().message()),
              HasSubstr(":3:"));
}

TEST(RequestFileTest, BothFormsGiveBackWhatWasWritten) {
  store::TemporaryDirectory directory;
  const auto requests = MakeRequests(Options(), Shelf(25)).value();
  for (const char* name : {"requests.bin", "requests.jsonl"}) {
    const std::string path = directory.Sub(name);
    ASSERT_TRUE(WriteRequests(requests, path).ok());
    const auto read = ReadRequests(path);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->size(), requests.size());
    for (size_t i = 0; i < requests.size(); ++i) {
      ASSERT_TRUE(MessageDifferencer::Equals((*read)[i], requests[i])) << name << " " << i;
    }
  }
}

TEST(RequestFileTest, SaysWhatCannotBeRead) {
  store::TemporaryDirectory directory;
  EXPECT_EQ(ReadRequests(directory.Sub("absent")).status().code(), absl::StatusCode::kNotFound);
  const std::string lines = directory.Sub("requests.jsonl");
  ASSERT_TRUE(WriteWholeFile("{}\n\n{\"basket\": 1}\n", lines).ok());
  EXPECT_THAT(std::string(ReadRequests(lines).status().message()), HasSubstr(":3:"));
  const std::string cut = directory.Sub("cut");
  ASSERT_TRUE(WriteWholeFile("\x05\x0a", cut).ok());
  EXPECT_EQ(ReadRequests(cut).status().code(), absl::StatusCode::kInvalidArgument);
  const std::string empty = directory.Sub("empty");
  ASSERT_TRUE(WriteWholeFile("", empty).ok());
  EXPECT_EQ(ReadRequests(empty).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RequestBodiesTest, EverySendHasATransactionOfItsOwn) {
  const auto requests = MakeRequests(Options(), Shelf(25)).value();
  const auto bodies = RequestBodies::Create(absl::MakeSpan(requests).subspan(0, 3), "run").value();
  std::string bytes;
  for (const uint64_t number : {0u, 1u, 2u, 3u, 1'234'567'890u}) {
    bodies.Fill(number, &bytes);
    v1::DecideRequest sent;
    ASSERT_TRUE(sent.ParseFromString(bytes));
    EXPECT_EQ(sent.context().transaction_id(),
              absl::StrCat("run-", absl::Dec(number, absl::kZeroPad10)));
    sent.mutable_context()->set_transaction_id(requests[number % 3].context().transaction_id());
    EXPECT_TRUE(MessageDifferencer::Equals(sent, requests[number % 3]));
  }
}

TEST(RequestBodiesTest, RefusesNamesThatAreNoIdentifiers) {
  const std::vector<v1::DecideRequest> one(1);
  EXPECT_TRUE(RequestBodies::Create(one, std::string(40, 'a')).ok());
  EXPECT_FALSE(RequestBodies::Create(one, std::string(41, 'a')).ok());
  EXPECT_FALSE(RequestBodies::Create(one, "").ok());
  EXPECT_FALSE(RequestBodies::Create(one, "a b").ok());
  EXPECT_FALSE(RequestBodies::Create({}, "a").ok());
}

}  // namespace
}  // namespace touchstone::bench
