#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/cli/cli.h"
#include "server/cli/code_file.h"
#include "server/cli/connection.h"
#include "server/cli/decision_text.h"
#include "server/cli/terms_options.h"
#include "server/decide/code_text.h"
#include "server/import/progress.h"
#include "server/services/code_issue.h"
#include "server/services/resource_name.h"
#include "store/keys.h"
#include "touchstone/v1/grant_service.grpc.pb.h"

namespace touchstone::server {
namespace {

// Room in a request id for the number of the batch.
constexpr size_t kMaxIdBytes = 52;

struct CodeCommand {
  std::string server;
  std::string offer;
  std::string customer;
  TermsOptions terms;
  std::string batch;
  std::string id;
  int64_t count = 0;
  std::string prefix;
  std::string out;
  std::string file;
  std::vector<std::string> codes;
  bool json = false;
};

int Usage(absl::string_view text) {
  std::fprintf(stderr, "%s\n", std::string(text).c_str());
  return kExitUsage;
}

absl::StatusOr<v1::CodeTerms> TermsOf(const CodeCommand& command) {
  v1::CodeTerms terms;
  terms.set_offer_id(command.offer);
  if (!command.customer.empty()) {
    terms.set_customer(absl::StartsWith(command.customer, "customers/")
                           ? command.customer
                           : CustomerName(command.customer));
  }
  if (absl::Status set = SetTerms(command.terms, &terms); !set.ok()) return set;
  terms.set_batch(command.batch);
  return terms;
}

// The id from which those of the calls are derived; empty: it is none.
std::string IdOf(const CodeCommand& command) {
  if (command.id.empty()) return NewRequestId();
  const bool fits = store::IsValidId(command.id) && command.id.size() <= kMaxIdBytes;
  if (!fits) std::fprintf(stderr, "--id: 1 to %zu of [A-Za-z0-9._-]\n", kMaxIdBytes);
  return fits ? command.id : "";
}

int Issue(const CodeCommand& command) {
  const absl::StatusOr<v1::CodeTerms> terms = TermsOf(command);
  if (!terms.ok()) return Usage(terms.status().message());
  const std::string id = IdOf(command);
  if (id.empty()) return kExitUsage;
  CodeOutput out;
  if (absl::Status opened = out.Open(command.out); !opened.ok()) return Usage(opened.message());
  std::fprintf(stderr, "the same command with --id %s makes the same codes, for 24 hours\n",
               id.c_str());
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  Progress progress(IsTerminal());
  int64_t done = 0;
  for (int64_t batch = 0; done < command.count; ++batch) {
    v1::IssueCodesRequest request;
    request.set_request_id(absl::StrCat(id, "-", batch));
    *request.mutable_terms() = *terms;
    request.set_count(static_cast<int32_t>(
        std::min<int64_t>(command.count - done, static_cast<int64_t>(kCodesOfCall))));
    request.set_prefix(command.prefix);
    v1::IssueCodesResponse response;
    const grpc::Status status = stub->IssueCodes(NewContext().get(), request, &response);
    if (!status.ok()) {
      progress.End();
      return ReportFailure(status, command.server);
    }
    for (const std::string& code : response.codes()) {
      if (absl::Status added = out.Add(code); !added.ok()) return Usage(added.message());
      ++done;
      progress.Update(done, static_cast<double>(done) / static_cast<double>(command.count));
    }
  }
  progress.End();
  if (absl::Status finished = out.Finish(); !finished.ok()) return Usage(finished.message());
  std::printf("%lld codes of %s are in %s\n", static_cast<long long>(done), command.offer.c_str(),
              command.out.c_str());
  return kExitFine;
}

// What became of the lines of a file.
struct ImportTotals {
  int64_t imported = 0;
  int64_t there = 0;
  int64_t refused = 0;
};

void Count(const CodeBatch& batch, const v1::ImportCodesResponse& response, CodeFile* file,
           ImportTotals* totals) {
  const absl::flat_hash_set<size_t> refused(response.refused().begin(), response.refused().end());
  totals->imported += response.imported();
  totals->there += response.duplicates();
  const auto refuse = [&](int64_t line) {
    ++totals->refused;
    file->Complain(line, "the code is there with other terms");
  };
  for (size_t i = 0; i < batch.codes.size(); ++i) {
    if (refused.contains(i)) refuse(batch.lines[i]);
  }
  for (const CodeBatch::Repeat& repeat : batch.repeats) {
    if (refused.contains(repeat.code)) {
      refuse(repeat.line);
    } else {
      ++totals->there;
    }
  }
}

int Import(const CodeCommand& command) {
  const absl::StatusOr<v1::CodeTerms> terms = TermsOf(command);
  if (!terms.ok()) return Usage(terms.status().message());
  const std::string id = IdOf(command);
  if (id.empty()) return kExitUsage;
  const absl::StatusOr<std::unique_ptr<CodeFile>> file = CodeFile::Open(command.file);
  if (!file.ok()) return Usage(file.status().message());
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  Progress progress(IsTerminal());
  ImportTotals totals;
  CodeBatch batch;
  for (int64_t number = 0; (*file)->Next(&batch); ++number) {
    v1::ImportCodesRequest request;
    request.set_request_id(absl::StrCat(id, "-", number));
    *request.mutable_terms() = *terms;
    for (const std::string& code : batch.codes) request.add_codes(code);
    v1::ImportCodesResponse response;
    const grpc::Status status = stub->ImportCodes(NewContext().get(), request, &response);
    if (!status.ok()) {
      progress.End();
      std::fprintf(stderr, "stopped before line %lld; the same command goes on\n",
                   static_cast<long long>(batch.lines.front()));
      return ReportFailure(status, command.server);
    }
    Count(batch, response, &**file, &totals);
    // It looks at every 256th row only, and a batch is rarely one.
    progress.Update((*file)->line_count() / 256 * 256, (*file)->fraction());
  }
  progress.End();
  if (!(*file)->status().ok()) return Usage((*file)->status().message());
  std::printf("%lld lines: %lld new, %lld there already, %lld refused, %lld no code, %lld empty\n",
              static_cast<long long>((*file)->line_count()),
              static_cast<long long>(totals.imported), static_cast<long long>(totals.there),
              static_cast<long long>(totals.refused), static_cast<long long>((*file)->malformed()),
              static_cast<long long>((*file)->empty()));
  return totals.refused + (*file)->malformed() == 0 ? kExitFine : kExitFindings;
}

std::string CodeText(const v1::Code& code) {
  const v1::CodeTerms& terms = code.terms();
  std::string text = absl::StrCat(code.code(), ": ", terms.offer_id());
  if (!terms.customer().empty()) absl::StrAppend(&text, ", of ", terms.customer());
  if (!terms.batch().empty()) absl::StrAppend(&text, ", batch ", terms.batch());
  absl::StrAppend(&text, "\nmade ", TimeText(code.create_time()));
  if (terms.has_start_time()) absl::StrAppend(&text, ", from ", TimeText(terms.start_time()));
  if (terms.has_end_time()) absl::StrAppend(&text, ", until ", TimeText(terms.end_time()));
  absl::StrAppend(&text, "\n", code.used(), " of ", terms.max_uses(),
                  terms.max_uses() == 1 ? " use" : " uses", " sold, ", code.reserved(), " held",
                  code.revoked() ? "; revoked" : "", "\n");
  return text;
}

int ShowCode(const CodeCommand& command) {
  v1::GetCodeRequest request;
  request.set_code(command.codes.front());
  v1::Code code;
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  const grpc::Status status = stub->GetCode(NewContext().get(), request, &code);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(code);
  } else {
    std::fputs(CodeText(code).c_str(), stdout);
  }
  return kExitFine;
}

// One call.
grpc::Status RevokeBatch(v1::GrantService::Stub* stub, const std::vector<std::string>& codes,
                         int64_t* revoked) {
  v1::RevokeCodesRequest request;
  request.set_request_id(NewRequestId());
  for (const std::string& code : codes) request.add_codes(code);
  v1::RevokeCodesResponse response;
  const grpc::Status status = stub->RevokeCodes(NewContext().get(), request, &response);
  *revoked += response.revoked();
  return status;
}

int Revoke(const CodeCommand& command) {
  if (command.codes.empty() == command.file.empty()) {
    return Usage("Name codes, or a file of them with --file.");
  }
  const auto stub = v1::GrantService::NewStub(Connect(command.server));
  int64_t revoked = 0;
  int64_t malformed = 0;
  grpc::Status status;
  if (command.file.empty()) {
    status = RevokeBatch(stub.get(), command.codes, &revoked);
  } else {
    const absl::StatusOr<std::unique_ptr<CodeFile>> file = CodeFile::Open(command.file);
    if (!file.ok()) return Usage(file.status().message());
    CodeBatch batch;
    while (status.ok() && (*file)->Next(&batch)) {
      status = RevokeBatch(stub.get(), batch.codes, &revoked);
      if (!status.ok()) {
        std::fprintf(stderr, "nothing was revoked from line %lld on\n",
                     static_cast<long long>(batch.lines.front()));
      }
    }
    if (!(*file)->status().ok()) return Usage((*file)->status().message());
    malformed = (*file)->malformed();
  }
  std::printf("%lld revoked\n", static_cast<long long>(revoked));
  if (!status.ok()) return ReportFailure(status, command.server);
  return malformed == 0 ? kExitFine : kExitFindings;
}

int CheckFile(const std::string& path) {
  const absl::StatusOr<std::unique_ptr<CodeFile>> file = CodeFile::Open(path);
  if (!file.ok()) return Usage(file.status().message());
  int64_t fine = 0;
  int64_t wrong = 0;
  CodeBatch batch;
  while ((*file)->Next(&batch)) {
    for (size_t i = 0; i < batch.codes.size(); ++i) {
      const bool is_fine = HasRightCheckSymbol(batch.codes[i]);
      ++(is_fine ? fine : wrong);
      if (!is_fine) (*file)->Complain(batch.lines[i], "the check symbol is wrong");
    }
  }
  if (!(*file)->status().ok()) return Usage((*file)->status().message());
  wrong += (*file)->malformed();
  std::printf("%lld fine, %lld wrong\n", static_cast<long long>(fine),
              static_cast<long long>(wrong));
  return wrong == 0 ? kExitFine : kExitFindings;
}

int Check(const CodeCommand& command) {
  if (command.codes.empty() == command.file.empty()) {
    return Usage("Name codes, or a file of them with --file.");
  }
  if (!command.file.empty()) return CheckFile(command.file);
  int exit_code = kExitFine;
  for (const std::string& text : command.codes) {
    const std::optional<std::string> code = NormalizeCode(text);
    const bool is_fine = code.has_value() && HasRightCheckSymbol(*code);
    std::printf("%s: %s\n", text.c_str(),
                is_fine ? "fine" : "mistyped, or not issued by Touchstone");
    if (!is_fine) exit_code = kExitFindings;
  }
  return exit_code;
}

// What `issue` and `import` say of the codes.
void AddTerms(CLI::App* app, const std::shared_ptr<CodeCommand>& command) {
  app->add_option("--offer", command->offer,
                  "The offer that they carry, `applies: coded` or `applies: granted`")
      ->required();
  AddTermsOptions(app, &command->terms);
  app->add_option("--customer", command->customer,
                  "Only for this customer; for whoever has the code if left out");
  app->add_option("--batch", command->batch, "A name for codes that belong together");
  app->add_option(
      "--id", command->id,
      "Names this run, so that a repeated command changes nothing; made up if left out");
}

}  // namespace

