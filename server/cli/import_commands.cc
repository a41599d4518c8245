#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/import/import_run.h"
#include "server/import/mapping.h"
#include "server/json_string.h"

namespace touchstone::server {
namespace {

struct ImportCommand {
  std::string server;
  std::string file;
  std::string mapping;
  std::string quarantine;
  std::string table;
  bool json = false;
};

int SayWrong(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return kExitUsage;
}

void PrintTotals(const ImportTotals& totals, MappingKind kind, const Quarantine& quarantine) {
  std::printf(
      "%lld rows: %lld imported, %lld there already, %lld left out by the mapping, "
      "%lld quarantined\n",
      static_cast<long long>(totals.rows), static_cast<long long>(totals.imported),
      static_cast<long long>(totals.duplicate), static_cast<long long>(totals.left_out),
      static_cast<long long>(totals.quarantined));
  if (kind == MappingKind::kEvents) {
    std::printf("%lld new events, %lld there already\n", static_cast<long long>(totals.events_new),
                static_cast<long long>(totals.events_duplicate));
  }
  if (totals.quarantined > 0) {
    std::printf("%s says which rows and why\n", quarantine.path().c_str());
  }
}

void PrintTotalsJson(const ImportTotals& totals, const Quarantine& quarantine) {
  std::printf(
      "{\"rows\":%lld,\"imported\":%lld,\"duplicate\":%lld,\"left_out\":%lld,"
      "\"quarantined\":%lld,\"events_new\":%lld,\"events_duplicate\":%lld",
      static_cast<long long>(totals.rows), static_cast<long long>(totals.imported),
      static_cast<long long>(totals.duplicate), static_cast<long long>(totals.left_out),
      static_cast<long long>(totals.quarantined), static_cast<long long>(totals.events_new),
      static_cast<long long>(totals.events_duplicate));
  if (totals.quarantined > 0) {
    std::string path;
    AppendJsonString(quarantine.path(), &path);
    std::printf(",\"quarantine\":%s", path.c_str());
  }
  std::printf("}\n");
}

absl::Status CheckKind(const Mapping& mapping, MappingKind wanted, const ImportCommand& command) {
  static constexpr const char* kNames[] = {"customers", "events", "reference"};
  if (mapping.kind == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      command.mapping, " is a mapping of kind ", kNames[static_cast<size_t>(mapping.kind)],
      "; `import ", kNames[static_cast<size_t>(wanted)], "` needs one of its own kind."));
}

// What an earlier run left would pass for what this one found.
absl::Status ClearQuarantine(const std::string& path, const std::string& file) {
  std::error_code error;
  if (std::filesystem::equivalent(path, file, error)) {
    return absl::InvalidArgumentError(
        "--quarantine names the file that is imported. Name another one.");
  }
  std::filesystem::remove(path, error);
  if (!error) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot replace the quarantine file ", path, ": ", error.message()));
}

ImportResult RunImport(MappingKind kind, const ImportRun& run) {
  switch (kind) {
    case MappingKind::kCustomers:
      return ImportCustomers(run);
    case MappingKind::kEvents:
      return ImportEvents(run);
    case MappingKind::kReference:
      return ImportReference(run);
  }
  return ImportResult();
}

int Import(MappingKind kind, const ImportCommand& command) {
  absl::StatusOr<Mapping> mapping = ReadMapping(command.mapping);
  if (!mapping.ok()) return SayWrong(mapping.status());
  if (absl::Status fits = CheckKind(*mapping, kind, command); !fits.ok()) return SayWrong(fits);
  if (!command.table.empty()) mapping->table = command.table;
  absl::StatusOr<std::unique_ptr<RowReader>> reader =
      RowReader::Open(command.file, mapping->columns);
  if (!reader.ok()) return SayWrong(reader.status());
  const std::string quarantine_path =
      command.quarantine.empty() ? command.file + ".quarantine.csv" : command.quarantine;
  if (absl::Status free = ClearQuarantine(quarantine_path, command.file); !free.ok()) {
    return SayWrong(free);
  }
  Quarantine quarantine(quarantine_path);
  Progress progress(isatty(fileno(stderr)) != 0);
  ImportRun run;
  run.reader = reader->get();
  run.mapping = &*mapping;
  run.quarantine = &quarantine;
  run.progress = &progress;
  run.channel = Connect(command.server);
  run.run_id = NewRequestId();
  run.sleep = [](int milliseconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
  };
  const ImportResult result = RunImport(kind, run);
  progress.End();
  if (command.json) {
    PrintTotalsJson(result.totals, quarantine);
  } else {
    PrintTotals(result.totals, kind, quarantine);
  }
  if (!result.call.ok()) return ReportFailure(result.call, command.server);
  if (!result.file.ok()) return SayWrong(result.file);
  if (absl::Status kept = quarantine.status(); !kept.ok()) return SayWrong(kept);
  return result.totals.quarantined > 0 ? kExitFindings : kExitFine;
}

void AddImportCommand(CLI::App& import_app, const std::string& name, const std::string& what,
                      MappingKind kind, int& exit_code) {
  CLI::App* command = import_app.add_subcommand(name, what);
  auto flags = std::make_shared<ImportCommand>();
  AddServerFlag(*command, flags->server);
  command
      ->add_option("FILE", flags->file,
                   "CSV with a header row, or JSON Lines if it ends in .jsonl; .gz is unpacked")
      ->required();
  command
      ->add_option("--mapping", flags->mapping,
                   "Which columns become what: docs/formats/import-mapping.md")
      ->required();
  command->add_option("--quarantine", flags->quarantine,
                      "Where rows that cannot be used are put, with the reason "
                      "[FILE.quarantine.csv]");
  if (kind == MappingKind::kReference) {
    command->add_option("--table", flags->table, "The table: product or store");
  }
  command->add_flag("--json", flags->json, "Print the totals as JSON, for programs");
  command->callback([flags, kind, &exit_code] { exit_code = Import(kind, *flags); });
}

}  // namespace

void AddImportCommands(CLI::App& app, int& exit_code) {
  CLI::App* import_app =
      app.add_subcommand("import", "Load a file; exit code 1 says that rows were quarantined");
  import_app->require_subcommand(1);
  AddImportCommand(*import_app, "customers", "Create customers or change their attributes",
                   MappingKind::kCustomers, exit_code);
  AddImportCommand(*import_app, "events", "Append events; each counts once, however often it comes",
                   MappingKind::kEvents, exit_code);
  AddImportCommand(*import_app, "reference", "Replace a reference table", MappingKind::kReference,
                   exit_code);
}

}  // namespace touchstone::server
