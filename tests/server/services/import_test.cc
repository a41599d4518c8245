// Loads: contacts, and requests that are only validated.

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImportTest : public ::testing::Test {
 protected:
  ImportTest() { server_.Publish(GroceryRules()); }

  v1::ImportCustomersResponse Import(v1::ImportCustomersRequest request) {
    request.set_request_id(server_.NextRequestId());
    request.set_sequence(1);
    grpc::ClientContext context;
    auto stream = server_.customers().ImportCustomers(&context);
    v1::ImportCustomersResponse response;
    EXPECT_TRUE(stream->Write(request));
    EXPECT_TRUE(stream->Read(&response));
    stream->WritesDone();
    EXPECT_TRUE(stream->Finish().ok());
    return response;
  }

  grpc::Status Get(const std::string& id, v1::Customer* customer) {
    v1::GetCustomerRequest request;
    request.set_name("customers/" + id);
    grpc::ClientContext context;
    return server_.customers().GetCustomer(&context, request, customer);
  }

  v1::AppendEventsResponse Append(v1::AppendEventsRequest request) {
    request.set_request_id(server_.NextRequestId());
    grpc::ClientContext context;
    v1::AppendEventsResponse response;
    EXPECT_TRUE(server_.customers().AppendEvents(&context, request, &response).ok());
    return response;
  }

  TestServer server_;
};

v1::CustomerRow ContactRow(const std::string& id, const std::string& channel, int64_t time_s) {
  v1::CustomerRow row;
  row.set_customer_id(id);
  v1::CustomerContact* contact = row.add_contacts();
  contact->set_offer("beans-20");
  contact->set_kind("shown");
  contact->set_channel(channel);
  contact->set_direction(v1::DIRECTION_OUTBOUND);
  contact->mutable_contact_time()->set_seconds(time_s);
  return row;
}

constexpr int64_t kNoon = 1763553600;  // 2025-11-19

TEST_F(ImportTest, ContactsAreKnownOnceHoweverOftenTheyCome) {
  v1::ImportCustomersRequest request;
  *request.add_rows() = ContactRow("anna", "pos", kNoon);
  *request.add_rows() = ContactRow("anna", "pos", kNoon + 60);
  EXPECT_EQ(Import(request).written_count(), 2);
  EXPECT_EQ(Import(request).written_count(), 2);
  v1::Customer anna;
  ASSERT_TRUE(Get("anna", &anna).ok());
  ASSERT_EQ(anna.contacts_size(), 2);
  EXPECT_EQ(anna.contacts(0).offer(), "beans-20");
  EXPECT_EQ(anna.contacts(0).kind(), "shown");
  EXPECT_EQ(anna.contacts(0).channel(), "pos");
  EXPECT_EQ(anna.contacts(0).direction(), v1::DIRECTION_OUTBOUND);
  EXPECT_EQ(anna.contacts(0).contact_time().seconds(), kNoon + 60);
}

TEST_F(ImportTest, AContactThatCannotBeIsRefused) {
  v1::ImportCustomersRequest request;
  *request.add_rows() = ContactRow("anna", "smoke-signals", kNoon);
  *request.add_rows() = ContactRow("anna", "pos", absl::ToUnixSeconds(server_.now()) + 90000);
  *request.add_rows() = ContactRow("anna", "pos", kNoon);
  request.mutable_rows(2)->mutable_contacts(0)->set_kind("dreamt");
  const v1::ImportCustomersResponse response = Import(request);
  EXPECT_EQ(response.written_count(), 0);
  ASSERT_EQ(response.rejected_rows_size(), 3);
  EXPECT_THAT(response.rejected_rows(0).error().message(), HasSubstr("contacts[0].channel"));
  EXPECT_THAT(response.rejected_rows(1).error().message(), HasSubstr("contacts[0].contact_time"));
  EXPECT_THAT(response.rejected_rows(2).error().message(), HasSubstr("contacts[0].kind"));
}

TEST_F(ImportTest, ValidatedCustomersAreNotWritten) {
  v1::ImportCustomersRequest request;
  request.set_validate_only(true);
  request.add_rows()->set_customer_id("anna");
  request.add_rows()->set_customer_id("not an id");
  const v1::ImportCustomersResponse response = Import(request);
  EXPECT_EQ(response.written_count(), 1);
  ASSERT_EQ(response.rejected_rows_size(), 1);
  EXPECT_EQ(response.rejected_rows(0).index(), 1);
  v1::Customer anna;
  EXPECT_EQ(Get("anna", &anna).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ImportTest, ValidatedEventsAreNotWritten) {
  v1::AppendEventsRequest request;
  request.set_validate_only(true);
  request.set_allow_missing(true);
  const auto add = [&](const std::string& customer, const std::string& event) {
    v1::CustomerEvent* to = request.add_events();
    to->set_customer("customers/" + customer);
    *to->mutable_event() = Purchase(event, server_.now() - absl::Hours(1), 500);
  };
  add("anna", "e1");
  add("anna", "e1");
  add("anna", "e2");
  request.mutable_events(2)->mutable_event()->set_type("picnic");
  v1::CustomerEvent* by_card = request.add_events();
  by_card->mutable_identity()->set_namespace_("loyalty_card");
  by_card->mutable_identity()->set_value("77");
  *by_card->mutable_event() = Purchase("e3", server_.now() - absl::Hours(1), 500);
  const v1::AppendEventsResponse response = Append(request);
  ASSERT_EQ(response.results_size(), 4);
  EXPECT_EQ(response.results(0).state(), v1::WRITE_STATE_WRITTEN);
  EXPECT_EQ(response.results(1).state(), v1::WRITE_STATE_DUPLICATE);
  EXPECT_EQ(response.results(2).state(), v1::WRITE_STATE_REJECTED);
  EXPECT_EQ(response.results(3).state(), v1::WRITE_STATE_WRITTEN);
  v1::Customer anna;
  EXPECT_EQ(Get("anna", &anna).error_code(), grpc::StatusCode::NOT_FOUND);
  grpc::ClientContext context;
  v1::ResolveIdentityRequest resolve;
  *resolve.add_identities() = by_card->identity();
  v1::ResolveIdentityResponse resolved;
  EXPECT_EQ(server_.customers().ResolveIdentity(&context, resolve, &resolved).error_code(),
            grpc::StatusCode::NOT_FOUND);

  // What is there already is told from what is new.
  request.set_validate_only(false);
  Append(request);
  request.set_validate_only(true);
  EXPECT_EQ(Append(request).results(0).state(), v1::WRITE_STATE_DUPLICATE);
}

TEST_F(ImportTest, AValidatedTableIsNotLoaded) {
  grpc::ClientContext context;
  v1::ImportReferenceResponse response;
  auto stream = server_.references().ImportReference(&context, &response);
  v1::ImportReferenceRequest request;
  request.set_request_id(server_.NextRequestId());
  request.set_table("product");
  request.set_validate_only(true);
  request.add_rows()->set_key("BEANS");
  stream->Write(request);
  stream->WritesDone();
  ASSERT_TRUE(stream->Finish().ok());
  EXPECT_EQ(response.reference_version(), "0");
  EXPECT_EQ(response.row_count(), 1);
}

}  // namespace
}  // namespace touchstone::server
