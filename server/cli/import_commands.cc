#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "rules/facts/sip_hash.h"
#include "server/cli/cli.h"
#include "server/cli/connection.h"
#include "server/config.h"
#include "server/import/import_run.h"
#include "server/import/import_totals.h"
#include "server/import/mapping.h"
#include "server/import/offline_load.h"
#include "server/import/progress.h"
#include "touchstone/v1/report_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr rules::SipKey kIdentityKey = {0x746f756368737430, 0x696d706f72000001};
constexpr int kReportSeconds = 10;

struct ImportCommand {
  std::string server;
  std::string file;
  std::string mapping;
  std::string quarantine;
  std::string table;
  std::string data_dir = ServerConfig().data_dir;
  size_t event_retention = ServerConfig().event_retention;
  size_t chunk_mib = 512;
  double rate = 0;
  bool offline = false;
  bool dry_run = false;
  bool restart = false;
  bool json = false;
};

int SayWrong(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return kExitUsage;
}

absl::Status CheckKind(const Mapping& mapping, MappingKind wanted, const ImportCommand& command) {
  if (mapping.kind == wanted) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(command.mapping, " is a mapping of kind ", MappingKindName(mapping.kind),
                   "; `import ", MappingKindName(wanted), "` needs one of its own kind."));
}

// What has to be the same for a run to go on where another one stopped.
absl::StatusOr<std::string> IdentityOf(const ImportCommand& command, const std::string& mapping) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(command.file, error);
  const auto time = std::filesystem::last_write_time(command.file, error);
  if (error) return absl::NotFoundError(absl::StrCat("cannot read ", command.file));
  const uint64_t hash = rules::SipHash64(
      kIdentityKey, absl::StrCat(mapping, "\n", command.table, "\n", command.server, "\n",
                                 RowsInBatch(command.rate), "\n", EventsInBatch(command.rate)));
  return absl::StrCat(bytes, ".", time.time_since_epoch().count(), ".", absl::Hex(hash));
}

// Everything of one run.
class Import {
 public:
  Import(MappingKind kind, const ImportCommand& command) : kind_(kind), command_(command) {}

  int Run() {
    if (absl::Status prepared = Prepare(); !prepared.ok()) return SayWrong(prepared);
    const auto begun = std::chrono::steady_clock::now();
    const int64_t rows_before = state_->progress().totals.rows;
    const ImportResult result = RunKind();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    progress_->End();
    if (result.ok()) {
      state_->Forget();
    } else {
      state_->Save();
    }
    const ImportTotals totals = state_->progress().totals;
    if (command_.json) {
      PrintTotalsJson(totals, quarantine_->path());
    } else {
      PrintTotals(totals, kind_, quarantine_->path(), command_.dry_run);
    }
    SayRate(totals.rows - rows_before, took.count());
    if (!command_.dry_run) Report(result.ok());
    if (!result.call.ok()) return ReportFailure(result.call, command_.server);
    if (!result.file.ok()) return SayWrong(result.file);
    if (absl::Status kept = state_->status(); !kept.ok()) return SayWrong(kept);
    return totals.quarantined > 0 ? kExitFindings : kExitFine;
  }

 private:
  absl::Status Prepare() {
    std::string mapping_text;
    absl::StatusOr<Mapping> mapping = ReadMapping(command_.mapping, &mapping_text);
    if (!mapping.ok()) return mapping.status();
    mapping_ = *std::move(mapping);
    if (absl::Status fits = CheckKind(mapping_, kind_, command_); !fits.ok()) return fits;
    if (!command_.table.empty()) mapping_.table = command_.table;
    absl::StatusOr<std::unique_ptr<RowReader>> reader =
        RowReader::Open(command_.file, mapping_.columns);
    if (!reader.ok()) return reader.status();
    reader_ = *std::move(reader);
    const std::string quarantine =
        command_.quarantine.empty() ? command_.file + ".quarantine.csv" : command_.quarantine;
    std::error_code error;
    if (std::filesystem::equivalent(quarantine, command_.file, error)) {
      return absl::InvalidArgumentError(
          "--quarantine names the file that is imported. Name another one.");
    }
    quarantine_.emplace(quarantine);
    progress_.emplace(IsTerminal());
    if (command_.offline) {
      if (absl::Status opened = OpenStore(); !opened.ok()) return opened;
    }
    return FindState(mapping_text);
  }

