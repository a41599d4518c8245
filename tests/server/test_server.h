#pragma once

// A server of its own for a test: a fresh folder, a free port, a clock that stands still.
//
// Thread safety: for the test's thread. Errors: fails the test.

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "server/serve.h"
#include "tests/store/temporary_directory.h"
#include "touchstone/v1/budget_service.grpc.pb.h"
#include "touchstone/v1/customer_service.grpc.pb.h"
#include "touchstone/v1/decision_service.grpc.pb.h"
#include "touchstone/v1/grant_service.grpc.pb.h"
#include "touchstone/v1/maintenance_service.grpc.pb.h"
#include "touchstone/v1/outcome_service.grpc.pb.h"
#include "touchstone/v1/reference_service.grpc.pb.h"
#include "touchstone/v1/report_service.grpc.pb.h"
#include "touchstone/v1/rule_set_service.grpc.pb.h"
#include "touchstone/v1/transaction_service.grpc.pb.h"

namespace touchstone::server {

class TestServer {
 public:
  // `change`: what is other than usual in the configuration.
  explicit TestServer(std::function<void(ServerConfig*)> change = nullptr);
  ~TestServer();

  void Restart();
  // 2026-11-20T08:00:00Z until it is moved.
  absl::Time now() const { return absl::FromUnixMicros(now_us_->load()); }
  void MoveClock(absl::Duration by);
  std::string data_dir() const { return directory_.Sub("data"); }
  // Until the next Restart.
  void Stop() { server_.reset(); }
  const std::string& address() const { return server_->address(); }

  v1::RuleSetService::Stub& rule_sets() { return *rule_sets_; }
  v1::CustomerService::Stub& customers() { return *customers_; }
  v1::ReferenceService::Stub& references() { return *references_; }
  v1::GrantService::Stub& grants() { return *grants_; }
  v1::BudgetService::Stub& budgets() { return *budgets_; }
  v1::DecisionService::Stub& decisions() { return *decisions_; }
  v1::OutcomeService::Stub& outcomes() { return *outcomes_; }
  v1::MaintenanceService::Stub& maintenance() { return *maintenance_; }
  v1::ReportService::Stub& reports() { return *reports_; }
  v1::TransactionService::Stub& transactions() { return *transactions_; }

  // Creates and publishes a revision; its number.
  int Publish(const v1::RuleSetSource& source);
  std::string NextRequestId();
  // An update of a customer who is made if she is not there.
  v1::UpdateCustomerRequest UpdateOf(const std::string& customer_id);
  // The same with "loyalty_card:<card>" added to her identities.
  v1::UpdateCustomerRequest UpdateOf(const std::string& customer_id, const std::string& card);
  v1::Customer Update(const v1::UpdateCustomerRequest& request);
  // Her grants, the newest first.
  v1::ListGrantsResponse ListGrants(const std::string& customer_id);

 private:
  void Start();

  const std::function<void(ServerConfig*)> change_;
  store::TemporaryDirectory directory_;
  std::shared_ptr<std::atomic<int64_t>> now_us_;
  std::atomic<int> requests_{0};
  std::unique_ptr<RunningServer> server_;
  std::unique_ptr<v1::RuleSetService::Stub> rule_sets_;
  std::unique_ptr<v1::CustomerService::Stub> customers_;
  std::unique_ptr<v1::ReferenceService::Stub> references_;
  std::unique_ptr<v1::GrantService::Stub> grants_;
  std::unique_ptr<v1::BudgetService::Stub> budgets_;
  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::OutcomeService::Stub> outcomes_;
  std::unique_ptr<v1::MaintenanceService::Stub> maintenance_;
  std::unique_ptr<v1::ReportService::Stub> reports_;
  std::unique_ptr<v1::TransactionService::Stub> transactions_;
};

// "REQUEST_ID_REUSED": the reason in an error's details; "" without one.
std::string ReasonOf(const grpc::Status& status);
// "customer.attributes[tier]": the fields of an error's violations.
std::vector<std::string> FieldsOf(const grpc::Status& status);

v1::AttributeValue TextValue(const std::string& text);
v1::AttributeValue MoneyValue(int64_t amount_minor);

// A purchase of BEANS.
v1::Event Purchase(const std::string& event_id, absl::Time time, int64_t paid_minor,
                   int64_t beans_thousandths = 1000);

}  // namespace touchstone::server
