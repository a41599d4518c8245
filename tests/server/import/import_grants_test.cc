// Imports of grants, to a sink that keeps the batches and to a service that fails on demand.

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/import/import_run.h"
#include "tests/store/temporary_directory.h"
#include "touchstone/v1/grant_service.grpc.pb.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr char kMapping[] = R"(kind: grants
batch: mailing-47
skip: [{ column: offer, equals: old }]
customer: customer
offer: offer
end: end
uses: uses
)";

// As the real one: a grant is there once, by customer, offer and batch.
class FakeGrants : public v1::GrantService::Service {
 public:
  grpc::Status ImportGrants(grpc::ServerContext* /*context*/,
                            const v1::ImportGrantsRequest* request,
                            v1::ImportGrantsResponse* response) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++state_.calls;
    if (grpc::Status status = state_.before(); !status.ok()) return status;
    for (int i = 0; i < request->grants_size(); ++i) Take(*request, i, response);
    return state_.after();
  }

  struct State {
    int calls = 0;
    std::map<std::string, std::string> grants;  // terms
    // Fail a call, before it does anything or when it has done it.
    std::function<grpc::Status()> before = [] { return grpc::Status::OK; };
    std::function<grpc::Status()> after = [] { return grpc::Status::OK; };
  };
  // Locked until the end of the expression: threads of the server write it.
  class Held {
   public:
    Held(std::mutex& mutex, State* state) : lock_(mutex), state_(state) {}
    State* operator->() const { return state_; }

   private:
    std::lock_guard<std::mutex> lock_;
    State* state_;
  };
  Held Hold() { return Held(mutex_, &state_); }

 private:
  void Take(const v1::ImportGrantsRequest& request, int index, v1::ImportGrantsResponse* response) {
    const v1::GrantItem& item = request.grants(index);
    const std::string place = absl::StrCat("grants[", index, "].");
    const auto refuse = [&](grpc::StatusCode code, const std::string& message) {
      v1::RefusedGrant* refused = response->add_refused();
      refused->set_index(index);
      refused->mutable_error()->set_code(code);
      refused->mutable_error()->set_message(message);
    };
    if (item.offer_id() == "none") return refuse(grpc::StatusCode::NOT_FOUND, "no such offer");
    if (item.has_end_time() && item.end_time().seconds() == 0) {
      return refuse(grpc::StatusCode::INVALID_ARGUMENT,
                    absl::StrCat(place, "end_time: must be behind ", place, "start_time"));
    }
    const std::string key =
        absl::StrCat(item.customer(), " ", item.offer_id(), " ", request.batch());
    const std::string terms = item.SerializeAsString();
    const auto known = state_.grants.find(key);
    if (known == state_.grants.end()) {
      if (!request.validate_only()) state_.grants[key] = terms;
      return response->set_granted(response->granted() + 1);
    }
    if (known->second == terms) return response->set_duplicates(response->duplicates() + 1);
    refuse(grpc::StatusCode::ALREADY_EXISTS, "she was granted this offer with other terms");
  }

  std::mutex mutex_;  // guards state_
  State state_;
};

class KeepingSink : public GrantSink {
 public:
  explicit KeepingSink(std::vector<GrantsBatch>* to) : to_(to) {}
  bool Send(GrantsBatch batch) override {
    to_->push_back(std::move(batch));
    return true;
  }
  grpc::Status End() override { return grpc::Status::OK; }

 private:
  std::vector<GrantsBatch>* const to_;
};

class ImportGrantsTest : public ::testing::Test {
 protected:
  ImportGrantsTest() {
    server_ = Serve(&service_);
    target_.sleep = [this](int milliseconds) {
      const std::lock_guard<std::mutex> lock(waits_mutex_);
      waits_.push_back(milliseconds);
    };
  }
  ~ImportGrantsTest() override { server_->Shutdown(); }

  struct Ran {
    ImportResult result;
    ImportProgress progress;
    std::string quarantine;
  };

