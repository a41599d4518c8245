#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class CustomerServiceTest : public ::testing::Test {
 protected:
  CustomerServiceTest() { server_.Publish(GroceryRules()); }

  grpc::Status Get(const std::string& id, v1::Customer* customer, int events = 0) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    request.set_name("customers/" + id);
    request.set_recent_event_count(events);
    return server_.customers().GetCustomer(&context, request, customer);
  }

  grpc::Status Update(const v1::UpdateCustomerRequest& request, v1::Customer* customer) {
    grpc::ClientContext context;
    customer->Clear();
    return server_.customers().UpdateCustomer(&context, request, customer);
  }

  // Makes the customer, without attributes.
  void Make(const std::string& id) { server_.Update(server_.UpdateOf(id)); }

  v1::AppendEventsResponse Append(const std::string& id, const std::vector<v1::Event>& events,
                                  bool allow_missing = false) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(server_.NextRequestId());
    request.set_allow_missing(allow_missing);
    for (const v1::Event& event : events) {
      v1::CustomerEvent* to = request.add_events();
      to->set_customer("customers/" + id);
      *to->mutable_event() = event;
    }
    const grpc::Status status = server_.customers().AppendEvents(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  int64_t Spend(const std::string& id) {
    v1::Customer customer;
    EXPECT_TRUE(Get(id, &customer).ok());
    return customer.aggregates().at("spend_90d").money_value().amount_minor();
  }

  TestServer server_;
};

std::vector<v1::WriteState> StatesOf(const v1::AppendEventsResponse& response) {
  std::vector<v1::WriteState> states;
  for (const v1::AppendEventResult& result : response.results()) states.push_back(result.state());
  return states;
}

constexpr auto kWritten = v1::WRITE_STATE_WRITTEN;
constexpr auto kDuplicate = v1::WRITE_STATE_DUPLICATE;
constexpr auto kRejected = v1::WRITE_STATE_REJECTED;

TEST_F(CustomerServiceTest, AnUnknownCustomerIsNotFound) {
  v1::Customer customer;
  const grpc::Status status = Get("nobody", &customer);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(status), "CUSTOMER_NOT_FOUND");
  v1::UpdateCustomerRequest request = server_.UpdateOf("nobody");
  request.set_allow_missing(false);
  EXPECT_EQ(ReasonOf(Update(request, &customer)), "CUSTOMER_NOT_FOUND");
}

TEST_F(CustomerServiceTest, AttributesAreMergedByNameAndClearedByAnEmptyValue) {
  v1::UpdateCustomerRequest request = server_.UpdateOf("anna");
  auto& attributes = *request.mutable_customer()->mutable_attributes();
  attributes["tier"] = TextValue("gold");
  attributes["birth_date"].set_date_value("1988-02-29");
  attributes["allergies"].mutable_string_list_value()->add_values("caffeine");
  v1::Customer customer;
  ASSERT_TRUE(Update(request, &customer).ok());
  EXPECT_EQ(customer.attributes().at("tier").string_value(), "gold");
  EXPECT_EQ(customer.attributes().at("birth_date").date_value(), "1988-02-29");
  EXPECT_EQ(customer.attributes().at("allergies").string_list_value().values(0), "caffeine");
  EXPECT_EQ(customer.segment(), "regular");

  request = server_.UpdateOf("anna");
  (*request.mutable_customer()->mutable_attributes())["tier"];
  (*request.mutable_customer()->mutable_attributes())["city"] = TextValue("Bern");
  ASSERT_TRUE(Update(request, &customer).ok());
  EXPECT_FALSE(customer.attributes().contains("tier"));
  EXPECT_EQ(customer.attributes().at("city").string_value(), "Bern");
  EXPECT_EQ(customer.attributes().at("birth_date").date_value(), "1988-02-29");
}

