#pragma once

// MaintenanceService: backups, and the aggregates that are being filled.
//
// Thread safety: as RpcService. Lifetime: what is given must outlive it.

#include <mutex>
#include <string>
#include <vector>

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "store/backup.h"
#include "touchstone/v1/maintenance_service.pb.h"

namespace touchstone::server {

// What is backed up beside the store, and where to.
struct BackupPlace {
  store::Backups* backups = nullptr;  // null: not configured
  std::string data_dir;
  std::vector<std::string> files;  // below data_dir
};

class MaintenanceService final : public RpcService {
 public:
  MaintenanceService(const Backend& backend, BackupPlace place);

 private:
  grpc::Status CreateBackup(const v1::CreateBackupRequest& request, v1::Backup* response);
  grpc::Status ListBackups(v1::ListBackupsResponse* response) const;
  grpc::Status ListBackfills(v1::ListBackfillsResponse* response) const;

  const Backend backend_;
  const BackupPlace place_;
  std::mutex making_;  // a backup
};

}  // namespace touchstone::server