  // Goes on where an earlier run left off, as the command does.
  Ran Run(const std::string& rows,
          const std::function<std::unique_ptr<GrantSink>(ImportState*)>& to,
          bool validate_only = false, double rows_per_second = 0) {
    const std::string path = directory_.Sub("rows.csv");
    std::ofstream(path, std::ios::binary | std::ios::trunc) << rows;
    const absl::StatusOr<Mapping> mapping = ParseMapping(kMapping, "m.yaml");
    EXPECT_TRUE(mapping.ok()) << mapping.status();
    auto reader = RowReader::Open(path, mapping->columns);
    EXPECT_TRUE(reader.ok()) << reader.status();
    Quarantine quarantine(directory_.Sub("quarantine.csv"));
    bool changed = false;
    ImportProgress begin = ImportState::Find(state_path_, "file", &changed)
                               ->value_or(ImportProgress{"file", "run", 0, 0, 0, {}});
    EXPECT_TRUE(quarantine.KeepFirst(begin.quarantine_bytes).ok());
    ImportState state(state_path_, begin, &quarantine);
    Progress progress(false);
    ImportRun run;
    run.reader = reader->get();
    run.mapping = &*mapping;
    run.progress = &progress;
    run.state = &state;
    run.validate_only = validate_only;
    run.rows_per_second = rows_per_second;
    Ran ran;
    ran.result = ImportGrants(run, to(&state).get());
    quarantine.Flush();
    if (ran.result.ok()) {
      state.Forget();
    } else {
      state.Save();
    }
    ran.progress = state.progress();
    std::ifstream in(quarantine.path(), std::ios::binary);
    ran.quarantine.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    return ran;
  }

  Ran RunLive(const std::string& rows, bool validate_only = false, double rows_per_second = 0) {
    return Run(
        rows, [this](ImportState* state) { return LiveGrantSink(target_, state); }, validate_only,
        rows_per_second);
  }

  std::vector<GrantsBatch> Batches(const std::string& rows) {
    std::vector<GrantsBatch> batches;
    Run(rows, [&batches](ImportState*) { return std::make_unique<KeepingSink>(&batches); });
    return batches;
  }

  store::TemporaryDirectory directory_;
  const std::string state_path_ = directory_.Sub("state.json");
  // Over a socket: within one process gRPC would hand memory from thread to thread where no
  // sanitizer sees it.
  std::unique_ptr<grpc::Server> Serve(grpc::Service* service) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(service);
    std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
    target_.channel =
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials());
    return server;
  }

  FakeGrants service_;
  std::unique_ptr<grpc::Server> server_;
  LiveTarget target_;
  std::mutex waits_mutex_;  // guards waits_ while a run is under way
  std::vector<int> waits_;
};

constexpr char kHeader[] = "customer,offer,end,uses\n";

std::string Rows(int count) {
  std::string rows = kHeader;
  for (int i = 0; i < count; ++i) {
    absl::StrAppend(&rows, "c", i % 97, ",", i % 50 == 7 ? "none" : absl::StrCat("o", i), ",,\n");
  }
  return rows;
}

grpc::Status Away() { return grpc::Status(grpc::StatusCode::UNAVAILABLE, "away"); }

TEST_F(ImportGrantsTest, EveryRowIsCountedOnceAndTheQuarantineSaysWhy) {
  const Ran ran = RunLive(absl::StrCat(kHeader,
                                       "anna,letter-5,2027-01-01,2\n"
                                       "anna,letter-5,2027-01-01,2\n"
                                       "anna,letter-5,2027-01-01,3\n"
                                       "anna,none,,\n"
                                       "anna,old,,\n"
                                       "bert,letter-5,1970-01-01,\n"
                                       "bert,letter-5,,0\n"
                                       "bert,letter-5,,\n"));
  ASSERT_TRUE(ran.result.ok()) << ran.result.call.error_message();
  const ImportTotals& totals = ran.progress.totals;
  EXPECT_EQ(totals.rows, 8);
  EXPECT_EQ(totals.imported, 2);
  EXPECT_EQ(totals.duplicate, 1);
  EXPECT_EQ(totals.left_out, 1);
  EXPECT_EQ(totals.quarantined, 4);
  EXPECT_EQ(totals.events_new + totals.events_duplicate, 0);
  EXPECT_EQ(totals.reasons.at("end: must be behind start"), 1);
  const std::vector<std::string> reasons = {
      "4,\"she was granted this offer with other terms\",\"anna,letter-5,2027-01-01,3\"\n",
      "5,\"no such offer\",\"anna,none,,\"\n",
      "7,\"end: must be behind start\",\"bert,letter-5,1970-01-01,\"\n",
      "8,\"uses: `0` is not 1 or more\",\"bert,letter-5,,0\"\n"};
  for (const std::string& reason : reasons) {
    EXPECT_TRUE(absl::StrContains(ran.quarantine, reason)) << reason << "in\n" << ran.quarantine;
  }
  EXPECT_THAT(service_.Hold()->grants, SizeIs(2));
}