  absl::Status FindState(const std::string& mapping_text) {
    // A table is loaded as a whole, and a dry run leaves nothing to go on with.
    const bool resumable = kind_ != MappingKind::kReference && !command_.dry_run;
    const std::string path = resumable ? command_.file + ".import-state.json" : "";
    const absl::StatusOr<std::string> identity = IdentityOf(command_, mapping_text);
    if (!identity.ok()) return identity.status();
    ImportProgress begin;
    begin.identity = *identity;
    begin.run_id = NewRequestId();
    begin.start_s = absl::ToUnixSeconds(absl::Now());
    absl::Status kept;
    std::optional<ImportProgress> earlier;
    if (resumable && !command_.restart) {
      absl::StatusOr<std::optional<ImportProgress>> found =
          command_.offline ? FindInStore(*identity) : FindInFile(path, *identity);
      if (!found.ok()) return found.status();
      earlier = *std::move(found);
    }
    if (earlier.has_value()) {
      begin = *std::move(earlier);
      std::fprintf(stderr, "going on behind the first %lld rows, which are imported\n",
                   static_cast<long long>(begin.totals.rows));
      kept = quarantine_->KeepFirst(begin.quarantine_bytes);
    } else {
      kept = quarantine_->Clear();
    }
    if (!kept.ok()) return kept;
    // A cold load keeps it in the store, with the rows that it speaks of.
    state_ = std::make_unique<ImportState>(command_.offline ? "" : path, std::move(begin),
                                           &*quarantine_);
    return absl::OkStatus();
  }

  static absl::StatusOr<std::optional<ImportProgress>> FindInFile(const std::string& path,
                                                                  const std::string& identity) {
    bool changed = false;
    absl::StatusOr<std::optional<ImportProgress>> found =
        ImportState::Find(path, identity, &changed);
    if (changed) SayChanged();
    return found;
  }

  absl::StatusOr<std::optional<ImportProgress>> FindInStore(const std::string& identity) const {
    const absl::StatusOr<std::optional<std::string>> kept = offline_->ReadState(LoadName());
    if (!kept.ok()) return kept.status();
    if (!kept->has_value()) return std::nullopt;
    absl::StatusOr<ImportProgress> progress = ImportProgress::FromJson(**kept);
    if (!progress.ok()) return progress.status();
    if (progress->identity == identity) return *std::move(progress);
    SayChanged();
    return std::nullopt;
  }

  static void SayChanged() {
    std::fprintf(stderr,
                 "an earlier import of this file was of another content, mapping or target: "
                 "beginning anew\n");
  }

  // Under which a cold load of the file is found again.
  std::string LoadName() const {
    std::error_code error;
    return std::filesystem::absolute(command_.file, error).string();
  }

  absl::Status OpenStore() {
    OfflineOptions options;
    options.data_dir = command_.data_dir;
    options.chunk_bytes = command_.chunk_mib << 20;
    options.clock = [] { return absl::Now(); };
    if (command_.event_retention > 0) {
      options.event_retention = absl::Hours(24) * command_.event_retention;
    }
    absl::StatusOr<std::unique_ptr<OfflineLoad>> load = OfflineLoad::Open(options);
    if (!load.ok()) return load.status();
    offline_ = *std::move(load);
    return absl::OkStatus();
  }

  ImportResult RunKind() {
    ImportRun run;
    run.reader = reader_.get();
    run.mapping = &mapping_;
    run.progress = &*progress_;
    run.state = state_.get();
    run.validate_only = command_.dry_run;
    run.rows_per_second = command_.rate;
    if (command_.offline) {
      return kind_ == MappingKind::kEvents
                 ? ImportEvents(run, offline_->Events(LoadName(), state_.get()).get())
                 : ImportCustomers(run, offline_->Customers(LoadName(), state_.get()).get());
    }
    LiveTarget target;
    target.channel = Connect(command_.server);
    target.sleep = [](int milliseconds) {
      std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    };
    switch (kind_) {
      case MappingKind::kCustomers:
      case MappingKind::kContacts:
        return ImportCustomers(run, LiveCustomerSink(target, state_.get()).get());
      case MappingKind::kEvents:
        return ImportEvents(run, LiveEventSink(target, state_.get()).get());
      case MappingKind::kGrants:
        return ImportGrants(run, LiveGrantSink(target, state_.get()).get());
      case MappingKind::kBudgets:
        return ImportBudgets(run, LiveBudgetSink(target, state_.get()).get());
      case MappingKind::kReference:
        return ImportReference(run, target);
    }
    return ImportResult();
  }

  void SayRate(int64_t rows, double seconds) const {
    if (seconds <= 0 || (command_.rate <= 0 && !IsTerminal())) return;
    std::fprintf(stderr, "%.0f rows a second\n", static_cast<double>(rows) / seconds);
  }