TEST_F(CustomerServiceTest, AMaskSaysWhichAttributesChange) {
  v1::UpdateCustomerRequest request = server_.UpdateOf("anna");
  auto& attributes = *request.mutable_customer()->mutable_attributes();
  attributes["tier"] = TextValue("gold");
  attributes["city"] = TextValue("Bern");
  v1::Customer customer;
  ASSERT_TRUE(Update(request, &customer).ok());

  request.set_request_id(server_.NextRequestId());
  attributes["tier"] = TextValue("silver");
  attributes.erase("city");
  request.mutable_update_mask()->add_paths("attributes.city");
  ASSERT_TRUE(Update(request, &customer).ok());
  EXPECT_EQ(customer.attributes().at("tier").string_value(), "gold");
  EXPECT_FALSE(customer.attributes().contains("city"));

  // What is given and not named is not looked at; what is named must be declared.
  request.set_request_id(server_.NextRequestId());
  attributes["shoe_size"].set_int_value(40);
  request.mutable_update_mask()->set_paths(0, "attributes.birth_date");
  attributes["birth_date"].set_date_value("1988-02-29");
  ASSERT_TRUE(Update(request, &customer).ok());
  EXPECT_EQ(customer.attributes().at("birth_date").date_value(), "1988-02-29");
  EXPECT_EQ(customer.attributes().at("tier").string_value(), "gold");
  request.set_request_id(server_.NextRequestId());
  request.mutable_update_mask()->set_paths(0, "attributes.shoe_size");
  EXPECT_EQ(ReasonOf(Update(request, &customer)), "NAME_NOT_DECLARED");
  attributes.erase("shoe_size");

  request.set_request_id(server_.NextRequestId());
  request.mutable_update_mask()->set_paths(0, "identities");
  EXPECT_THAT(FieldsOf(Update(request, &customer)), ElementsAre("update_mask.paths[0]"));
}

TEST_F(CustomerServiceTest, ValuesMustBeAsDeclared) {
  v1::UpdateCustomerRequest request = server_.UpdateOf("anna");
  (*request.mutable_customer()->mutable_attributes())["tier"] = TextValue("platinum");
  v1::Customer customer;
  grpc::Status status = Update(request, &customer);
  EXPECT_EQ(ReasonOf(status), "VALUE_INVALID");
  EXPECT_THAT(FieldsOf(status), ElementsAre("customer.attributes[tier]"));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("platinum")));

  request = server_.UpdateOf("anna");
  (*request.mutable_customer()->mutable_attributes())["shoe_size"].set_int_value(40);
  status = Update(request, &customer);
  EXPECT_EQ(ReasonOf(status), "NAME_NOT_DECLARED");
  EXPECT_EQ(ReasonOf(Get("anna", &customer)), "CUSTOMER_NOT_FOUND");
}

TEST_F(CustomerServiceTest, AnUpdateOfWhatHasChangedSinceIsRefused) {
  v1::Customer first;
  ASSERT_TRUE(Update(server_.UpdateOf("anna"), &first).ok());
  v1::UpdateCustomerRequest request = server_.UpdateOf("anna");
  request.mutable_customer()->set_etag(first.etag());
  (*request.mutable_customer()->mutable_attributes())["city"] = TextValue("Bern");
  v1::Customer second;
  ASSERT_TRUE(Update(request, &second).ok());
  EXPECT_NE(second.etag(), first.etag());
  request.set_request_id(server_.NextRequestId());
  const grpc::Status status = Update(request, &second);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "ETAG_MISMATCH");
}

