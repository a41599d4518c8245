// AppendEvents beside everything else: what is acknowledged is seen by the next decision, readers
// never see half a batch or a figure that goes back, and the ways through the pool answer alike.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "server/services/event_append_handler.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"

namespace touchstone::server {
namespace {

constexpr int kCustomers = 4;
constexpr int kWriters = 2;
constexpr int kReaders = 8;
constexpr int kBatches = 60;  // of each writer

class EventAppendTest : public ::testing::Test {
 protected:
  EventAppendTest() { server_.Publish(GroceryRules()); }

  // A customer whose card has her id.
  grpc::Status Update(const std::string& id, const std::string& mark) {
    grpc::ClientContext context;
    v1::UpdateCustomerRequest request = server_.UpdateOf(id, /*card=*/id);
    v1::Customer customer;
    auto& attributes = *request.mutable_customer()->mutable_attributes();
    attributes["city"] = TextValue(mark);
    attributes["allergies"].mutable_string_list_value()->add_values(mark);
    return server_.customers().UpdateCustomer(&context, request, &customer);
  }

  v1::AppendEventsResponse Append(const std::string& id, const std::vector<v1::Event>& events,
                                  grpc::Status* status = nullptr) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(server_.NextRequestId());
    for (const v1::Event& event : events) {
      v1::CustomerEvent* to = request.add_events();
      to->mutable_identity()->set_namespace_("loyalty_card");
      to->mutable_identity()->set_value(id);
      *to->mutable_event() = event;
    }
    const grpc::Status appended = server_.customers().AppendEvents(&context, request, &response);
    if (status != nullptr) {
      *status = appended;
    } else {
      EXPECT_TRUE(appended.ok()) << appended.error_message();
    }
    return response;
  }

