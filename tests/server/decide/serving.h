#pragma once

// A served world: DecideServer on a port of its own over a store in a temporary directory, with
// receipts kept in memory and a clock that stands still.
//
// Thread safety: setters before the calls that they concern; the rest from any thread.

#include <grpcpp/grpcpp.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/decide/service.h"
#include "tests/server/decide/world.h"
#include "tests/store/temporary_directory.h"
#include "touchstone/v1/decision_service.grpc.pb.h"
#include "touchstone/v1/outcome_service.grpc.pb.h"

namespace touchstone::server {

class Serving {
 public:
  using StreamHandlerFactory = std::function<std::unique_ptr<RawStreamHandler>(DecideHandler&)>;

  // With `files`, the store reads through them and nothing of it is in memory at the start.
  // `streams` makes who serves DecideStream; empty: nobody.
  explicit Serving(DecideServerOptions options = {},
                   std::shared_ptr<rocksdb::FileSystem> files = nullptr,
                   const StreamHandlerFactory& streams = nullptr);
  ~Serving();

  // Customers c-loyal (loyalty_card:1) and c-new (loyalty_card:2) are there from the start.
  void AddCustomer(const std::string& id, const std::string& identity, const std::string& record);
  std::string Record(const std::string& customer_id);
  // Contacts of one kind in the record of c-loyal.
  int LoyalContacts(store::ContactKind kind);

  grpc::Status Decide(const v1::DecideRequest& request, v1::DecideResponse* response,
                      absl::Duration deadline = absl::InfiniteDuration());
  // Any bytes as the request of Decide.
  grpc::Status DecideRaw(const std::string& bytes, std::string* response);
  grpc::Status Record(const v1::RecordOutcomesRequest& request,
                      v1::RecordOutcomesResponse* response);

  std::string Receipt(const std::string& decision_id);
  // What appending a receipt answers from now on.
  void FailReceipts(absl::Status status);
  std::vector<std::string> log();

  Live& live() { return live_; }
  DecideServer& server() { return *server_; }
  v1::DecisionService::Stub& decisions() { return *decisions_; }
  const std::string& address() const { return address_; }
  void set_clock(absl::Time now);

 private:
  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  Live live_;
  BudgetBoard budgets_{&live_};
  TokenKey token_key_;
  std::mutex mutex_;  // guards the four below
  std::map<std::string, std::string> receipts_;
  absl::Status receipt_status_;
  std::vector<std::string> log_;
  absl::Time now_ = WorldNow();
  CallLimit limit_{64};
  std::unique_ptr<RawStreamHandler> streams_;
  std::unique_ptr<DecideServer> server_;
  std::string address_;
  std::unique_ptr<grpc::Server> grpc_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::OutcomeService::Stub> outcomes_;
};

// The google.rpc.ErrorInfo reason of an error, "" when it has none.
std::string ReasonOf(const grpc::Status& status);
// Fields of the violations, in order.
std::vector<std::string> ViolatedFields(const grpc::Status& status);

}  // namespace touchstone::server