TEST_F(CustomerServiceTest, IdentitiesFindTheCustomerAndBelongToOne) {
  v1::UpdateCustomerRequest request = server_.UpdateOf("anna");
  v1::Identity* card = request.add_add_identities();
  card->set_namespace_("loyalty_card");
  card->set_value("17850");
  v1::Customer customer;
  ASSERT_TRUE(Update(request, &customer).ok());
  ASSERT_EQ(customer.identities_size(), 1);

  v1::ResolveIdentityRequest resolve;
  v1::ResolveIdentityResponse resolved;
  resolve.add_identities()->set_namespace_("email");
  resolve.mutable_identities(0)->set_value("unknown@example.org");
  *resolve.add_identities() = *card;
  grpc::ClientContext context;
  ASSERT_TRUE(server_.customers().ResolveIdentity(&context, resolve, &resolved).ok());
  EXPECT_EQ(resolved.customer(), "customers/anna");
  EXPECT_EQ(resolved.matched().value(), "17850");

  v1::UpdateCustomerRequest taken = server_.UpdateOf("berta");
  *taken.add_add_identities() = *card;
  (*taken.mutable_customer()->mutable_attributes())["city"] = TextValue("Bern");
  EXPECT_EQ(ReasonOf(Update(taken, &customer)), "IDENTITY_TAKEN");
  EXPECT_EQ(ReasonOf(Get("berta", &customer)), "CUSTOMER_NOT_FOUND");

  request = server_.UpdateOf("anna");
  *request.add_remove_identities() = resolved.matched();
  ASSERT_TRUE(Update(request, &customer).ok());
  EXPECT_EQ(customer.identities_size(), 0);
  grpc::ClientContext again;
  EXPECT_EQ(ReasonOf(server_.customers().ResolveIdentity(&again, resolve, &resolved)),
            "IDENTITY_NOT_FOUND");
}

TEST_F(CustomerServiceTest, EventsAreInTheAggregatesOfTheNextRead) {
  Make("anna");
  EXPECT_THAT(StatesOf(Append("anna", {Purchase("e-1", server_.now() - absl::Hours(48), 25000),
                                       Purchase("e-2", server_.now() - absl::Hours(1), 6000)})),
              ElementsAre(kWritten, kWritten));
  v1::Customer customer;
  ASSERT_TRUE(Get("anna", &customer, 10).ok());
  EXPECT_EQ(customer.aggregates().at("spend_90d").money_value().amount_minor(), 31000);
  EXPECT_EQ(customer.aggregates().at("visits_30d").int_value(), 0);
  EXPECT_EQ(customer.aggregates().at("last_purchase").timestamp_value().seconds(),
            absl::ToUnixSeconds(server_.now() - absl::Hours(1)));
  EXPECT_EQ(customer.segment(), "loyal");
  ASSERT_EQ(customer.recent_events_size(), 2);
  EXPECT_EQ(customer.recent_events(0).event_id(), "e-2");
  EXPECT_EQ(customer.recent_events(1).lines_size(), 1);
}

TEST_F(CustomerServiceTest, ProductsOfLinesComeFromTheReferenceTable) {
  Make("anna");
  Append("anna", {Purchase("e-1", server_.now(), 1000, 2000)});
  v1::Customer before;
  ASSERT_TRUE(Get("anna", &before).ok());
  EXPECT_EQ(before.aggregates().at("coffee_180d").decimal_thousandths(), 0);

  grpc::ClientContext context;
  v1::ImportReferenceResponse imported;
  auto writer = server_.references().ImportReference(&context, &imported);
  v1::ImportReferenceRequest request;
  request.set_request_id("ref-1");
  request.set_table("product");
  v1::ReferenceTableRow* row = request.add_rows();
  row->set_key("BEANS");
  (*row->mutable_values())["categories"].mutable_string_list_value()->add_values("coffee");
  ASSERT_TRUE(writer->Write(request));
  writer->WritesDone();
  const grpc::Status status = writer->Finish();
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(imported.reference_version(), "1");
  EXPECT_EQ(imported.row_count(), 1);

  Append("anna", {Purchase("e-2", server_.now(), 1000, 2500)});
  v1::Customer after;
  ASSERT_TRUE(Get("anna", &after).ok());
  EXPECT_EQ(after.aggregates().at("coffee_180d").decimal_thousandths(), 2500);
}

