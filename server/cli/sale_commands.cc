#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/money/decimal.h"
#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/cli/decide_request.h"
#include "server/cli/sale_text.h"
#include "touchstone/v1/transaction_service.grpc.pb.h"

namespace touchstone::server {
namespace {

struct SaleCommand {
  std::string server;
  std::string transaction;
  std::string file;
  int step = 1;
  std::vector<std::string> lines;  // of a return: "LINE:QUANTITY"
  std::string return_transaction;
  std::string reason;
  bool json = false;
};

// For people, or for programs.
template <typename Message>
int Show(const SaleCommand& command, const grpc::Status& status, const Message& message,
         std::string (*text)(const Message&)) {
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(message);
  } else {
    std::fputs(text(message).c_str(), stdout);
  }
  return kExitFine;
}

template <typename Request>
Request Named(const SaleCommand& command) {
  Request request;
  request.set_request_id(NewRequestId());
  request.mutable_context()->set_transaction_id(command.transaction);
  request.mutable_context()->set_step(command.step);
  return request;
}

int Reserve(const SaleCommand& command) {
  const absl::StatusOr<v1::DecideRequest> decided = RequestFromFile(command.file);
  if (!decided.ok()) {
    std::fprintf(stderr, "%s\n", std::string(decided.status().message()).c_str());
    return kExitUsage;
  }
  v1::ReserveRequest request;
  request.set_request_id(NewRequestId());
  *request.mutable_context() = decided->context();
  *request.mutable_basket() = decided->basket();
  *request.mutable_attributes() = decided->attributes();
  v1::Reservation held;
  const auto stub = v1::TransactionService::NewStub(Connect(command.server));
  const grpc::Status status = stub->Reserve(NewContext().get(), request, &held);
  return Show(command, status, held, ReservationText);
}

int Commit(const SaleCommand& command) {
  v1::Sale sale;
  const auto stub = v1::TransactionService::NewStub(Connect(command.server));
  const grpc::Status status =
      stub->Commit(NewContext().get(), Named<v1::CommitRequest>(command), &sale);
  return Show(command, status, sale, SaleText);
}

int Release(const SaleCommand& command) {
  v1::ReleaseRequest request = Named<v1::ReleaseRequest>(command);
  request.set_reason(command.reason);
  v1::Reservation released;
  const auto stub = v1::TransactionService::NewStub(Connect(command.server));
  const grpc::Status status = stub->Release(NewContext().get(), request, &released);
  return Show(command, status, released, ReservationText);
}

int GetSale(const SaleCommand& command) {
  v1::GetSaleRequest request;
  request.set_transaction_id(command.transaction);
  v1::Sale sale;
  const auto stub = v1::TransactionService::NewStub(Connect(command.server));
  const grpc::Status status = stub->GetSale(NewContext().get(), request, &sale);
  return Show(command, status, sale, SaleText);
}

int Return(const SaleCommand& command) {
  v1::ReturnSaleRequest request = Named<v1::ReturnSaleRequest>(command);
  request.set_sale_transaction_id(command.transaction);
  request.mutable_context()->set_transaction_id(
      command.return_transaction.empty() ? NewRequestId() : command.return_transaction);
  request.set_reason(command.reason);
  for (const std::string& text : command.lines) {
    const size_t colon = text.rfind(':');
    const absl::StatusOr<rules::Decimal> quantity =
        colon == std::string::npos ? absl::InvalidArgumentError("")
                                   : rules::ParseDecimal(absl::string_view(text).substr(colon + 1));
    if (!quantity.ok()) {
      std::fprintf(stderr, "--line %s: write LINE:QUANTITY, such as 2:1\n", text.c_str());
      return kExitUsage;
    }
    v1::ReturnedLine* line = request.add_lines();
    line->set_line_id(text.substr(0, colon));
    line->set_quantity_thousandths(quantity->thousandths);
  }
  v1::ReturnSaleResponse response;
  const auto stub = v1::TransactionService::NewStub(Connect(command.server));
  const grpc::Status status = stub->ReturnSale(NewContext().get(), request, &response);
  return Show(command, status, response, ReturnText);
}

// A subcommand of `sale`, with what all of them have.
CLI::App* Add(CLI::App& sale, const std::string& name, const std::string& what,
              const std::shared_ptr<SaleCommand>& command, int (*run)(const SaleCommand&),
              int& exit_code) {
  CLI::App* added = sale.add_subcommand(name, what);
  AddServerFlag(*added, command->server);
  added->add_flag("--json", command->json, "Print JSON, for programs");
  added->callback([command, run, &exit_code] { exit_code = run(*command); });
  return added;
}

}  // namespace

void AddSaleCommands(CLI::App& app, int& exit_code) {
  CLI::App* sale = app.add_subcommand(
      "sale", "Reserve a basket, sell it, show a sale, take goods back: what a till does");
  sale->require_subcommand(1);
  auto command = std::make_shared<SaleCommand>();
  CLI::App* reserve = Add(*sale, "reserve", "Price a basket and claim what its offers need",
                          command, Reserve, exit_code);
  reserve
      ->add_option("FILE", command->file,
                   "A request as for `touchstone decide`, as JSON, or as YAML if it ends in .yaml")
      ->required();
  CLI::App* commit = Add(*sale, "commit", "Sell what is reserved", command, Commit, exit_code);
  CLI::App* release =
      Add(*sale, "release", "Give back what is reserved", command, Release, exit_code);
  CLI::App* get = Add(*sale, "get", "Show a sale: for each line, how it came to its price", command,
                      GetSale, exit_code);
  CLI::App* back = Add(*sale, "return", "Take goods of a sale back and say what to refund", command,
                       Return, exit_code);
  for (CLI::App* named : {commit, release, get, back}) {
    named->add_option("TRANSACTION", command->transaction, "Transaction of the sale")->required();
  }
  for (CLI::App* stepped : {commit, release}) {
    stepped->add_option("--step", command->step, "Step that was reserved; 1 if left out");
  }
  for (CLI::App* reasoned : {release, back}) {
    reasoned->add_option("--reason", command->reason, "Why, for the audit log");
  }
  back->add_option("--line", command->lines, "What comes back: LINE:QUANTITY")->required();
  back->add_option("--transaction", command->return_transaction,
                   "Transaction of the return; made up if left out");
}

}  // namespace touchstone::server