  v1::DecideResponse Decide(const std::string& id, const std::string& channel) {
    grpc::ClientContext context;
    v1::DecideRequest request;
    v1::DecideResponse response;
    request.mutable_context()->set_transaction_id(server_.NextRequestId());
    request.mutable_context()->set_step(1);
    request.mutable_context()->mutable_touchpoint()->set_channel(channel);
    request.mutable_context()->mutable_budget()->set_seconds(60);
    v1::Identity* card = request.mutable_context()->add_identities();
    card->set_namespace_("loyalty_card");
    card->set_value(id);
    const grpc::Status status = server_.decisions().Decide(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::Customer Get(const std::string& id) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    v1::Customer customer;
    request.set_name("customers/" + id);
    const grpc::Status status = server_.customers().GetCustomer(&context, request, &customer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return customer;
  }

  TestServer server_;
};

TEST_F(EventAppendTest, TheNextDecisionOnAnyChannelSeesAnAcknowledgedEvent) {
  for (int i = 0; i < 40; ++i) {
    const std::string id = absl::StrCat("c", i);
    ASSERT_TRUE(Update(id, "Bern").ok());
    EXPECT_EQ(Decide(id, "web").segment(), "regular");
    if (i % 2 == 0) {
      Append(id, {Purchase("e", server_.now(), 40000)});
    } else {
      grpc::ClientContext context;
      auto stream = server_.customers().AppendEventsStream(&context);
      v1::AppendEventsStreamRequest request;
      v1::AppendEventsStreamResponse response;
      request.set_sequence(1);
      request.mutable_request()->set_request_id(server_.NextRequestId());
      v1::CustomerEvent* event = request.mutable_request()->add_events();
      event->set_customer("customers/" + id);
      *event->mutable_event() = Purchase("e", server_.now(), 40000);
      ASSERT_TRUE(stream->Write(request));
      ASSERT_TRUE(stream->Read(&response));
      stream->WritesDone();
      EXPECT_TRUE(stream->Finish().ok());
    }
    EXPECT_EQ(Decide(id, i % 4 < 2 ? "pos" : "web").segment(), "loyal") << i;
  }
}

// Two writers and eight readers of the same customers. A batch is two purchases of one euro, an
// update sets two attributes to the same text.
TEST_F(EventAppendTest, ReadersNeverSeeHalfABatchNorAFigureThatGoesBack) {
  for (int i = 0; i < kCustomers; ++i) ASSERT_TRUE(Update(absl::StrCat("c", i), "start").ok());
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      for (int i = 0; i < kBatches; ++i) {
        const std::string id = absl::StrCat("c", i % kCustomers);
        const std::string batch = absl::StrCat("e-", writer, "-", i, "-");
        Append(id, {Purchase(batch + "1", server_.now(), 100),
                    Purchase(batch + "2", server_.now(), 100)});
        if (i % 3 == 0) {
          EXPECT_TRUE(Update(id, absl::StrCat(writer, "-", i)).ok());
        }
      }
      --writing;
    });
  }
  for (int reader = 0; reader < kReaders; ++reader) {
    threads.emplace_back([&, reader] {
      std::vector<int64_t> seen(kCustomers, 0);
      std::vector<bool> loyal(kCustomers, false);
      for (int i = reader; writing.load() > 0; ++i) {
        const auto of = static_cast<size_t>(i % kCustomers);
        const std::string id = absl::StrCat("c", of);
        if (reader % 2 == 0) {
          const std::string segment = Decide(id, "pos").segment();
          if (loyal[of]) {
            EXPECT_EQ(segment, "loyal");
          }
          loyal[of] = segment == "loyal";
          continue;
        }
        const v1::Customer customer = Get(id);
        const int64_t spend = customer.aggregates().at("spend_90d").money_value().amount_minor();
        EXPECT_EQ(spend % 200, 0) << "half a batch";
        EXPECT_GE(spend, seen[of]);
        seen[of] = spend;
        EXPECT_EQ(customer.attributes().at("city").string_value(),
                  customer.attributes().at("allergies").string_list_value().values(0));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < kCustomers; ++i) {
    const v1::Customer customer = Get(absl::StrCat("c", i));
    EXPECT_EQ(customer.aggregates().at("spend_90d").money_value().amount_minor(),
              200 * kWriters * kBatches / kCustomers);
  }
}

// As many events as are planned on a polling thread, one more, and some that need the device.
TEST_F(EventAppendTest, SmallAndLargeBatchesAndThoseThatNeedTheDeviceAnswerAlike) {
  ASSERT_TRUE(Update("anna", "Bern").ok());
  int64_t paid = 0;
  for (const int events : {kMaxEventsInline, kMaxEventsInline + 1, 200}) {
    std::vector<v1::Event> batch;
    for (int i = 0; i < events; ++i) {
      batch.push_back(Purchase(absl::StrCat("e-", events, "-", i), server_.now(), 100));
    }
    const v1::AppendEventsResponse response = Append("anna", batch);
    ASSERT_EQ(response.results_size(), events);
    for (const auto& result : response.results()) {
      EXPECT_EQ(result.state(), v1::WRITE_STATE_WRITTEN);
      EXPECT_EQ(result.customer(), "customers/anna");
    }
    paid += 100 * events;
    EXPECT_EQ(Get("anna").aggregates().at("spend_90d").money_value().amount_minor(), paid);
  }
  v1::Event cancel = Purchase("cancel", server_.now(), 0);
  cancel.set_reverses_event_id("e-200-7");
  EXPECT_EQ(Append("anna", {cancel}).results(0).state(), v1::WRITE_STATE_WRITTEN);
  EXPECT_EQ(Get("anna").aggregates().at("spend_90d").money_value().amount_minor(), paid - 100);
  EXPECT_EQ(Append("nobody", {Purchase("e", server_.now(), 1)}).results(0).state(),
            v1::WRITE_STATE_REJECTED);
  grpc::Status status;
  Append("anna", {}, &status);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  server_.Restart();  // nothing is in memory
  EXPECT_EQ(Append("anna", {Purchase("cancel", server_.now(), 1)}).results(0).state(),
            v1::WRITE_STATE_DUPLICATE);
}

TEST_F(EventAppendTest, CallsThatAreUnderWayWhenTheServerStopsAreAnsweredOrNotTaken) {
  ASSERT_TRUE(Update("anna", "Bern").ok());
  std::atomic<int> written{0};
  std::atomic<int> begun{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 8; ++caller) {
    callers.emplace_back([&, caller] {
      for (int i = 0;; ++i) {
        grpc::Status status;
        Append("anna", {Purchase(absl::StrCat("e-", caller, "-", i), server_.now(), 100)}, &status);
        if (!status.ok()) return;
        ++written;
        if (i == 0) ++begun;
      }
    });
  }
  while (begun.load() < 8) std::this_thread::yield();
  server_.Stop();
  for (std::thread& caller : callers) caller.join();
  server_.Restart();
  EXPECT_EQ(Get("anna").aggregates().at("spend_90d").money_value().amount_minor(), 100 * written);
}

}  // namespace
}  // namespace touchstone::server