TEST_F(CustomerServiceTest, AnEventCountsOnce) {
  Make("anna");
  const v1::Event event = Purchase("e-1", server_.now(), 1000);
  Append("anna", {event});
  EXPECT_THAT(StatesOf(Append("anna", {event, event, Purchase("e-2", server_.now(), 500)})),
              ElementsAre(kDuplicate, kDuplicate, kWritten));
  EXPECT_EQ(Spend("anna"), 1500);
}

TEST_F(CustomerServiceTest, ACancelledPurchaseTakesItselfBackOnce) {
  Make("anna");
  Append("anna", {Purchase("e-1", server_.now() - absl::Hours(30), 1000),
                  Purchase("e-2", server_.now() - absl::Hours(20), 500)});
  v1::Event cancel = Purchase("e-3", server_.now(), 0);
  cancel.set_reverses_event_id("e-1");
  EXPECT_THAT(StatesOf(Append("anna", {cancel})), ElementsAre(kWritten));
  EXPECT_EQ(Spend("anna"), 500);
  EXPECT_THAT(StatesOf(Append("anna", {cancel})), ElementsAre(kDuplicate));
  cancel.set_event_id("e-4");
  const v1::AppendEventsResponse twice = Append("anna", {cancel});
  EXPECT_THAT(StatesOf(twice), ElementsAre(kRejected));
  EXPECT_THAT(twice.results(0).error().message(), HasSubstr("taken back"));
  cancel.set_reverses_event_id("e-9");
  EXPECT_THAT(StatesOf(Append("anna", {cancel})), ElementsAre(kRejected));
  EXPECT_EQ(Spend("anna"), 500);
}

TEST_F(CustomerServiceTest, OfTwoCancellationsInOneBatchOneCounts) {
  Make("anna");
  Append("anna", {Purchase("e-1", server_.now() - absl::Hours(30), 1000)});
  std::vector<v1::Event> cancels;
  for (const char* id : {"e-2", "e-3"}) {
    cancels.push_back(Purchase(id, server_.now(), 0));
    cancels.back().set_reverses_event_id("e-1");
  }
  const v1::AppendEventsResponse response = Append("anna", cancels);
  EXPECT_THAT(StatesOf(response), ElementsAre(kWritten, kRejected));
  EXPECT_THAT(response.results(1).error().message(),
              HasSubstr("events[1].event.reverses_event_id: has been taken back"));
  EXPECT_EQ(Spend("anna"), 0);
}

TEST_F(CustomerServiceTest, ACancellationMayComeWithItsPurchase) {
  Make("anna");
  v1::Event cancel = Purchase("e-2", server_.now(), 0);
  cancel.set_reverses_event_id("e-1");
  Append("anna", {Purchase("e-1", server_.now(), 1000), cancel});
  EXPECT_EQ(Spend("anna"), 0);
}

TEST_F(CustomerServiceTest, NegativeAmountsLowerASum) {
  Make("anna");
  Append("anna", {Purchase("e-1", server_.now(), 1000), Purchase("e-2", server_.now(), -400)});
  EXPECT_EQ(Spend("anna"), 600);
}

TEST_F(CustomerServiceTest, AnEventThatCannotBeAppliedDoesNotStopTheOthers) {
  Make("anna");
  v1::Event untyped = Purchase("e-2", server_.now(), 1);
  untyped.set_type("party");
  v1::Event wrong = Purchase("e-3", server_.now(), 1);
  (*wrong.mutable_fields())["paid"] = TextValue("a lot");
  const v1::AppendEventsResponse response =
      Append("anna", {Purchase("e-1", server_.now(), 1000), untyped, wrong});
  EXPECT_THAT(StatesOf(response), ElementsAre(kWritten, kRejected, kRejected));
  EXPECT_THAT(response.results(2).error().message(), HasSubstr("events[2].event.fields[paid]"));
  EXPECT_THAT(response.results(2).error().message(), Not(HasSubstr("a lot")));
  EXPECT_EQ(Spend("anna"), 1000);
}

