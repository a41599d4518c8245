// What is held about a customer: shown, exported, erased.

#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/verify.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"
#include "tests/store/mark.h"

namespace touchstone::server {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using store::Mark;

class PrivacyTest : public ::testing::Test {
 protected:
  PrivacyTest() { server_.Publish(GroceryRules()); }

  static v1::Identity CardOf(const std::string& id) {
    v1::Identity identity;
    identity.set_namespace_("loyalty_card");
    identity.set_value(Mark("card", id));
    return identity;
  }

  // A customer with something of every kind, a mark of hers in every value.
  void Fill(const std::string& id) {
    v1::UpdateCustomerRequest request = server_.UpdateOf(id);
    (*request.mutable_customer()->mutable_attributes())["city"] = TextValue(Mark("city", id));
    v1::CustomerConsent* consent = request.mutable_customer()->add_consents();
    consent->set_purpose("marketing_call");
    consent->set_state(v1::CONSENT_STATE_GRANTED);
    *request.add_add_identities() = CardOf(id);
    request.set_source("crm");
    server_.Update(request);
    grpc::ClientContext context;
    v1::AppendEventsRequest events;
    v1::AppendEventsResponse appended;
    events.set_request_id(server_.NextRequestId());
    for (int i = 0; i < 3; ++i) {
      events.add_events()->set_customer("customers/" + id);
      v1::Event* event = events.mutable_events(i)->mutable_event();
      *event =
          Purchase(absl::StrCat(Mark("event", id), i), server_.now() - absl::Hours(i + 1), 20000);
      event->set_store(Mark("store", id));
    }
    const grpc::Status status = server_.customers().AppendEvents(&context, events, &appended);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  v1::DecideResponse Decide(const v1::Identity& identity, const std::string& note) {
    grpc::ClientContext context;
    v1::DecideRequest request;
    v1::DecideResponse response;
    request.mutable_context()->set_transaction_id(Mark("transaction", note));
    request.mutable_context()->set_step(1);
    *request.mutable_context()->add_identities() = identity;
    request.mutable_context()->mutable_touchpoint()->set_channel("pos");
    request.add_placements("receipt");
    const grpc::Status status = server_.decisions().Decide(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  void Accept(const v1::DecideResponse& decision, const std::string& outcome_id) {
    ASSERT_EQ(decision.placements_size(), 1);
    ASSERT_GT(decision.placements(0).offers_size(), 0);
    grpc::ClientContext context;
    v1::RecordOutcomesRequest request;
    v1::RecordOutcomesResponse response;
    request.set_request_id(server_.NextRequestId());
    v1::Outcome* outcome = request.add_outcomes();
    outcome->set_outcome_id(outcome_id);
    outcome->set_token(decision.placements(0).offers(0).token());
    outcome->set_type(v1::OUTCOME_TYPE_ACCEPTED);
    outcome->set_reason(Mark("reason", outcome_id));
    const grpc::Status status = server_.outcomes().RecordOutcomes(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.results(0).state(), v1::OUTCOME_STATE_RECORDED);
  }

  grpc::Status Get(const std::string& id, v1::Customer* customer,
                   const std::vector<std::string>& mask = {}) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    request.set_name("customers/" + id);
    request.set_recent_event_count(2);
    for (const std::string& path : mask) request.mutable_read_mask()->add_paths(path);
    return server_.customers().GetCustomer(&context, request, customer);
  }

  grpc::Status Erase(const std::string& id, const std::string& request_id,
                     v1::DeleteCustomerResponse* response) {
    grpc::ClientContext context;
    v1::DeleteCustomerRequest request;
    request.set_request_id(request_id);
    request.set_name("customers/" + id);
    return server_.customers().DeleteCustomer(&context, request, response);
  }
  void MustErase(const std::string& id) {
    v1::DeleteCustomerResponse response;
    const grpc::Status status = Erase(id, server_.NextRequestId(), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::string Explained(const std::string& decision_id) {
    grpc::ClientContext context;
    v1::ExplainRequest request;
    v1::ExplainResponse response;
    request.set_decision_id(decision_id);
    const grpc::Status status = server_.decisions().Explain(&context, request, &response);
    return status.ok() ? v1::RebuildState_Name(response.rebuild()) : ReasonOf(status);
  }

  std::vector<v1::ExportCustomerResponse> Export(const std::string& id, grpc::Status* status) {
    grpc::ClientContext context;
    v1::ExportCustomerRequest request;
    request.set_name("customers/" + id);
    const auto reader = server_.customers().ExportCustomer(&context, request);
    std::vector<v1::ExportCustomerResponse> pieces;
    v1::ExportCustomerResponse piece;
    while (reader->Read(&piece)) pieces.push_back(piece);
    *status = reader->Finish();
    return pieces;
  }

  std::vector<std::string> FilesWithMark(const std::string& kind, const std::string& id) {
    return store::FilesWith(server_.data_dir(), Mark(kind, id));
  }

  TestServer server_;
};

const std::vector<std::string> kKinds = {"card",  "city",        "event",
                                         "store", "transaction", "outcome"};

TEST_F(PrivacyTest, TheSingleViewTellsWhatIsKnownAndWhy) {
  Fill("anna");
  Accept(Decide(CardOf("anna"), "anna"), Mark("outcome", "anna"));
  v1::Customer customer;
  ASSERT_TRUE(Get("anna", &customer).ok());
  EXPECT_EQ(customer.segment(), "loyal");
  ASSERT_EQ(customer.segment_reasons_size(), 1);
  EXPECT_THAT(customer.segment_reasons(0), HasSubstr("customer.spend_90d is 600.00 EUR"));
  ASSERT_EQ(customer.consents_size(), 1);
  EXPECT_EQ(customer.consents(0).purpose(), "marketing_call");
  EXPECT_EQ(customer.consents(0).state(), v1::CONSENT_STATE_GRANTED);
  EXPECT_EQ(customer.consents(0).update_time().seconds(), absl::ToUnixSeconds(server_.now()));
  EXPECT_EQ(customer.attribute_times().at("city").seconds(), absl::ToUnixSeconds(server_.now()));
  ASSERT_EQ(customer.contacts_size(), 1);
  EXPECT_EQ(customer.contacts(0).kind(), "accepted");
  EXPECT_EQ(customer.contacts(0).channel(), "pos");
  EXPECT_EQ(customer.contacts(0).offer(), "beans-20");
  EXPECT_EQ(customer.contacts(0).direction(), v1::DIRECTION_INBOUND);
  EXPECT_EQ(customer.recent_events_size(), 2);
  ASSERT_EQ(customer.aggregate_windows_size(), 4);
  const v1::CustomerAggregate& spend = customer.aggregate_windows(2);
  EXPECT_EQ(spend.name(), "spend_90d");
  EXPECT_EQ(spend.window(), "90d");
  EXPECT_EQ(spend.value().money_value().amount_minor(), 60000);
  // Midnight in Berlin, 89 days before 20 November: in summer.
  EXPECT_EQ(absl::FormatTime("%FT%TZ", absl::FromUnixSeconds(spend.window_start_time().seconds()),
                             absl::UTCTimeZone()),
            "2026-08-22T22:00:00Z");
  EXPECT_FALSE(customer.aggregate_windows(1).has_window_start_time());
}

TEST_F(PrivacyTest, WhoIsInNoOtherSegmentIsToldSo) {
  EXPECT_THAT(server_.Update(server_.UpdateOf("berta")).segment_reasons(),
              ElementsAre("the condition of no other segment holds"));
}

TEST_F(PrivacyTest, AMaskNamesTheFieldsThatCome) {
  Fill("anna");
  v1::Customer customer;
  ASSERT_TRUE(Get("anna", &customer, {"consents", "segment"}).ok());
  EXPECT_EQ(customer.name(), "customers/anna");
  EXPECT_FALSE(customer.etag().empty());
  EXPECT_EQ(customer.consents_size(), 1);
  EXPECT_EQ(customer.segment(), "loyal");
  EXPECT_TRUE(customer.segment_reasons().empty());
  EXPECT_TRUE(customer.attributes().empty());
  EXPECT_TRUE(customer.identities().empty());
  EXPECT_TRUE(customer.recent_events().empty());
  customer.Clear();
  ASSERT_TRUE(Get("anna", &customer, {"attributes", "recent_events"}).ok());
  EXPECT_EQ(customer.attributes_size(), 1);
  EXPECT_EQ(customer.recent_events_size(), 2);
  EXPECT_TRUE(customer.segment().empty());
  const grpc::Status status = Get("anna", &customer, {"attributes", "attributes.city", "nonsense"});
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("read_mask.paths[1]", "read_mask.paths[2]"));
}

TEST_F(PrivacyTest, ALateConsentDoesNotUndoALaterOne) {
  Fill("anna");
  v1::UpdateCustomerRequest request;
  request.mutable_customer()->set_name("customers/anna");
  v1::CustomerConsent* consent = request.mutable_customer()->add_consents();
  consent->set_purpose("marketing_call");
  consent->set_state(v1::CONSENT_STATE_DENIED);
  request.mutable_as_of()->set_seconds(absl::ToUnixSeconds(server_.now() - absl::Hours(1)));
  request.set_request_id(server_.NextRequestId());
  EXPECT_EQ(server_.Update(request).consents(0).state(), v1::CONSENT_STATE_GRANTED);
  consent->mutable_update_time()->set_seconds(absl::ToUnixSeconds(server_.now()));
  request.set_request_id(server_.NextRequestId());
  EXPECT_EQ(server_.Update(request).consents(0).state(), v1::CONSENT_STATE_DENIED);
}

TEST_F(PrivacyTest, ConsentsThatAreNoneAreRefusedByField) {
  v1::UpdateCustomerRequest request;
  request.set_request_id("r");
  request.set_allow_missing(true);
  request.mutable_customer()->set_name("customers/anna");
  for (const char* purpose : {"Marketing", "9lives", "", "fine", "fine"}) {
    v1::CustomerConsent* consent = request.mutable_customer()->add_consents();
    consent->set_purpose(purpose);
    consent->set_state(v1::CONSENT_STATE_GRANTED);
  }
  request.mutable_customer()->mutable_consents(3)->set_state(v1::CONSENT_STATE_UNSPECIFIED);
  request.mutable_customer()->mutable_consents(4)->mutable_update_time()->set_seconds(
      absl::ToUnixSeconds(server_.now() + absl::Hours(25)));
  grpc::ClientContext context;
  v1::Customer customer;
  const grpc::Status status = server_.customers().UpdateCustomer(&context, request, &customer);
  EXPECT_EQ(ReasonOf(status), "VALUE_INVALID");
  EXPECT_THAT(FieldsOf(status),
              ElementsAre("customer.consents[0].purpose", "customer.consents[1].purpose",
                          "customer.consents[2].purpose", "customer.consents[3].state",
                          "customer.consents[4].update_time"));
}

TEST_F(PrivacyTest, AnImportTakesConsents) {
  grpc::ClientContext context;
  v1::ImportCustomersRequest batch;
  v1::ImportCustomersResponse answer;
  batch.set_request_id("load");
  batch.set_sequence(1);
  for (const char* purpose : {"sms", "S M S"}) {
    v1::CustomerRow* row = batch.add_rows();
    row->set_customer_id(absl::StrCat("row", batch.rows_size()));
    v1::CustomerConsent* consent = row->add_consents();
    consent->set_purpose(purpose);
    consent->set_state(v1::CONSENT_STATE_DENIED);
  }
  const auto stream = server_.customers().ImportCustomers(&context);
  stream->Write(batch);
  stream->WritesDone();
  ASSERT_TRUE(stream->Read(&answer));
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answer.written_count(), 1);
  ASSERT_EQ(answer.rejected_rows_size(), 1);
  v1::Customer customer;
  ASSERT_TRUE(Get("row1", &customer).ok());
  ASSERT_EQ(customer.consents_size(), 1);
  EXPECT_EQ(customer.consents(0).state(), v1::CONSENT_STATE_DENIED);
}

TEST_F(PrivacyTest, CustomersAreListedPageByPage) {
  for (const char* id : {"anna", "berta", "clara", "dora", "elsa"}) Fill(id);
  std::vector<std::string> names;
  v1::ListCustomersRequest request;
  request.set_page_size(2);
  int pages = 0;
  do {
    grpc::ClientContext context;
    v1::ListCustomersResponse page;
    ASSERT_TRUE(server_.customers().ListCustomers(&context, request, &page).ok());
    for (const v1::Customer& customer : page.customers()) {
      names.push_back(customer.name());
      EXPECT_EQ(customer.segment(), "loyal");
      EXPECT_TRUE(customer.recent_events().empty());
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty() && ++pages < 9);
  EXPECT_EQ(pages, 2);
  EXPECT_THAT(names, ElementsAre("customers/anna", "customers/berta", "customers/clara",
                                 "customers/dora", "customers/elsa"));
  grpc::ClientContext token_context;
  v1::ListCustomersResponse page;
  request.set_page_token("not a token");
  EXPECT_EQ(ReasonOf(server_.customers().ListCustomers(&token_context, request, &page)),
            "PAGE_TOKEN_INVALID");
  grpc::ClientContext size_context;
  request.clear_page_token();
  request.set_page_size(1001);
  EXPECT_THAT(FieldsOf(server_.customers().ListCustomers(&size_context, request, &page)),
              ElementsAre("page_size"));
}

TEST_F(PrivacyTest, AnExportHoldsEverythingOfHersAndNothingOfOthers) {
  Fill("anna");
  Fill("berta");
  const v1::DecideResponse decision = Decide(CardOf("anna"), "anna");
  Accept(decision, Mark("outcome", "anna"));
  Decide(CardOf("berta"), "berta");
  grpc::Status status;
  const std::vector<v1::ExportCustomerResponse> pieces = Export("anna", &status);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_EQ(pieces.size(), 6u);
  EXPECT_EQ(pieces[0].customer().attributes().at("city").string_value(), Mark("city", "anna"));
  EXPECT_EQ(pieces[0].customer().consents_size(), 1);
  EXPECT_EQ(pieces[1].event().event_id(), Mark("event", "anna") + "2");  // the oldest
  EXPECT_EQ(pieces[3].event().event_id(), Mark("event", "anna") + "0");
  EXPECT_EQ(pieces[4].outcome().outcome_id(), Mark("outcome", "anna"));
  EXPECT_TRUE(pieces[4].outcome().has_occurred_at());
  EXPECT_EQ(pieces[5].decision().decision_id(), decision.decision_id());
  EXPECT_EQ(pieces[5].decision().transaction_id(), Mark("transaction", "anna"));
  EXPECT_EQ(pieces[5].decision().personal(), v1::PERSONAL_STATE_READ);
  for (const v1::ExportCustomerResponse& piece : pieces) {
    for (const std::string& kind : kKinds) {
      EXPECT_THAT(piece.ShortDebugString(), Not(HasSubstr(Mark(kind, "berta"))));
    }
  }
  Export("nobody", &status);
  EXPECT_EQ(ReasonOf(status), "CUSTOMER_NOT_FOUND");
  Export("not an id", &status);
  EXPECT_THAT(FieldsOf(status), ElementsAre("name"));
}

TEST_F(PrivacyTest, AfterAnErasureNoFileHoldsAnythingOfHer) {
  for (const std::string id : {"anna", "berta"}) {
    Fill(id);
    Accept(Decide(CardOf(id), id), Mark("outcome", id));
  }
  server_.Restart();
  // Tables, logs and receipts of before and after the restart.
  const v1::DecideResponse known = Decide(CardOf("berta"), "berta");
  const v1::DecideResponse others = Decide(CardOf("anna"), "anna");
  for (const std::string& kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "berta"), Not(IsEmpty())) << kind;
  }
  const std::string her_reason = Mark("outcome", "berta");
  EXPECT_THAT(FilesWithMark("reason", her_reason), Not(IsEmpty()));
  v1::Customer before;
  ASSERT_TRUE(Get("anna", &before).ok());

  v1::DeleteCustomerResponse response;
  const grpc::Status status = Erase("berta", "erase-1", &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.erase_time().seconds(), absl::ToUnixSeconds(server_.now()));

  for (const std::string& kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "berta"), IsEmpty()) << kind;
    EXPECT_THAT(FilesWithMark(kind, "anna"), Not(IsEmpty())) << kind;
  }
  EXPECT_THAT(FilesWithMark("reason", her_reason), IsEmpty());
  v1::Customer customer;
  EXPECT_EQ(ReasonOf(Get("berta", &customer)), "CUSTOMER_NOT_FOUND");
  EXPECT_EQ(Explained(known.decision_id()), "CUSTOMER_ERASED");
  EXPECT_EQ(Explained(others.decision_id()), "REBUILD_STATE_IDENTICAL");
  v1::Customer after;
  ASSERT_TRUE(Get("anna", &after).ok());
  EXPECT_EQ(after.SerializeAsString().size(), before.SerializeAsString().size());
  EXPECT_EQ(after.etag(), before.etag());

