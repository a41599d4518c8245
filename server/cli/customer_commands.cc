#include <algorithm>
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/cli/cli.h"
#include "server/cli/columns.h"
#include "server/cli/connection.h"
#include "server/cli/customer_text.h"
#include "server/decide/identity.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

// Both read every receipt.
constexpr int kLongTimeoutSeconds = 3600;

struct CustomerCommand {
  std::string server;
  std::string customer;
  int events = 0;
  int count = 0;
  bool json = false;
  bool yes = false;
  std::string merged;
  bool latest = false;
  bool undo = false;
};

// Her name, looked up where an identity was given.
grpc::Status FindName(const CustomerCommand& command, v1::CustomerService::Stub& stub,
                      std::string* name) {
  *name = "customers/" + command.customer;
  if (!IsIdentity(command.customer)) return grpc::Status::OK;
  v1::ResolveIdentityRequest request;
  v1::ResolveIdentityResponse response;
  *request.add_identities() = ParseIdentityKey(command.customer);
  grpc::Status status = stub.ResolveIdentity(NewContext().get(), request, &response);
  *name = response.customer();
  return status;
}

// For people, or for programs.
template <typename Message>
int Print(const CustomerCommand& command, const Message& message,
          std::string (*text)(const Message&)) {
  if (command.json) {
    PrintJson(message);
  } else {
    std::fputs(text(message).c_str(), stdout);
  }
  return kExitFine;
}

int GetCustomer(const CustomerCommand& command) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::GetCustomerRequest request;
  request.set_recent_event_count(command.events);
  grpc::Status status = FindName(command, *stub, request.mutable_name());
  if (!status.ok()) return ReportFailure(status, command.server);
  v1::Customer customer;
  status = stub->GetCustomer(NewContext().get(), request, &customer);
  if (!status.ok()) return ReportFailure(status, command.server);
  return Print(command, customer, CustomerText);
}

void PrintPage(const v1::ListCustomersResponse& page, bool json) {
  Columns columns({Align::kLeft, Align::kLeft});
  for (const v1::Customer& customer : page.customers()) {
    if (json) {
      PrintJson(customer);
    } else {
      columns.Add({CustomerId(customer), customer.segment()});
    }
  }
  std::fputs(columns.Text("").c_str(), stdout);
  std::fflush(stdout);  // before what is said beside it
}

int ListCustomers(const CustomerCommand& command) {
  constexpr int kPageSize = 100;
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::ListCustomersRequest request;
  int left = command.count;
  do {
    v1::ListCustomersResponse page;
    request.set_page_size(std::min(left, kPageSize));
    const grpc::Status status = stub->ListCustomers(NewContext().get(), request, &page);
    if (!status.ok()) return ReportFailure(status, command.server);
    PrintPage(page, command.json);
    left -= page.customers_size();
    request.set_page_token(page.next_page_token());
  } while (left > 0 && !request.page_token().empty());
  // On standard error, so that what is listed can go on to another program.
  if (!request.page_token().empty()) std::fprintf(stderr, "there are more: --count\n");
  return kExitFine;
}

// The pieces of an export as one JSON object, each printed as it comes.
class ExportPrinter {
 public:
  void Print(const v1::ExportCustomerResponse& piece) {
    switch (piece.record_case()) {
      case v1::ExportCustomerResponse::kCustomer:
        std::fputs("{\n\"customer\": ", stdout);
        PrintJson(piece.customer());
        return;
      case v1::ExportCustomerResponse::kMergedCustomer:
        return PrintItem(kMerged, piece.merged_customer());
      case v1::ExportCustomerResponse::kEvent:
        return PrintItem(kEvents, piece.event());
      case v1::ExportCustomerResponse::kOutcome:
        return PrintItem(kOutcomes, piece.outcome());
      case v1::ExportCustomerResponse::kCode:
        return PrintItem(kCodes, piece.code());
      case v1::ExportCustomerResponse::kGrant:
        return PrintItem(kGrants, piece.grant());
      case v1::ExportCustomerResponse::kDecision:
        return PrintItem(kDecisions, piece.decision());
      case v1::ExportCustomerResponse::kSale:
        return PrintItem(kSales, piece.sale());
      case v1::ExportCustomerResponse::RECORD_NOT_SET:
        return;
    }
  }

  void End() {
    if (open_ < kDecisions) OpenList(kDecisions);
    std::fputs("]\n}\n", stdout);
  }

 private:
  enum List { kBefore, kMerged, kEvents, kOutcomes, kCodes, kGrants, kDecisions, kSales };

  // Closes the list that is open, and opens those up to this one.
  void OpenList(List list) {
    static constexpr const char* kNames[] = {"",      "merged_customers", "events",    "outcomes",
                                             "codes", "grants",           "decisions", "sales"};
    while (open_ != list) {
      if (open_ != kBefore) std::fputs("]", stdout);
      open_ = static_cast<List>(open_ + 1);
      std::printf(",\n\"%s\": [", kNames[open_]);
      first_ = true;
    }
  }

  void PrintItem(List list, const google::protobuf::Message& item) {
    OpenList(list);
    std::fputs(first_ ? "\n" : ",\n", stdout);
    first_ = false;
    PrintJson(item);
  }

  List open_ = kBefore;
  bool first_ = true;
};

int ExportCustomer(const CustomerCommand& command) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::ExportCustomerRequest request;
  grpc::Status status = FindName(command, *stub, request.mutable_name());
  if (!status.ok()) return ReportFailure(status, command.server);
  const auto context = NewContext(kLongTimeoutSeconds);
  const auto reader = stub->ExportCustomer(context.get(), request);
  ExportPrinter printer;
  v1::ExportCustomerResponse piece;
  bool any = false;
  while (reader->Read(&piece)) {
    printer.Print(piece);
    any = true;
  }
  status = reader->Finish();
  if (!status.ok()) return ReportFailure(status, command.server);
  if (any) printer.End();
  return kExitFine;
}