TEST_F(CustomerServiceTest, EventsOfUnknownCustomersAreRefusedUnlessTheyMayBeMade) {
  EXPECT_THAT(StatesOf(Append("new", {Purchase("e-1", server_.now(), 700)})),
              ElementsAre(kRejected));
  EXPECT_THAT(StatesOf(Append("new", {Purchase("e-1", server_.now(), 700)}, true)),
              ElementsAre(kWritten));
  EXPECT_EQ(Spend("new"), 700);
}

TEST_F(CustomerServiceTest, AnUnknownIdentityMakesOneCustomerForAllOfItsEvents) {
  v1::AppendEventsRequest request;
  v1::AppendEventsResponse response;
  request.set_request_id("ids");
  request.set_allow_missing(true);
  for (const std::string id : {"e-1", "e-2"}) {
    v1::CustomerEvent* event = request.add_events();
    event->mutable_identity()->set_namespace_("loyalty_card");
    event->mutable_identity()->set_value("99");
    *event->mutable_event() = Purchase(id, server_.now(), 100);
  }
  grpc::ClientContext context;
  ASSERT_TRUE(server_.customers().AppendEvents(&context, request, &response).ok());
  ASSERT_THAT(StatesOf(response), ElementsAre(kWritten, kWritten));
  EXPECT_EQ(response.results(0).customer(), response.results(1).customer());
  EXPECT_EQ(Spend(response.results(0).customer().substr(std::string("customers/").size())), 200);
}

TEST_F(CustomerServiceTest, ABatchOverTheLimitIsRefusedAsAWhole) {
  v1::AppendEventsRequest request;
  request.set_request_id("many");
  for (int i = 0; i < 1001; ++i) {
    v1::CustomerEvent* event = request.add_events();
    event->set_customer("customers/anna");
    *event->mutable_event() = Purchase(absl::StrCat("e-", i), server_.now(), 1);
  }
  v1::AppendEventsResponse response;
  grpc::ClientContext over;
  EXPECT_THAT(FieldsOf(server_.customers().AppendEvents(&over, request, &response)),
              ElementsAre("events"));
  request.mutable_events()->RemoveLast();
  request.set_allow_missing(true);
  grpc::ClientContext at_limit;
  EXPECT_TRUE(server_.customers().AppendEvents(&at_limit, request, &response).ok());
  EXPECT_EQ(Spend("anna"), 1000);
}

TEST_F(CustomerServiceTest, TheSameRequestIdWithAnotherBodyIsRefused) {
  v1::UpdateCustomerRequest request = server_.UpdateOf("anna");
  v1::Customer customer;
  ASSERT_TRUE(Update(request, &customer).ok());
  ASSERT_TRUE(Update(request, &customer).ok());
  (*request.mutable_customer()->mutable_attributes())["city"] = TextValue("Bern");
  EXPECT_EQ(ReasonOf(Update(request, &customer)), "REQUEST_ID_REUSED");
}

