#include <cstdio>
#include <memory>
#include <string>

#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/cli/decide_request.h"
#include "server/cli/decision_text.h"
#include "server/cli/explanation_text.h"
#include "touchstone/v1/customer_service.grpc.pb.h"
#include "touchstone/v1/decision_service.grpc.pb.h"
#include "touchstone/v1/rule_set_service.grpc.pb.h"

namespace touchstone::server {
namespace {

struct DecideCommand {
  std::string server;
  std::string file;
  std::string customer;
  DecideFlags request;
  bool json = false;
};

struct ExplainCommand {
  std::string server;
  std::string decision_id;
  std::vector<std::string> offers;
  bool facts = false;
  bool json = false;
};

int SayWrong(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return kExitUsage;
}

// A request names a customer by her identities: the first one that her profile has.
int AddIdentityOf(const DecideCommand& command, v1::DecideRequest* request) {
  const auto stub = v1::CustomerService::NewStub(Connect(command.server));
  v1::GetCustomerRequest get;
  v1::Customer customer;
  get.set_name("customers/" + command.customer);
  const grpc::Status status = stub->GetCustomer(NewContext().get(), get, &customer);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (customer.identities_size() == 0) {
    std::fprintf(stderr,
                 "This customer has no identity that a decision could find her by. Add one with "
                 "UpdateCustomer (add_identities).\n");
    return kExitUsage;
  }
  *request->mutable_context()->add_identities() = customer.identities(0);
  return kExitFine;
}

// The rule set's first currency, for baskets whose currency was not said.
int FindCurrency(const DecideCommand& command, std::string* currency) {
  const auto stub = v1::RuleSetService::NewStub(Connect(command.server));
  v1::GetActiveRevisionRequest get;
  v1::GetActiveRevisionResponse active;
  get.set_view(v1::REVISION_VIEW_MESSAGE);
  const grpc::Status status = stub->GetActiveRevision(NewContext().get(), get, &active);
  if (!status.ok()) return ReportFailure(status, command.server);
  const auto& currencies = active.revision().source().rule_set().settings().currencies();
  if (!currencies.empty()) *currency = currencies.Get(0);
  return kExitFine;
}

int Decide(const DecideCommand& command) {
  if (command.file.empty() && command.request.channel.empty()) {
    return SayWrong(absl::InvalidArgumentError(
        "Name a request file, or at least --channel. `touchstone decide --help` shows both."));
  }
  DecideFlags flags = command.request;
  if (flags.transaction.empty()) flags.transaction = NewRequestId();
  if (!flags.lines.empty() && flags.currency.empty()) {
    if (const int failed = FindCurrency(command, &flags.currency); failed != kExitFine) {
      return failed;
    }
  }
  absl::StatusOr<v1::DecideRequest> request =
      command.file.empty() ? RequestFromFlags(flags) : RequestFromFile(command.file);
  if (!request.ok()) return SayWrong(request.status());
  if (!command.customer.empty()) {
    if (const int failed = AddIdentityOf(command, &*request); failed != kExitFine) return failed;
  }
  const auto stub = v1::DecisionService::NewStub(Connect(command.server));
  v1::DecideResponse response;
  const grpc::Status status = stub->Decide(NewContext().get(), *request, &response);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(response);
  } else {
    std::fputs(DecisionText(response).c_str(), stdout);
  }
  return kExitFine;
}

int Explain(const ExplainCommand& command) {
  const auto stub = v1::DecisionService::NewStub(Connect(command.server));
  v1::ExplainRequest request;
  v1::ExplainResponse response;
  request.set_decision_id(command.decision_id);
  for (const std::string& offer : command.offers) request.add_offer_ids(offer);
  request.set_verbosity(command.facts ? v1::EXPLAIN_VERBOSITY_FACTS : v1::EXPLAIN_VERBOSITY_OFFERS);
  const grpc::Status status = stub->Explain(NewContext().get(), request, &response);
  if (!status.ok()) {
    const int failed = ReportFailure(status, command.server);
    const bool unexplained = status.error_code() == grpc::StatusCode::NOT_FOUND ||
                             status.error_code() == grpc::StatusCode::FAILED_PRECONDITION ||
                             status.error_code() == grpc::StatusCode::DATA_LOSS;
    return unexplained ? kExitFindings : failed;
  }
  if (command.json) {
    PrintJson(response);
  } else {
    std::fputs(ExplanationText(response).c_str(), stdout);
  }
  return response.rebuild() == v1::REBUILD_STATE_DIFFERENT ? kExitFindings : kExitFine;
}

}  // namespace

void AddDecideCommands(CLI::App& app, int& exit_code) {
  CLI::App* decide = app.add_subcommand("decide", "Make one decision and show it");
  auto command = std::make_shared<DecideCommand>();
  AddServerFlag(*decide, command->server);
  decide->add_option("FILE", command->file,
                     "A request as JSON, or as YAML if it ends in .yaml; without it the flags "
                     "below make one");
  decide->add_option("--channel", command->request.channel, "Channel: pos, call, web");
  decide->add_option("--customer", command->customer, "Id of the customer");
  decide->add_option("--identity", command->request.identities,
                     "Key that finds the customer: loyalty_card:4711");
  decide->add_option("--store", command->request.store, "Key of the store");
  decide->add_option("--line", command->request.lines, "A line of the basket: SKU:QUANTITY:PRICE");
  decide->add_option("--currency", command->request.currency,
                     "Currency of the basket; the rule set's first if left out");
  decide->add_option("--placement", command->request.placements, "A slot to fill");
  decide->add_option("--attribute", command->request.attributes, "A fact: weather=rain");
  decide->add_option("--locale", command->request.locale, "Language of texts: de-CH");
  decide->add_option("--transaction", command->request.transaction, "Id of the transaction");
  decide->add_flag("--json", command->json, "Print JSON, for programs");
  decide->callback([command, &exit_code] { exit_code = Decide(*command); });

  CLI::App* explain = app.add_subcommand("explain", "Say for every offer why it won or lost");
  auto asked = std::make_shared<ExplainCommand>();
  AddServerFlag(*explain, asked->server);
  explain->add_option("DECISION", asked->decision_id, "Id of a decision")->required();
  explain->add_option("--offer", asked->offers,
                      "Only this offer, with its conditions part by part; may be repeated");
  explain->add_flag("--facts", asked->facts, "Also list the facts that were read");
  explain->add_flag("--json", asked->json, "Print JSON, for programs");
  explain->callback([asked, &exit_code] { exit_code = Explain(*asked); });
}

}  // namespace touchstone::server
