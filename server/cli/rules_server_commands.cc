#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "rules/ruleset/diagnostic.h"
#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/cli/rule_set_folder.h"
#include "touchstone/v1/rule_set_service.grpc.pb.h"

namespace touchstone::server {
namespace {

// Compiling and testing a large rule set takes seconds.
constexpr int kTimeoutSeconds = 300;

struct RulesFlags {
  std::string server;
  std::string folder;
  std::string message;
  std::string revision;
  bool json = false;
};

void PrintDiagnostics(const v1::Diagnostics& diagnostics) {
  for (const v1::Diagnostic& from : diagnostics.diagnostics()) {
    rules::Diagnostic to;
    to.severity = from.severity() == v1::DIAGNOSTIC_SEVERITY_WARNING ? rules::Severity::kWarning
                                                                     : rules::Severity::kError;
    to.code = from.code();
    to.file = from.file();
    to.line = from.line();
    to.column = from.column();
    to.field_path = from.field_path();
    to.message = from.message();
    to.hint = from.hint();
    to.excerpt = from.excerpt();
    to.excerpt_begin = from.excerpt_begin();
    to.excerpt_end = from.excerpt_end();
    std::printf("%s\n", rules::Render(to).c_str());
  }
  if (diagnostics.omitted_count() > 0) {
    std::printf("and %d more: `touchstone rules validate` and `rules test` show all of them\n",
                diagnostics.omitted_count());
  }
}

// A rule set that is refused is a finding; everything else went wrong around it.
int ReportRuleSetError(const grpc::Status& status, const std::string& address) {
  const ErrorParts parts = PartsOf(status);
  if (parts.reason != "RULE_SET_INVALID" && parts.reason != "GOLDEN_TESTS_FAILED") {
    return ReportFailure(status, address);
  }
  PrintDiagnostics(parts.diagnostics);
  std::printf("%s\n", status.error_message().c_str());
  return kExitFindings;
}

// "7" and "revisions/7" are the same.
std::string RevisionNameOf(const std::string& text) {
  if (text.empty() || absl::StartsWith(text, "revisions/")) return text;
  return absl::StrCat("revisions/", text);
}

// Of PublishRevision and RollbackRevision.
template <typename Response>
void PrintTouchedGrants(const Response& response) {
  if (response.open_grants_touched() == 0) return;
  std::printf(
      "open grants of offers that it changes or drops: %lld, of which %lld keep their terms\n",
      static_cast<long long>(response.open_grants_touched()),
      static_cast<long long>(response.open_grants_kept()));
}

int Publish(const RulesFlags& flags) {
  absl::StatusOr<std::vector<rules::SourceFile>> files = ReadRuleSetFolder(flags.folder);
  if (!files.ok()) {
    std::fprintf(stderr, "%s\n", std::string(files.status().message()).c_str());
    return kExitUsage;
  }
  const auto stub = v1::RuleSetService::NewStub(Connect(flags.server));
  v1::CreateRevisionRequest create;
  v1::CreateRevisionResponse created;
  create.set_request_id(NewRequestId());
  create.set_message(flags.message);
  for (rules::SourceFile& file : *files) {
    v1::RuleSetFile* to = create.mutable_source()->mutable_files()->add_files();
    to->set_path(std::move(file.path));
    to->set_content(std::move(file.bytes));
  }
  grpc::Status status = stub->CreateRevision(NewContext(kTimeoutSeconds).get(), create, &created);
  if (!status.ok()) return ReportRuleSetError(status, flags.server);
  if (!flags.json) PrintDiagnostics(created.diagnostics());

  v1::PublishRevisionRequest publish;
  v1::PublishRevisionResponse published;
  publish.set_request_id(NewRequestId());
  publish.set_name(created.revision().name());
  status = stub->PublishRevision(NewContext(kTimeoutSeconds).get(), publish, &published);
  if (!status.ok()) return ReportRuleSetError(status, flags.server);
  if (flags.json) {
    PrintJson(published);
    return kExitFine;
  }
  std::printf("%s is active (%d offers)%s%s\n", published.revision().name().c_str(),
              published.revision().offer_count(),
              published.previous_revision().empty() ? "" : "; before it: ",
              published.previous_revision().c_str());
  PrintTouchedGrants(published);
  return kExitFine;
}

int Rollback(const RulesFlags& flags) {
  const auto stub = v1::RuleSetService::NewStub(Connect(flags.server));
  v1::RollbackRevisionRequest request;
  v1::RollbackRevisionResponse response;
  request.set_request_id(NewRequestId());
  request.set_name(RevisionNameOf(flags.revision));
  request.set_reason(flags.message);
  const grpc::Status status =
      stub->RollbackRevision(NewContext(kTimeoutSeconds).get(), request, &response);
  if (!status.ok()) return ReportRuleSetError(status, flags.server);
  if (flags.json) {
    PrintJson(response);
    return kExitFine;
  }
  std::printf("%s is active again; %s was taken back\n", response.revision().name().c_str(),
              response.rolled_back_revision().c_str());
  PrintTouchedGrants(response);
  return kExitFine;
}

std::string StateWord(v1::RevisionState state) {
  constexpr size_t kPrefix = sizeof("REVISION_STATE_") - 1;
  std::string word = v1::RevisionState_Name(state).substr(kPrefix);
  for (char& c : word) c = c == '_' ? ' ' : static_cast<char>(std::tolower(c));
  return word;
}

int List(const RulesFlags& flags) {
  const auto stub = v1::RuleSetService::NewStub(Connect(flags.server));
  v1::ListRevisionsResponse all;
  v1::ListRevisionsRequest request;
  do {
    v1::ListRevisionsResponse page;
    const grpc::Status status = stub->ListRevisions(NewContext().get(), request, &page);
    if (!status.ok()) return ReportFailure(status, flags.server);
    all.mutable_revisions()->MergeFrom(page.revisions());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  if (flags.json) {
    PrintJson(all);
    return kExitFine;
  }
  for (const v1::Revision& revision : all.revisions()) {
    const std::string created = absl::FormatTime(
        "%Y-%m-%d %H:%M:%S UTC", absl::FromUnixSeconds(revision.create_time().seconds()),
        absl::UTCTimeZone());
    std::printf("%-14s %-12s %s  %4d offers  %s\n", revision.name().c_str(),
                StateWord(revision.state()).c_str(), created.c_str(), revision.offer_count(),
                revision.message().c_str());
  }
  if (all.revisions_size() == 0) {
    std::printf("No revision yet. `touchstone rules publish FOLDER` makes the first one.\n");
  }
  return kExitFine;
}

CLI::App* AddCommand(CLI::App& rules_app, const std::string& name, const std::string& what,
                     int (*run)(const RulesFlags&), const std::shared_ptr<RulesFlags>& flags,
                     int& exit_code) {
  CLI::App* command = rules_app.add_subcommand(name, what);
  AddServerFlag(*command, flags->server);
  command->add_flag("--json", flags->json, "Print JSON, for programs");
  command->callback([flags, run, &exit_code] { exit_code = run(*flags); });
  return command;
}

}  // namespace

void AddServerRulesCommands(CLI::App& app, int& exit_code) {
  CLI::App* rules_app = app.get_subcommand("rules");
  auto publish = std::make_shared<RulesFlags>();
  CLI::App* command =
      AddCommand(*rules_app, "publish",
                 "Store a rule set as a revision and make it active, if it is valid and its "
                 "golden tests pass",
                 Publish, publish, exit_code);
  command->add_option("FOLDER", publish->folder, "The folder that holds rule_set.yaml")->required();
  command->add_option("--message,-m", publish->message, "What changes and why");

  auto rollback = std::make_shared<RulesFlags>();
  command = AddCommand(*rules_app, "rollback", "Go back to an earlier revision", Rollback, rollback,
                       exit_code);
  command->add_option("REVISION", rollback->revision,
                      "A revision that was active once; the one before the active one if left out");
  command->add_option("--message,-m", rollback->message, "Why, for the audit log");

  auto list = std::make_shared<RulesFlags>();
  AddCommand(*rules_app, "list", "List revisions, newest first", List, list, exit_code);
}

}  // namespace touchstone::server