  server_.Restart();
  for (const std::string& kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "berta"), IsEmpty()) << kind;
  }
  EXPECT_EQ(Explained(known.decision_id()), "CUSTOMER_ERASED");
  EXPECT_EQ(Explained(others.decision_id()), "REBUILD_STATE_IDENTICAL");
  server_.MoveClock(absl::Hours(1));
  EXPECT_EQ(ReasonOf(Erase("berta", "erase-2", &response)), "CUSTOMER_NOT_FOUND");
  // A retry gets the first answer.
  ASSERT_TRUE(Erase("berta", "erase-1", &response).ok());
  EXPECT_EQ(response.erase_time().seconds(), absl::ToUnixSeconds(server_.now() - absl::Hours(1)));
}

TEST_F(PrivacyTest, DecisionsThatOnlyCarriedHerIdentityAreErasedToo) {
  const v1::DecideResponse unknown = Decide(CardOf("berta"), "berta");  // nobody's yet
  EXPECT_EQ(unknown.personal(), v1::PERSONAL_STATE_UNKNOWN);
  Fill("berta");
  MustErase("berta");
  EXPECT_EQ(Explained(unknown.decision_id()), "CUSTOMER_ERASED");
  EXPECT_THAT(FilesWithMark("card", "berta"), IsEmpty());
}