TEST_F(ImportGrantsTest, ABatchIsOfOneLaneAndOfTwoThousandGrants) {
  std::string rows = kHeader;
  for (int i = 0; i < 2001; ++i) absl::StrAppend(&rows, "anna,o", i, ",,\n");
  const std::vector<GrantsBatch> batches = Batches(rows);
  ASSERT_THAT(batches, SizeIs(2));
  EXPECT_EQ(batches[0].request.grants_size(), 2000);
  EXPECT_EQ(batches[1].request.grants_size(), 1);
  EXPECT_EQ(batches[0].lane, batches[1].lane);
  EXPECT_EQ(batches[0].request.batch(), "mailing-47");
  EXPECT_EQ(batches[1].request.grants(0).offer_id(), "o2000");
  EXPECT_EQ(batches[1].origins.at(0).at(0).line, 2002);
}

TEST_F(ImportGrantsTest, ACustomersGrantsComeInTheOrderOfTheFile) {
  std::map<std::string, std::vector<int64_t>> lines;
  std::map<std::string, size_t> lanes;
  int64_t number = 0;
  for (const GrantsBatch& batch : Batches(Rows(9000))) {
    EXPECT_EQ(batch.number, ++number);
    for (int i = 0; i < batch.request.grants_size(); ++i) {
      const std::string& customer = batch.request.grants(i).customer();
      lines[customer].push_back(batch.origins[static_cast<size_t>(i)].at(0).line);
      EXPECT_EQ(lanes.try_emplace(customer, batch.lane).first->second, batch.lane);
    }
  }
  EXPECT_GT(number, 4);
  EXPECT_THAT(lines, SizeIs(97));
  for (const auto& [customer, in_order] : lines) {
    EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end())) << customer;
  }
}

TEST_F(ImportGrantsTest, WaitsAndTriesAgainWhileTheServerIsAway) {
  int failures = 3;
  service_.Hold()->before = [&] { return failures-- > 0 ? Away() : grpc::Status::OK; };
  const Ran ran = RunLive(absl::StrCat(kHeader, "anna,letter-5,,\n"));
  ASSERT_TRUE(ran.result.ok()) << ran.result.call.error_message();
  EXPECT_EQ(ran.progress.totals.imported, 1);
  EXPECT_EQ(service_.Hold()->calls, 4);
  EXPECT_THAT(waits_, ElementsAre(100, 200, 400));
}

TEST_F(ImportGrantsTest, WhatWasGrantedWithoutAnAnswerIsThereAlready) {
  int failures = 1;
  service_.Hold()->after = [&] { return failures-- > 0 ? Away() : grpc::Status::OK; };
  const Ran ran = RunLive(absl::StrCat(kHeader, "anna,letter-5,,\n"));
  ASSERT_TRUE(ran.result.ok()) << ran.result.call.error_message();
  EXPECT_EQ(ran.progress.totals.imported, 0);
  EXPECT_EQ(ran.progress.totals.duplicate, 1);
}

TEST_F(ImportGrantsTest, AnErrorThatStaysEndsTheImport) {
  service_.Hold()->before = [] {
    return grpc::Status(grpc::StatusCode::FAILED_PRECONDITION, "no revision");
  };
  const Ran ran = RunLive(Rows(20000));
  EXPECT_EQ(ran.result.call.error_message(), "no revision");
  EXPECT_LE(service_.Hold()->calls, static_cast<int>(kLanes));
  EXPECT_THAT(waits_, SizeIs(0));
  EXPECT_EQ(ran.progress.settled, 0);
}

