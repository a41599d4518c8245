#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/cli/cli.h"
#include "server/cli/columns.h"
#include "server/cli/connection.h"
#include "server/cli/customer_text.h"
#include "server/cli/terms_options.h"
#include "server/decide/identity.h"
#include "server/rpc/rpc_error.h"
#include "server/services/resource_name.h"
#include "touchstone/v1/grant_service.grpc.pb.h"

namespace touchstone::server {
namespace {

struct GrantCommand {
  std::string server;
  std::string holder;
  std::string offer;
  TermsOptions terms;
  std::string batch;
  std::string grant;
  bool json = false;
};

template <typename Message>
void SetHolder(const std::string& holder, Message* message) {
  if (IsIdentity(holder)) {
    *message->mutable_identity() = ParseIdentityKey(holder);
  } else {
    message->set_customer(CustomerName(holder));
  }
}

std::string UsesText(const v1::Grant& grant) {
  return absl::StrCat(grant.used(), " of ", grant.max_uses(),
                      grant.max_uses() == 1 ? " use" : " uses",
                      grant.reserved() > 0 ? absl::StrCat(", ", grant.reserved(), " held") : "");
}

std::string GrantsText(const google::protobuf::RepeatedPtrField<v1::Grant>& grants) {
  Columns columns(
      {Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft, Align::kLeft});
  for (const v1::Grant& grant : grants) {
    columns.Add({grant.grant_id(), grant.offer_id(), StateText(grant), UsesText(grant),
                 EndText(grant), grant.batch()});
  }
  return columns.Text("");
}

int List(const GrantCommand& command) {
  v1::ListGrantsRequest request;
  SetHolder(command.holder, &request);
  v1::ListGrantsResponse response;
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  const grpc::Status status = stub->ListGrants(NewContext().get(), request, &response);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(response);
  } else {
    std::fputs(GrantsText(response.grants()).c_str(), stdout);
  }
  return kExitFine;
}

int Give(const GrantCommand& command) {
  v1::ImportGrantsRequest request;
  request.set_batch(command.batch.empty() ? NewRequestId() : command.batch);
  v1::GrantItem& grant = *request.add_grants();
  SetHolder(command.holder, &grant);
  grant.set_offer_id(command.offer);
  if (const absl::Status set = SetTerms(command.terms, &grant); !set.ok()) {
    std::fprintf(stderr, "%s\n", std::string(set.message()).c_str());
    return kExitUsage;
  }
  v1::ImportGrantsResponse response;
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  const grpc::Status status = stub->ImportGrants(NewContext().get(), request, &response);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (!response.refused().empty()) {
    return ReportFailure(RpcError(response.refused(0).error()), command.server);
  }
  std::printf(response.granted() > 0 ? "granted\n" : "was granted before, in this batch\n");
  return kExitFine;
}

int Revoke(const GrantCommand& command) {
  v1::RevokeGrantRequest request;
  request.set_request_id(NewRequestId());
  request.set_grant_id(command.grant);
  v1::Grant grant;
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  const grpc::Status status = stub->RevokeGrant(NewContext().get(), request, &grant);
  if (!status.ok()) return ReportFailure(status, command.server);
  std::printf("revoked: %s of %s, %s\n", grant.offer_id().c_str(), grant.customer().c_str(),
              UsesText(grant).c_str());
  return kExitFine;
}

}  // namespace

void AddGrantCommands(CLI::App& app, int& exit_code) {
  CLI::App* grants =
      app.add_subcommand("grants", "Give, list and revoke the grants of one customer");
  grants->require_subcommand(1);
  auto command = std::make_shared<GrantCommand>();
  const auto add = [&](const char* name, const char* what, int (*run)(const GrantCommand&)) {
    CLI::App* added = grants->add_subcommand(name, what);
    added->callback([command, run, &exit_code] { exit_code = run(*command); });
    AddServerFlag(*added, command->server);
    return added;
  };
  CLI::App* list = add("list", "List all grants of a customer, the newest first", List);
  list->add_flag("--json", command->json, "Print JSON, for programs");
  CLI::App* give = add("give", "Grant a customer an offer: goodwill, a promise made by hand", Give);
  give->add_option("--offer", command->offer, "The offer, `applies: granted`")->required();
  AddTermsOptions(give, &command->terms);
  give->add_option("--batch", command->batch,
                   "Within it she is granted the offer once; made up if left out");
  for (CLI::App* of_customer : {list, give}) {
    of_customer->add_option("CUSTOMER", command->holder, "Her id, or an identity: loyalty_card:123")
        ->required();
  }
  CLI::App* revoke = add("revoke", "Withdraw a grant; what is held or sold stays", Revoke);
  revoke->add_option("GRANT", command->grant, "The id that `grants list` shows")->required();
}

}  // namespace touchstone::server
