// Backups through the service, restored and served again; aggregates that are filled after a
// publish, and rebuilt after something was taken back.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/backup.h"
#include "tests/server/grocery_rules.h"
#include "tests/server/test_server.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class MaintenanceTest : public ::testing::Test {
 protected:
  MaintenanceTest()
      : server_([this](ServerConfig* config) { config->backup_dir = directory_.Sub("backups"); }) {
    server_.Publish(GroceryRules());
  }

  void Append(const std::string& customer, const v1::Event& event) {
    grpc::ClientContext context;
    v1::AppendEventsRequest request;
    v1::AppendEventsResponse response;
    request.set_request_id(server_.NextRequestId());
    request.set_allow_missing(true);
    request.add_events()->set_customer("customers/" + customer);
    *request.mutable_events(0)->mutable_event() = event;
    const grpc::Status status = server_.customers().AppendEvents(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    ASSERT_EQ(response.results(0).state(), v1::WRITE_STATE_WRITTEN)
        << response.results(0).ShortDebugString();
  }

  static v1::Customer Get(TestServer& server, const std::string& id) {
    grpc::ClientContext context;
    v1::GetCustomerRequest request;
    request.set_name("customers/" + id);
    v1::Customer customer;
    const grpc::Status status = server.customers().GetCustomer(&context, request, &customer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return customer;
  }

  grpc::Status Backup(v1::Backup* backup, int keep = 0) {
    grpc::ClientContext context;
    v1::CreateBackupRequest request;
    request.set_keep(keep);
    return server_.maintenance().CreateBackup(&context, request, backup);
  }

  std::vector<std::string> Filling() {
    grpc::ClientContext context;
    v1::ListBackfillsResponse response;
    EXPECT_TRUE(server_.maintenance().ListBackfills(&context, {}, &response).ok());
    std::vector<std::string> names;
    for (const v1::Backfill& backfill : response.backfills()) names.push_back(backfill.aggregate());
    return names;
  }

  // Bounded by the test's own time limit.
  void AwaitFilled() {
    while (!Filling().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

  store::TemporaryDirectory directory_;
  TestServer server_;
};

TEST_F(MaintenanceTest, WhatWasBackedUpCanBeServedElsewhere) {
  Append("x1", Purchase("p-1", server_.now(), 1250, 1000));
  v1::Backup backup;
  grpc::Status status = Backup(&backup);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(backup.number(), 1);
  EXPECT_GT(backup.store_bytes(), 0);
  Append("x1", Purchase("p-2", server_.now(), 100, 1000));

  const std::string restored = directory_.Sub("restored");
  ASSERT_TRUE(store::RestoreBackup(directory_.Sub("backups"), 1, restored).ok());
  TestServer other([&restored](ServerConfig* config) { config->data_dir = restored; });
  const v1::Customer customer = Get(other, "x1");
  EXPECT_EQ(customer.aggregates().at("spend_90d").money_value().amount_minor(), 1250);
}

TEST_F(MaintenanceTest, BackupsAreListedAndAsManyKeptAsAreWanted) {
  v1::Backup backup;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Backup(&backup, /*keep=*/2).ok());
  grpc::ClientContext context;
  v1::ListBackupsResponse listed;
  ASSERT_TRUE(server_.maintenance().ListBackups(&context, {}, &listed).ok());
  ASSERT_THAT(listed.backups(), SizeIs(2));
  EXPECT_EQ(listed.backups(0).number(), 2);
  EXPECT_EQ(listed.backups(1).number(), 3);
  EXPECT_EQ(listed.backups(1).create_time().seconds(), absl::ToUnixSeconds(server_.now()));

  const grpc::Status refused = Backup(&backup, /*keep=*/-1);
  EXPECT_EQ(ReasonOf(refused), "INVALID_REQUEST");
  EXPECT_THAT(FieldsOf(refused), ElementsAre("keep"));
}

TEST_F(MaintenanceTest, WithoutAPlaceThereAreNoBackups) {
  TestServer without;
  grpc::ClientContext context;
  v1::Backup backup;
  const grpc::Status status = without.maintenance().CreateBackup(&context, {}, &backup);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "BACKUP_NOT_CONFIGURED");
}

TEST_F(MaintenanceTest, ABackupThatFailsSaysWhy) {
  v1::Backup backup;
  ASSERT_TRUE(Backup(&backup).ok());
  // Where the copies go there is a file.
  std::filesystem::remove_all(directory_.Sub("backups/files"));
  std::ofstream(directory_.Sub("backups/files")) << "in the way";
  const grpc::Status status = Backup(&backup);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "BACKUP_FAILED");
}

// The rules with a schema in which the aggregates are declared otherwise.
v1::RuleSetSource WithAggregates(const std::string& from, const std::string& to) {
  v1::RuleSetSource source = GroceryRules();
  for (v1::RuleSetFile& file : *source.mutable_files()->mutable_files()) {
    if (file.path() != "schema.yaml") continue;
    const std::string text = absl::StrReplaceAll(file.content(), {{from, to}});
    EXPECT_NE(text, file.content());
    file.set_content(text);
  }
  return source;
}

constexpr char kAnchor[] = "aggregates:\n";
constexpr char kDearest[] =
    "aggregates:\n"
    "  dearest: { max: event.paid, of: purchase }\n"
    "  dear_once: { count: purchase, where: 'event.paid >= 10.00' }\n";

