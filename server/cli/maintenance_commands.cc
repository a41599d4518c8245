#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "server/cli/cli.h"
#include "server/cli/columns.h"
#include "server/cli/connection.h"
#include "server/cli/decision_text.h"
#include "server/config.h"
#include "store/backup.h"
#include "touchstone/v1/maintenance_service.grpc.pb.h"

namespace touchstone::server {
namespace {

// A first backup copies and verifies everything.
constexpr int kBackupSeconds = 24 * 3600;

struct BackupCommand {
  std::string server;
  int keep = 0;
  bool list = false;
  bool json = false;
};

struct RestoreCommand {
  std::string backup_dir;
  std::string data_dir = ServerConfig().data_dir;
  uint32_t backup = 0;
};

std::string Bytes(int64_t bytes) {
  constexpr double kMiB = 1024.0 * 1024.0;
  return absl::StrFormat("%.1f MiB", static_cast<double>(bytes) / kMiB);
}

int ListBackups(const BackupCommand& command) {
  const auto stub = v1::MaintenanceService::NewStub(Connect(command.server));
  v1::ListBackupsResponse listed;
  const grpc::Status status = stub->ListBackups(NewContext().get(), {}, &listed);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(listed);
    return kExitFine;
  }
  if (listed.backups().empty()) std::printf("there are no backups yet\n");
  Columns columns({Align::kRight, Align::kLeft, Align::kRight, Align::kRight});
  for (const v1::Backup& backup : listed.backups()) {
    columns.Add({absl::StrCat(backup.number()), TimeText(backup.create_time()),
                 absl::StrCat(Bytes(backup.store_bytes()), " of data"),
                 absl::StrCat(Bytes(backup.receipt_bytes()), " of receipts")});
  }
  std::printf("%s", columns.Text("").c_str());
  return kExitFine;
}

int CreateBackup(const BackupCommand& command) {
  const auto stub = v1::MaintenanceService::NewStub(Connect(command.server));
  v1::CreateBackupRequest request;
  request.set_keep(command.keep);
  v1::Backup backup;
  const grpc::Status status =
      stub->CreateBackup(NewContext(kBackupSeconds).get(), request, &backup);
  if (!status.ok()) return ReportFailure(status, command.server);
  if (command.json) {
    PrintJson(backup);
    return kExitFine;
  }
  std::printf("backup %lld: %s of data, %s of receipts; %s were new; verified\n",
              static_cast<long long>(backup.number()), Bytes(backup.store_bytes()).c_str(),
              Bytes(backup.receipt_bytes()).c_str(), Bytes(backup.copied_bytes()).c_str());
  return kExitFine;
}

int Restore(const RestoreCommand& command) {
  const absl::StatusOr<store::Backup> restored =
      store::RestoreBackup(command.backup_dir, command.backup, command.data_dir);
  if (!restored.ok()) {
    std::fprintf(stderr, "%s\n", std::string(restored.status().message()).c_str());
    return absl::IsDataLoss(restored.status()) ? kExitFindings : kExitUsage;
  }
  std::printf(
      "backup %u of %s is in %s; `touchstone verify --data-dir %s` checks it once more\n",
      restored->number,
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", restored->created, absl::UTCTimeZone()).c_str(),
      command.data_dir.c_str(), command.data_dir.c_str());
  return kExitFine;
}

}  // namespace

void AddMaintenanceCommands(CLI::App& app, int& exit_code) {
  CLI::App* backup_app =
      app.add_subcommand("backup", "Add a backup to the server's backup-dir while it serves");
  auto backup = std::make_shared<BackupCommand>();
  AddServerFlag(*backup_app, backup->server);
  backup_app->add_option("--keep", backup->keep,
                         "How many backups stay, this one among them; 0: all");
  backup_app->add_flag("--list", backup->list, "List the backups instead of making one");
  backup_app->add_flag("--json", backup->json, "Print the answer as JSON");
  backup_app->callback([backup, &exit_code] {
    exit_code = backup->list ? ListBackups(*backup) : CreateBackup(*backup);
  });

  CLI::App* restore_app = app.add_subcommand(
      "restore", "Put a backup into a new data folder; start the server on it afterwards");
  auto restore = std::make_shared<RestoreCommand>();
  restore_app->add_option("--backup-dir", restore->backup_dir, "The folder that backups went to")
      ->envname(EnvironmentName("backup-dir"))
      ->required();
  restore_app
      ->add_option("--data-dir", restore->data_dir, "The folder to make; missing or empty so far")
      ->envname(EnvironmentName("data-dir"))
      ->capture_default_str();
  restore_app->add_option("--backup", restore->backup,
                          "Its number, as `touchstone backup --list` shows it; 0: the latest");
  restore_app->callback([restore, &exit_code] { exit_code = Restore(*restore); });
}

}  // namespace touchstone::server