void AddCodeCommands(CLI::App& app, int& exit_code) {
  CLI::App* codes =
      app.add_subcommand("codes", "Issue, import, show, revoke and check codes of offers");
  codes->require_subcommand(1);
  auto command = std::make_shared<CodeCommand>();
  const auto add = [&](const char* name, const char* what, int (*run)(const CodeCommand&)) {
    CLI::App* added = codes->add_subcommand(name, what);
    added->callback([command, run, &exit_code] { exit_code = run(*command); });
    return added;
  };
  CLI::App* issue = add("issue", "Make random codes for an offer", Issue);
  issue->add_option("--count", command->count, "How many")
      ->required()
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000'000}));
  issue->add_option("--prefix", command->prefix,
                    "What each begins with: 0 to 16 letters or digits");
  issue->add_option("--out", command->out, "The file to write, one code a line")->required();
  CLI::App* import = add("import", "Take codes that were made elsewhere", Import);
  import->add_option("FILE", command->file, "One code a line")->required();
  for (CLI::App* made : {issue, import}) AddTerms(made, command);
  CLI::App* show = add("show", "Show a code with its uses", ShowCode);
  show->add_option("CODE", command->codes, "The code")->required()->expected(1);
  show->add_flag("--json", command->json, "Print JSON, for programs");
  CLI::App* revoke = add("revoke", "Withdraw codes; what is held or sold stays", Revoke);
  CLI::App* check =
      add("check", "Look for mistyped codes by their check symbol, without a server", Check);
  for (CLI::App* listed : {revoke, check}) {
    listed->add_option("CODE", command->codes, "The codes");
    listed->add_option("--file", command->file, "A file of codes, one a line");
  }
  for (CLI::App* served : {issue, import, show, revoke}) AddServerFlag(*served, command->server);
}

}  // namespace touchstone::server