TEST_F(MaintenanceTest, AnAggregateThatIsDeclaredLaterIsFilledFromTheEventsThatAreKept) {
  for (int i = 0; i < 40; ++i) {
    const std::string customer = absl::StrCat("x", i % 10);
    Append(customer,
           Purchase(absl::StrCat("p-", i), server_.now() - absl::Hours(i), 100 * (i + 1), 1000));
  }
  server_.Publish(WithAggregates(kAnchor, kDearest));
  // What comes now counts as well, whether it is filled already or not.
  Append("x3", Purchase("late", server_.now(), 9999, 1000));
  AwaitFilled();
  EXPECT_EQ(Get(server_, "x3").aggregates().at("dearest").money_value().amount_minor(), 9999);
  EXPECT_EQ(Get(server_, "x9").aggregates().at("dearest").money_value().amount_minor(), 4000);
  EXPECT_EQ(Get(server_, "x9").aggregates().at("dear_once").int_value(), 4);
  // Purchases of 10.00 and more: the ones of 14.00, 24.00 and 34.00, and the late one.
  EXPECT_EQ(Get(server_, "x3").aggregates().at("dear_once").int_value(), 4);
  EXPECT_EQ(Get(server_, "x0").aggregates().at("spend_90d").money_value().amount_minor(),
            100 + 1100 + 2100 + 3100);
}

TEST_F(MaintenanceTest, AnAggregateThatIsDeclaredOtherwiseIsFilledAgain) {
  Append("x1", Purchase("p-1", server_.now(), 500, 1000));
  Append("x1", Purchase("p-2", server_.now(), 1500, 1000));
  server_.Publish(WithAggregates(kAnchor, kDearest));
  AwaitFilled();
  EXPECT_EQ(Get(server_, "x1").aggregates().at("dear_once").int_value(), 1);
  server_.Publish(WithAggregates(
      kAnchor, absl::StrReplaceAll(kDearest, {{"event.paid >= 10.00", "event.paid >= 5.00"}})));
  AwaitFilled();
  EXPECT_EQ(Get(server_, "x1").aggregates().at("dear_once").int_value(), 2);
}

TEST_F(MaintenanceTest, WhatWasTakenBackIsGoneFromTheNextRead) {
  server_.Publish(WithAggregates(kAnchor, kDearest));
  AwaitFilled();
  Append("x1", Purchase("p-1", server_.now(), 500, 1000));
  Append("x1", Purchase("p-2", server_.now(), 1500, 1000));
  EXPECT_EQ(Get(server_, "x1").aggregates().at("dearest").money_value().amount_minor(), 1500);
  v1::Event cancelled = Purchase("c-2", server_.now(), 0, 0);
  cancelled.set_reverses_event_id("p-2");
  Append("x1", cancelled);
  EXPECT_EQ(Get(server_, "x1").aggregates().at("dearest").money_value().amount_minor(), 500);
  EXPECT_EQ(Get(server_, "x1").aggregates().at("dear_once").int_value(), 0);
}

// Events, cancellations and publishes at the same time: what each customer has in the end is what
// her events say under the last revision.
TEST_F(MaintenanceTest, FillingBesideEventsAndPublishesForgetsNothing) {
  constexpr int kCustomers = 8;
  constexpr int kEvents = 60;  // of a thread
  const auto append = [this](int thread) {
    for (int i = 0; i < kEvents; ++i) {
      const std::string customer = absl::StrCat("x", (i * 3 + thread) % kCustomers);
      const std::string id = absl::StrCat("p-", thread, "-", i);
      Append(customer, Purchase(id, server_.now(), 100 * (i + 1), 1000));
      if (i % 5 != 4) continue;
      v1::Event cancelled = Purchase("c-" + id, server_.now(), 0, 0);
      cancelled.set_reverses_event_id(id);
      Append(customer, cancelled);
    }
  };
  std::thread first(append, 0);
  std::thread second(append, 1);
  const v1::RuleSetSource with = WithAggregates(kAnchor, kDearest);
  for (int i = 0; i < 4; ++i) {
    server_.Publish(with);
    server_.Publish(GroceryRules(i % 2 == 0 ? "30" : "20"));
  }
  server_.Publish(with);
  first.join();
  second.join();
  AwaitFilled();

  int64_t dearest[kCustomers] = {};
  int64_t dear[kCustomers] = {};
  int64_t spent[kCustomers] = {};
  for (int thread = 0; thread < 2; ++thread) {
    for (int i = 0; i < kEvents; ++i) {
      if (i % 5 == 4) continue;
      const int customer = (i * 3 + thread) % kCustomers;
      const int64_t paid = 100 * (i + 1);
      dearest[customer] = std::max(dearest[customer], paid);
      dear[customer] += paid >= 1000 ? 1 : 0;
      spent[customer] += paid;
    }
  }
  for (int i = 0; i < kCustomers; ++i) {
    const v1::Customer customer = Get(server_, absl::StrCat("x", i));
    EXPECT_EQ(customer.aggregates().at("dearest").money_value().amount_minor(), dearest[i]) << i;
    EXPECT_EQ(customer.aggregates().at("dear_once").int_value(), dear[i]) << i;
    EXPECT_EQ(customer.aggregates().at("spend_90d").money_value().amount_minor(), spent[i]) << i;
  }
}

TEST_F(MaintenanceTest, FillingGoesOnAfterARestart) {
  for (int i = 0; i < 30; ++i) {
    Append(absl::StrCat("x", i), Purchase("p", server_.now(), 100 * (i + 1), 1000));
  }
  server_.Publish(WithAggregates(kAnchor, kDearest));
  server_.Restart();
  AwaitFilled();
  EXPECT_EQ(Get(server_, "x29").aggregates().at("dearest").money_value().amount_minor(), 3000);
  EXPECT_THAT(Filling(), IsEmpty());
}

}  // namespace
}  // namespace touchstone::server