TEST_F(PrivacyTest, WhatArrivesAfterAnErasureDoesNotBringHerBack) {
  Fill("berta");
  const v1::DecideResponse decision = Decide(CardOf("berta"), "berta");
  MustErase("berta");
  Accept(decision, Mark("outcome", "berta"));
  grpc::ClientContext context;
  v1::AppendEventsRequest events;
  v1::AppendEventsResponse appended;
  events.set_request_id(server_.NextRequestId());
  events.add_events()->set_customer("customers/berta");
  *events.mutable_events(0)->mutable_event() = Purchase("late", server_.now(), 100);
  ASSERT_TRUE(server_.customers().AppendEvents(&context, events, &appended).ok());
  EXPECT_EQ(appended.results(0).state(), v1::WRITE_STATE_REJECTED);
  EXPECT_THAT(appended.results(0).error().message(), HasSubstr("no such customer"));
  v1::Customer customer;
  EXPECT_EQ(ReasonOf(Get("berta", &customer)), "CUSTOMER_NOT_FOUND");
}

TEST_F(PrivacyTest, SheMayComeBackAsSomebodyNew) {
  Fill("berta");
  MustErase("berta");
  server_.MoveClock(absl::Minutes(1));
  Fill("berta");
  const v1::DecideResponse decision = Decide(CardOf("berta"), "berta");
  EXPECT_EQ(decision.personal(), v1::PERSONAL_STATE_READ);
  EXPECT_EQ(Explained(decision.decision_id()), "REBUILD_STATE_IDENTICAL");
  MustErase("berta");
  EXPECT_EQ(Explained(decision.decision_id()), "CUSTOMER_ERASED");
}