  // For the report on data quality: the import is none the worse without.
  void Report(bool well) const {
    v1::RecordImportRunRequest request;
    request.set_request_id(NewRequestId());
    FillImportRun(state_->progress(), mapping_, absl::Now(), well, request.mutable_run());
    std::string error;
    if (!command_.offline) {
      v1::RecordImportRunResponse response;
      const grpc::Status status =
          v1::ReportService::NewStub(Connect(command_.server))
              ->RecordImportRun(NewContext(kReportSeconds).get(), request, &response);
      error = status.error_message();
    } else if (well) {
      error = std::string(offline_->RecordRun(LoadName(), request.run()).message());
    }
    if (!well || error.empty()) return;
    std::fprintf(stderr, "the report on data quality will not know of this import: %s\n",
                 error.c_str());
  }

  const MappingKind kind_;
  const ImportCommand& command_;
  Mapping mapping_;
  std::unique_ptr<RowReader> reader_;
  std::optional<Quarantine> quarantine_;
  std::optional<Progress> progress_;
  std::unique_ptr<ImportState> state_;
  std::unique_ptr<OfflineLoad> offline_;
};

void AddOfflineFlags(CLI::App& command, ImportCommand* flags) {
  CLI::Option* offline =
      command.add_flag("--offline", flags->offline,
                       "Write the files of a server that is stopped: for the first load of many");
  offline->excludes("--dry-run")->excludes("--rate");
  command.add_option("--data-dir", flags->data_dir, "The server's data folder")
      ->capture_default_str()
      ->needs(offline);
  command
      .add_option("--event-retention", flags->event_retention,
                  "As the server's: events older than so many days are refused; 0: none is")
      ->capture_default_str()
      ->needs(offline);
  command.add_option("--chunk-mib", flags->chunk_mib, "Memory of the rows that go in at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536))
      ->needs(offline);
}

void AddImportCommand(CLI::App& import_app, const std::string& what, MappingKind kind,
                      int& exit_code) {
  CLI::App* command = import_app.add_subcommand(std::string(MappingKindName(kind)), what);
  auto flags = std::make_shared<ImportCommand>();
  AddServerFlag(*command, flags->server);
  command
      ->add_option("FILE", flags->file,
                   "CSV with a header row, or JSON Lines if it ends in .jsonl; .gz and .zst are "
                   "unpacked")
      ->required();
  command
      ->add_option("--mapping", flags->mapping,
                   "Which columns become what: docs/formats/import-mapping.md")
      ->required();
  command->add_option("--quarantine", flags->quarantine,
                      "Where rows that cannot be used are put, with the reason "
                      "[FILE.quarantine.csv]");
  command->add_flag("--dry-run", flags->dry_run,
                    "Check everything and write nothing but the quarantine file");
  if (kind == MappingKind::kReference) {
    command->add_option("--table", flags->table, "The table: product or store");
  } else {
    command->add_option("--rate", flags->rate, "Rows a second at most, beside a serving node")
        ->check(CLI::PositiveNumber);
    command->add_flag("--restart", flags->restart,
                      "Begin anew, whatever FILE.import-state.json says of an earlier run");
    // Which offers are granted and what budgets have, a server knows.
    if (kind != MappingKind::kGrants && kind != MappingKind::kBudgets)
      AddOfflineFlags(*command, flags.get());
  }
  command->add_flag("--json", flags->json, "Print the totals as JSON, for programs");
  command->callback([flags, kind, &exit_code] { exit_code = Import(kind, *flags).Run(); });
}

}  // namespace

void AddImportCommands(CLI::App& app, int& exit_code) {
  CLI::App* import_app =
      app.add_subcommand("import", "Load a file; exit code 1 says that rows were quarantined");
  import_app->require_subcommand(1);
  AddImportCommand(*import_app, "Create customers or change what is known of them",
                   MappingKind::kCustomers, exit_code);
  AddImportCommand(*import_app, "Append events; each counts once, however often it comes",
                   MappingKind::kEvents, exit_code);
  AddImportCommand(*import_app, "Append contacts that were made elsewhere; each counts once",
                   MappingKind::kContacts, exit_code);
  AddImportCommand(*import_app,
                   "Grant offers to customers; each counts once, however often it comes",
                   MappingKind::kGrants, exit_code);
  AddImportCommand(*import_app,
                   "Book what was used of budgets elsewhere; once, however often it comes",
                   MappingKind::kBudgets, exit_code);
  AddImportCommand(*import_app, "Replace a reference table", MappingKind::kReference, exit_code);
}

}  // namespace touchstone::server
