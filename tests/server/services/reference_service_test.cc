#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;

class ReferenceServiceTest : public ::testing::Test {
 protected:
  grpc::Status Import(const std::vector<v1::ImportReferenceRequest>& messages,
                      v1::ImportReferenceResponse* response) {
    grpc::ClientContext context;
    auto writer = server_.references().ImportReference(&context, response);
    for (const v1::ImportReferenceRequest& message : messages) writer->Write(message);
    writer->WritesDone();
    return writer->Finish();
  }

  v1::ImportReferenceRequest Table(const std::string& request_id, const std::string& table) {
    v1::ImportReferenceRequest request;
    request.set_request_id(request_id);
    request.set_table(table);
    return request;
  }

  static void AddProduct(const std::string& key, const std::string& brand,
                         v1::ImportReferenceRequest* request) {
    v1::ReferenceTableRow* row = request->add_rows();
    row->set_key(key);
    (*row->mutable_values())["brand"] = TextValue(brand);
  }

  TestServer server_;
};

TEST_F(ReferenceServiceTest, NeedsDeclarations) {
  v1::ImportReferenceResponse response;
  EXPECT_EQ(ReasonOf(Import({Table("r", "product")}, &response)), "NO_ACTIVE_REVISION");
  server_.Publish(GroceryRules());
  EXPECT_EQ(ReasonOf(Import({Table("r", "planet")}, &response)), "NAME_NOT_DECLARED");
}

TEST_F(ReferenceServiceTest, TakesRowsOverSeveralMessagesAndCountsVersions) {
  server_.Publish(GroceryRules());
  v1::ImportReferenceRequest first = Table("r-1", "product");
  AddProduct("BEANS", "Alto", &first);
  v1::ImportReferenceRequest second;
  AddProduct("TEA", "Verde", &second);
  v1::ImportReferenceResponse response;
  ASSERT_TRUE(Import({first, second}, &response).ok());
  EXPECT_EQ(response.row_count(), 2);
  EXPECT_EQ(response.reference_version(), "1");
  ASSERT_TRUE(Import({first, second}, &response).ok());
  EXPECT_EQ(response.reference_version(), "1") << "a retry gets the first answer";
  EXPECT_EQ(ReasonOf(Import({first}, &response)), "REQUEST_ID_REUSED");
  ASSERT_TRUE(Import({Table("r-2", "store")}, &response).ok());
  EXPECT_EQ(response.reference_version(), "2");
  EXPECT_EQ(response.row_count(), 0);
}

TEST_F(ReferenceServiceTest, AFaultInOneRowLeavesTheTableAsItWas) {
  server_.Publish(GroceryRules());
  v1::ImportReferenceRequest request = Table("r-1", "product");
  AddProduct("BEANS", "Alto", &request);
  AddProduct("TEA", "Verde", &request);
  AddProduct("BEANS", "Alto", &request);
  request.mutable_rows(1)->mutable_values()->at("brand").set_int_value(7);
  (*request.mutable_rows(1)->mutable_values())["colour"] = TextValue("green");
  v1::ImportReferenceResponse response;
  const grpc::Status status = Import({request}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status),
              ::testing::UnorderedElementsAre("rows[1].values[brand]", "rows[1].values[colour]",
                                              "rows[2].key"));
  v1::ImportReferenceRequest good = Table("r-2", "product");
  AddProduct("BEANS", "Alto", &good);
  ASSERT_TRUE(Import({good}, &response).ok());
  EXPECT_EQ(response.reference_version(), "1") << "the refused one took no version";
}

TEST_F(ReferenceServiceTest, DecisionsNameTheSnapshotAndItSurvivesARestart) {
  server_.Publish(GroceryRules());
  v1::ImportReferenceRequest request = Table("r-1", "product");
  AddProduct("BEANS", "Alto", &request);
  v1::ImportReferenceResponse response;
  ASSERT_TRUE(Import({request}, &response).ok());
  server_.Restart();
  grpc::ClientContext context;
  v1::DecideRequest decide;
  v1::DecideResponse decision;
  decide.mutable_context()->set_transaction_id("t-1");
  decide.mutable_context()->set_step(1);
  decide.mutable_context()->mutable_touchpoint()->set_channel("pos");
  const grpc::Status status = server_.decisions().Decide(&context, decide, &decision);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(decision.reference_version(), "1");
}

}  // namespace
}  // namespace touchstone::server
