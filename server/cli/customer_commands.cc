#include <cstdio>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/cli/decision_text.h"
#include "server/decide/identity.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

struct CustomerCommand {
  std::string server;
  std::string customer;
  int events = 0;
  bool json = false;
};

template <typename Values>
void PrintValues(const char* title, const Values& values) {
  const std::map<std::string, v1::AttributeValue> sorted(values.begin(), values.end());
  if (!sorted.empty()) std::printf("%s:\n", title);
  for (const auto& [name, value] : sorted) {
    std::printf("  %s = %s\n", name.c_str(), ValueText(value).c_str());
  }
}

void PrintCustomer(const v1::Customer& customer) {
  std::printf("%s%s%s\n", customer.name().c_str(), customer.segment().empty() ? "" : ", segment ",
              customer.segment().c_str());
  if (customer.identities_size() > 0) std::printf("identities:\n");
  for (const v1::Identity& identity : customer.identities()) {
    std::printf("  %s\n", IdentityKey(identity).c_str());
  }
  PrintValues("attributes", customer.attributes());
  PrintValues("aggregates", customer.aggregates());
  if (customer.recent_events_size() > 0) std::printf("latest events:\n");
  for (const v1::Event& event : customer.recent_events()) {
    v1::AttributeValue time;
    *time.mutable_timestamp_value() = event.occurred_at();
    std::printf(
        "  %s  %s  %s%s\n", ValueText(time).c_str(), event.type().c_str(), event.event_id().c_str(),
        event.lines_size() == 0 ? "" : absl::StrCat("  ", event.lines_size(), " lines").c_str());
  }
}

int GetCustomer(const CustomerCommand& command) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::GetCustomerRequest request;
  request.set_recent_event_count(command.events);
  request.set_name("customers/" + command.customer);
  // With a colon it is an identity: ids hold none.
  if (absl::StrContains(command.customer, ':')) {
    v1::ResolveIdentityRequest resolve;
    v1::ResolveIdentityResponse resolved;
    *resolve.add_identities() = ParseIdentityKey(command.customer);
    const grpc::Status status = stub->ResolveIdentity(NewContext().get(), resolve, &resolved);
    if (!status.ok()) return ReportFailure(status, command.server);
    request.set_name(resolved.customer());
  }
  v1::Customer customer;
  const grpc::Status status = stub->GetCustomer(NewContext().get(), request, &customer);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(customer);
  } else {
    PrintCustomer(customer);
  }
  return kExitFine;
}

}  // namespace

void AddCustomerCommands(CLI::App& app, int& exit_code) {
  CLI::App* customer_app = app.add_subcommand("customer", "Look at customers");
  customer_app->require_subcommand(1);
  CLI::App* get = customer_app->add_subcommand("get", "Show one customer as of now");
  auto command = std::make_shared<CustomerCommand>();
  AddServerFlag(*get, command->server);
  get->add_option("CUSTOMER", command->customer, "Her id, or an identity: loyalty_card:4711")
      ->required();
  get->add_option("--events", command->events, "How many of her latest events to list")
      ->check(CLI::Range(0, 100));
  get->add_flag("--json", command->json, "Print JSON, for programs");
  get->callback([command, &exit_code] { exit_code = GetCustomer(*command); });
}

}  // namespace touchstone::server