TEST_F(PrivacyTest, ManyErasuresAtOnceAllEnd) {
  std::vector<std::string> ids;
  for (int i = 0; i < 24; ++i) {
    ids.push_back(absl::StrCat("many", i));
    Fill(ids.back());
  }
  std::vector<std::thread> threads;
  std::vector<int> ok(ids.size(), 0);
  for (size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] {
      v1::DeleteCustomerResponse response;
      ok[i] = Erase(ids[i], absl::StrCat("erase-", i), &response).ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(ok, Each(1));
  for (const std::string& id : ids) EXPECT_THAT(FilesWithMark("card", id), IsEmpty()) << id;
}

TEST_F(PrivacyTest, TheFoldersStaySoundAfterErasures) {
  for (const std::string id : {"anna", "berta", "clara"}) {
    Fill(id);
    Accept(Decide(CardOf(id), id), Mark("outcome", id));
  }
  MustErase("berta");
  server_.Stop();
  store::StoreOptions options;
  options.path = server_.data_dir() + "/store";
  const auto store = store::Store::Open(options);
  ASSERT_TRUE(store.ok()) << store.status();
  const auto quiet = [](absl::string_view) {};
  absl::StatusOr<store::VerifyReport> report = store::VerifyStore(**store, quiet);
  ASSERT_TRUE(report.ok()) << report.status();
  ASSERT_TRUE(
      store::VerifyReceipts(server_.data_dir() + "/receipts", nullptr, quiet, &*report).ok());
  EXPECT_TRUE(report->sound());
  EXPECT_EQ(report->customers, 2u);
  EXPECT_EQ(report->receipts, 3u);
  const auto audit = (*store)->ListAudit(0, 99);
  ASSERT_TRUE(audit.ok());
  EXPECT_EQ(audit->back().action(), "erase_customer");
  EXPECT_EQ(audit->back().resource(), "customers/berta");
}

TEST(EventRetentionTest, OldEventsGoAndAreNotTakenAgain) {
  TestServer server([](ServerConfig* config) { config->event_retention = 10; });
  server.Publish(GroceryRules());
  const auto append = [&](const std::string& event_id, absl::Duration age) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(server.NextRequestId());
    request.set_allow_missing(true);
    request.add_events()->set_customer("customers/anna");
    *request.mutable_events(0)->mutable_event() = Purchase(event_id, server.now() - age, 1000);
    EXPECT_TRUE(server.customers().AppendEvents(&context, request, &response).ok());
    return response.results(0);
  };
  const auto get = [&] {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    v1::Customer customer;
    request.set_name("customers/anna");
    request.set_recent_event_count(9);
    EXPECT_TRUE(server.customers().GetCustomer(&context, request, &customer).ok());
    return customer;
  };
  EXPECT_EQ(append("first", absl::Hours(24 * 9)).state(), v1::WRITE_STATE_WRITTEN);
  EXPECT_EQ(append("second", absl::ZeroDuration()).state(), v1::WRITE_STATE_WRITTEN);
  EXPECT_EQ(append("ancient", absl::Hours(24 * 11)).state(), v1::WRITE_STATE_REJECTED);
  EXPECT_EQ(get().recent_events_size(), 2);
  server.MoveClock(absl::Hours(48));
  server.Restart();  // begins with a sweep
  while (get().recent_events_size() > 1) std::this_thread::yield();
  EXPECT_EQ(get().recent_events(0).event_id(), "second");
  // What it added stays, and it is not counted twice.
  EXPECT_EQ(append("first", absl::Hours(24 * 11)).state(), v1::WRITE_STATE_REJECTED);
  EXPECT_EQ(get().aggregates().at("spend_90d").money_value().amount_minor(), 2000);
}

}  // namespace
}  // namespace touchstone::server