TEST_F(CustomerServiceTest, ALoadAnswersEachBatchAndNamesTheRowsThatWereRefused) {
  grpc::ClientContext context;
  auto stream = server_.customers().ImportCustomers(&context);
  v1::ImportCustomersRequest request;
  v1::ImportCustomersResponse response;
  request.set_request_id("load");
  request.set_sequence(1);
  for (const std::string id : {"a", "b", "not an id", "c"}) {
    v1::CustomerRow* row = request.add_rows();
    row->set_customer_id(id);
    (*row->mutable_attributes())["city"] = TextValue("Bern");
    v1::Identity* card = row->add_identities();
    card->set_namespace_("loyalty_card");
    card->set_value(id == "c" ? "a" : id);
  }
  (*request.mutable_rows(1)->mutable_attributes())["tier"] = TextValue("platinum");
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.sequence(), 1);
  EXPECT_EQ(response.written_count(), 1);
  ASSERT_EQ(response.rejected_rows_size(), 3);
  EXPECT_EQ(response.rejected_rows(0).index(), 1);
  EXPECT_EQ(response.rejected_rows(1).index(), 2);
  EXPECT_EQ(response.rejected_rows(2).index(), 3);
  EXPECT_THAT(response.rejected_rows(2).error().message(), HasSubstr("another customer"));

  request.set_sequence(2);
  request.clear_rows();
  request.add_rows()->set_customer_id("d");
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(response.written_count(), 1);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
  v1::Customer customer;
  EXPECT_TRUE(Get("a", &customer).ok());
  EXPECT_TRUE(Get("d", &customer).ok());
  EXPECT_FALSE(Get("c", &customer).ok());
}

TEST_F(CustomerServiceTest, ALoadWhoseBatchesDoNotGrowEnds) {
  grpc::ClientContext context;
  auto stream = server_.customers().ImportCustomers(&context);
  v1::ImportCustomersRequest request;
  v1::ImportCustomersResponse response;
  request.set_request_id("load");
  request.add_rows()->set_customer_id("d");
  ASSERT_TRUE(stream->Write(request));
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_THAT(FieldsOf(stream->Finish()), ElementsAre("sequence"));
}

TEST_F(CustomerServiceTest, ARestartKeepsCustomersAndTheirAggregates) {
  Make("anna");
  Append("anna", {Purchase("e-1", server_.now(), 1000)});
  server_.Restart();
  EXPECT_EQ(Spend("anna"), 1000);
  EXPECT_THAT(StatesOf(Append("anna", {Purchase("e-1", server_.now(), 1000)})),
              ElementsAre(kDuplicate));
}

TEST_F(CustomerServiceTest, HistoryThatIsLoadedInOrderLeavesWhatTheWindowHolds) {
  Make("anna");
  const absl::Time start = server_.now() - absl::Hours(24 * 400);
  for (int day = 0; day < 400; day += 40) {
    Append("anna", {Purchase(absl::StrCat("e-", day), start + absl::Hours(24 * day), 100)});
  }
  EXPECT_EQ(Spend("anna"), 200);
}

TEST_F(CustomerServiceTest,
       AnEventTooFarAheadOfTheClockIsRefusedAndOneInsideTheBoundCountsWhenItsTimeComes) {
  Make("anna");
  server_.MoveClock(absl::Hours(14) + absl::Minutes(58));  // 23:58 in Berlin
  const v1::AppendEventsResponse response =
      Append("anna", {Purchase("e-1", server_.now() + absl::Minutes(5), 1000),
                      Purchase("e-2", server_.now() + absl::Minutes(5) + absl::Seconds(1), 500)});
  EXPECT_THAT(StatesOf(response), ElementsAre(kWritten, kRejected));
  EXPECT_EQ(response.results(1).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(response.results(1).error().details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "EVENT_IN_FUTURE");

  EXPECT_EQ(Spend("anna"), 0);
  server_.MoveClock(absl::Minutes(2));  // its day begins, its moment is to come
  v1::Customer before;
  ASSERT_TRUE(Get("anna", &before).ok());
  EXPECT_EQ(before.aggregates().at("spend_90d").money_value().amount_minor(), 1000);
  EXPECT_EQ(before.aggregates().count("last_purchase"), 0u);
  server_.MoveClock(absl::Minutes(3));
  v1::Customer after;
  ASSERT_TRUE(Get("anna", &after).ok());
  EXPECT_EQ(after.aggregates().at("last_purchase").timestamp_value().seconds(),
            absl::ToUnixSeconds(server_.now()));
}

}  // namespace
}  // namespace touchstone::server