TEST_F(ImportGrantsTest, AnAnswerOfOtherGrantsIsNotBelieved) {
  class Liar : public v1::GrantService::Service {
    grpc::Status ImportGrants(grpc::ServerContext* /*context*/,
                              const v1::ImportGrantsRequest* /*request*/,
                              v1::ImportGrantsResponse* response) override {
      response->add_refused()->set_index(1);
      return grpc::Status::OK;
    }
  };
  Liar liar;
  const std::unique_ptr<grpc::Server> server = Serve(&liar);
  const Ran ran = RunLive(absl::StrCat(kHeader, "anna,letter-5,,\n"));
  EXPECT_EQ(ran.result.call.error_code(), grpc::StatusCode::DATA_LOSS);
  EXPECT_EQ(ran.progress.totals.rows, 0);
  server->Shutdown();
}

TEST_F(ImportGrantsTest, ARunThatBrokeOffIsGoneOnWithToTheSameEnd) {
  // In batches of forty.
  constexpr int kRows = 1200;
  constexpr double kRate = 2000;
  const Ran untouched = RunLive(Rows(kRows), false, kRate);
  ASSERT_TRUE(untouched.result.ok());
  const auto granted = std::exchange(service_.Hold()->grants, {});
  const int calls = std::exchange(service_.Hold()->calls, 0);
  ASSERT_GT(calls, 20);

  service_.Hold()->before = [call = 0]() mutable {
    return ++call <= 15 ? grpc::Status::OK : Away();
  };
  const Ran broken = RunLive(Rows(kRows), false, kRate);
  EXPECT_EQ(broken.result.call.error_message(), "away");
  const ImportTotals& so_far = broken.progress.totals;
  EXPECT_GT(broken.progress.settled, 0);
  EXPECT_EQ(so_far.rows, so_far.imported + so_far.duplicate + so_far.quarantined);
  EXPECT_LT(so_far.rows, kRows);

  service_.Hold()->before = [] { return grpc::Status::OK; };
  service_.Hold()->calls = 0;
  const Ran rest = RunLive(Rows(kRows), false, kRate);
  ASSERT_TRUE(rest.result.ok());
  EXPECT_LE(service_.Hold()->calls, calls - broken.progress.settled);
  EXPECT_EQ(rest.progress.totals.rows, kRows);
  EXPECT_EQ(rest.progress.totals.imported + rest.progress.totals.duplicate,
            untouched.progress.totals.imported);
  EXPECT_EQ(rest.progress.totals.reasons, untouched.progress.totals.reasons);
  EXPECT_EQ(rest.quarantine, untouched.quarantine);
  EXPECT_EQ(service_.Hold()->grants, granted);
}

TEST_F(ImportGrantsTest, ADryRunTellsRepeatsApartFarFromTheFirst) {
  service_.Hold()->grants["customers/c1 o1 mailing-47"] = [] {
    v1::GrantItem there;
    there.set_customer("customers/c1");
    there.set_offer_id("o1");
    return there.SerializeAsString();
  }();
  // Two full batches of their lane stand between the first of anna's and the others.
  std::string rows = absl::StrCat(kHeader, "anna,far,,\n");
  for (int i = 0; i < 4000; ++i) absl::StrAppend(&rows, "anna,o", i, ",,\n");
  absl::StrAppend(&rows, "anna,far,,\nanna,far,,2\nc1,o1,,\n");
  const Ran ran = RunLive(rows, true);
  ASSERT_TRUE(ran.result.ok());
  EXPECT_EQ(ran.progress.totals.imported, 4001);
  EXPECT_EQ(ran.progress.totals.duplicate, 2);
  EXPECT_EQ(ran.progress.totals.events_duplicate, 0);
  EXPECT_EQ(ran.quarantine,
            "line,reason,row\n4004,\"an earlier row grants her this offer with other terms\","
            "\"anna,far,,2\"\n");
  EXPECT_THAT(service_.Hold()->grants, SizeIs(1));
}

}  // namespace
}  // namespace touchstone::server
