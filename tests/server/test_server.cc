#include "tests/server/test_server.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

constexpr int64_t kStartSeconds = 1'795'161'600;  // 2026-11-20T08:00:00Z
constexpr int64_t kMicrosPerSecond = 1'000'000;

template <typename Detail>
bool FindDetail(const grpc::Status& status, Detail* detail) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return false;
  for (const google::protobuf::Any& any : details.details()) {
    if (any.UnpackTo(detail)) return true;
  }
  return false;
}

}  // namespace

TestServer::TestServer(std::function<void(ServerConfig*)> change)
    : change_(std::move(change)),
      now_us_(std::make_shared<std::atomic<int64_t>>(kStartSeconds * kMicrosPerSecond)) {
  Start();
}

TestServer::~TestServer() = default;

void TestServer::Start() {
  ServerConfig config;
  config.listen = "127.0.0.1:0";
  config.data_dir = data_dir();
  config.cache_mib = 8;
  config.io_threads = 2;
  config.receipt_buffer_mib = 1;
  config.drain_seconds = 5;
  if (change_) change_(&config);
  ConfigureLog(LogLevel::kError, LogFormat::kText);
  auto server = RunningServer::Start(
      config, [now_us = now_us_] { return absl::FromUnixMicros(now_us->load()); });
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  grpc::ChannelArguments arguments;
  // Each server of the process is another one, whatever its address.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxReceiveMessageSize(-1);
  const auto channel =
      grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(), arguments);
  rule_sets_ = v1::RuleSetService::NewStub(channel);
  customers_ = v1::CustomerService::NewStub(channel);
  references_ = v1::ReferenceService::NewStub(channel);
  grants_ = v1::GrantService::NewStub(channel);
  budgets_ = v1::BudgetService::NewStub(channel);
  decisions_ = v1::DecisionService::NewStub(channel);
  outcomes_ = v1::OutcomeService::NewStub(channel);
  maintenance_ = v1::MaintenanceService::NewStub(channel);
  reports_ = v1::ReportService::NewStub(channel);
  transactions_ = v1::TransactionService::NewStub(channel);
}

void TestServer::Restart() {
  server_.reset();
  Start();
}

void TestServer::MoveClock(absl::Duration by) { now_us_->fetch_add(absl::ToInt64Microseconds(by)); }

std::string TestServer::NextRequestId() { return absl::StrCat("request-", ++requests_); }

int TestServer::Publish(const v1::RuleSetSource& source) {
  grpc::ClientContext create_context;
  v1::CreateRevisionRequest create;
  v1::CreateRevisionResponse created;
  create.set_request_id(NextRequestId());
  *create.mutable_source() = source;
  grpc::Status status = rule_sets_->CreateRevision(&create_context, create, &created);
  EXPECT_TRUE(status.ok()) << status.error_message();
  grpc::ClientContext publish_context;
  v1::PublishRevisionRequest publish;
  v1::PublishRevisionResponse published;
  publish.set_request_id(NextRequestId());
  publish.set_name(created.revision().name());
  status = rule_sets_->PublishRevision(&publish_context, publish, &published);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return std::atoi(created.revision().name().substr(std::string("revisions/").size()).c_str());
}

v1::UpdateCustomerRequest TestServer::UpdateOf(const std::string& customer_id) {
  v1::UpdateCustomerRequest request;
  request.set_request_id(NextRequestId());
  request.set_allow_missing(true);
  request.mutable_customer()->set_name("customers/" + customer_id);
  return request;
}

v1::UpdateCustomerRequest TestServer::UpdateOf(const std::string& customer_id,
                                               const std::string& card) {
  v1::UpdateCustomerRequest request = UpdateOf(customer_id);
  v1::Identity& identity = *request.add_add_identities();
  identity.set_namespace_("loyalty_card");
  identity.set_value(card);
  return request;
}

v1::Customer TestServer::Update(const v1::UpdateCustomerRequest& request) {
  grpc::ClientContext context;
  v1::Customer customer;
  const grpc::Status status = customers_->UpdateCustomer(&context, request, &customer);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return customer;
}

std::string ReasonOf(const grpc::Status& status) {
  google::rpc::ErrorInfo info;
  return FindDetail(status, &info) ? info.reason() : "";
}

std::vector<std::string> FieldsOf(const grpc::Status& status) {
  google::rpc::BadRequest request;
  std::vector<std::string> fields;
  if (!FindDetail(status, &request)) return fields;
  for (const auto& violation : request.field_violations()) fields.push_back(violation.field());
  return fields;
}

v1::AttributeValue TextValue(const std::string& text) {
  v1::AttributeValue value;
  value.set_string_value(text);
  return value;
}

v1::AttributeValue MoneyValue(int64_t amount_minor) {
  v1::AttributeValue value;
  value.mutable_money_value()->set_currency_code("EUR");
  value.mutable_money_value()->set_amount_minor(amount_minor);
  return value;
}

v1::Event Purchase(const std::string& event_id, absl::Time time, int64_t paid_minor,
                   int64_t beans_thousandths) {
  v1::Event event;
  event.set_event_id(event_id);
  event.set_type("purchase");
  event.mutable_occurred_at()->set_seconds(absl::ToUnixSeconds(time));
  event.set_store("S1");
  (*event.mutable_fields())["paid"] = MoneyValue(paid_minor);
  auto& line = *event.add_lines()->mutable_values();
  line["sku"] = TextValue("BEANS");
  line["quantity"].set_decimal_thousandths(beans_thousandths);
  return event;
}

v1::ListGrantsResponse TestServer::ListGrants(const std::string& customer_id) {
  v1::ListGrantsRequest request;
  request.set_customer("customers/" + customer_id);
  grpc::ClientContext context;
  v1::ListGrantsResponse response;
  const grpc::Status status = grants_->ListGrants(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

}  // namespace touchstone::server