// Whether the person means it.
bool Confirms(const CustomerCommand& command, const std::string& name) {
  if (command.yes) return true;
  const std::string id = name.substr(std::string("customers/").size());
  std::fprintf(stderr, "This erases %s for good. Type %s to go on: ", name.c_str(), id.c_str());
  std::string typed;
  std::getline(std::cin, typed);
  if (typed == id) return true;
  std::fprintf(stderr, "Nothing was erased.\n");
  return false;
}

int EraseCustomer(const CustomerCommand& command) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::DeleteCustomerRequest request;
  v1::DeleteCustomerResponse response;
  request.set_request_id(NewRequestId());
  grpc::Status status = FindName(command, *stub, request.mutable_name());
  if (!status.ok()) return ReportFailure(status, command.server);
  if (!Confirms(command, request.name())) return kExitFindings;
  status = stub->DeleteCustomer(NewContext(kLongTimeoutSeconds).get(), request, &response);
  if (!status.ok()) return ReportFailure(status, command.server);
  std::printf("%s is erased\n", request.name().c_str());
  return kExitFine;
}

int MergeCustomers(const CustomerCommand& command) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::MergeCustomersRequest request;
  request.set_request_id(NewRequestId());
  grpc::Status status = FindName(command, *stub, request.mutable_surviving());
  if (!status.ok()) return ReportFailure(status, command.server);
  CustomerCommand other = command;
  other.customer = command.merged;
  // Of an undo it is the id of who was merged: her identities find the other one now.
  if (status = FindName(other, *stub, request.mutable_merged()); !status.ok()) {
    return ReportFailure(status, command.server);
  }
  request.set_undo(command.undo);
  if (command.latest) request.set_conflict(v1::ATTRIBUTE_CONFLICT_LATEST);
  v1::Customer customer;
  status = stub->MergeCustomers(NewContext(kLongTimeoutSeconds).get(), request, &customer);
  if (!status.ok()) return ReportFailure(status, command.server);
  return Print(command, customer, CustomerText);
}

int GetHousehold(const CustomerCommand& command) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::GetHouseholdRequest request;
  request.set_name("households/" + command.customer);
  v1::Household household;
  const grpc::Status status = stub->GetHousehold(NewContext().get(), request, &household);
  if (!status.ok()) return ReportFailure(status, command.server);
  return Print(command, household, HouseholdText);
}

using Run = int (*)(const CustomerCommand&);

// A subcommand about one customer, or none.
CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& help, Run run,
                     bool one, std::shared_ptr<CustomerCommand> command, int& exit_code) {
  CLI::App* added = app.add_subcommand(name, help);
  AddServerFlag(*added, command->server);
  if (one) {
    added->add_option("CUSTOMER", command->customer, "Her id, or an identity: loyalty_card:4711")
        ->required();
  }
  added->callback([run, command, &exit_code] { exit_code = run(*command); });
  return added;
}

}  // namespace

void AddCustomerCommands(CLI::App& app, int& exit_code) {
  CLI::App* customer = app.add_subcommand("customer", "Look at customers, export or erase them");
  customer->require_subcommand(1);
  auto get = std::make_shared<CustomerCommand>();
  CLI::App* get_app = AddCommand(*customer, "get", "Show one customer as of now", GetCustomer,
                                 /*one=*/true, get, exit_code);
  get_app->add_option("--events", get->events, "How many of her latest events to list")
      ->check(CLI::Range(0, 100));
  get_app->add_flag("--json", get->json, "Print JSON, for programs");

  auto list = std::make_shared<CustomerCommand>();
  list->count = 100;
  CLI::App* list_app = AddCommand(*customer, "list", "List customers by id, with their segments",
                                  ListCustomers, /*one=*/false, list, exit_code);
  list_app->add_option("--count", list->count, "How many to list")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  list_app->add_flag("--json", list->json, "Print each as JSON, for programs");

  AddCommand(*customer, "export",
             "Print everything that is held about one customer as JSON: profile, events, outcomes, "
             "decisions",
             ExportCustomer, /*one=*/true, std::make_shared<CustomerCommand>(), exit_code);

  auto merge = std::make_shared<CustomerCommand>();
  CLI::App* merge_app = AddCommand(*customer, "merge", "Make two customers one, or take that back",
                                   MergeCustomers, /*one=*/true, merge, exit_code);
  merge_app->add_option("MERGED", merge->merged, "Who goes into CUSTOMER: an id or an identity")
      ->required();
  merge_app->add_flag("--latest", merge->latest,
                      "Where both have an attribute, keep the one that was stated last");
  merge_app->add_flag("--undo", merge->undo, "Take the merge of these two back");
  merge_app->add_flag("--json", merge->json, "Print JSON, for programs");

  auto household = std::make_shared<CustomerCommand>();
  CLI::App* household_app =
      customer->add_subcommand("household", "Show one household: its members and what they share");
  AddServerFlag(*household_app, household->server);
  household_app->add_option("HOUSEHOLD", household->customer, "Its id")->required();
  household_app->add_flag("--json", household->json, "Print JSON, for programs");
  household_app->callback([household, &exit_code] { exit_code = GetHousehold(*household); });

  auto erase = std::make_shared<CustomerCommand>();
  CLI::App* erase_app =
      AddCommand(*customer, "erase",
                 "Erase one customer for good; returns when nothing is left of her", EraseCustomer,
                 /*one=*/true, erase, exit_code);
  erase_app->add_flag("--yes", erase->yes, "Do not ask for the id to be typed again");
}

}  // namespace touchstone::server
