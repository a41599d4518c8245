#include "server/services/maintenance_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/log.h"
#include "server/rpc/rpc_error.h"
#include "server/services/resource_name.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;

constexpr int kMostKept = 1000;

grpc::Status NotConfigured() {
  return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_BACKUP_NOT_CONFIGURED,
                  "the server was started without backup-dir, the folder that backups go to");
}

v1::Backup ToMessage(const store::Backup& backup) {
  v1::Backup message;
  message.set_number(backup.number);
  *message.mutable_create_time() = ToTimestamp(backup.created);
  message.set_store_bytes(static_cast<int64_t>(backup.store_bytes));
  message.set_receipt_bytes(static_cast<int64_t>(backup.file_bytes));
  message.set_copied_bytes(static_cast<int64_t>(backup.copied_bytes));
  message.set_position(static_cast<int64_t>(backup.position));
  return message;
}

}  // namespace

MaintenanceService::MaintenanceService(const Backend& backend, BackupPlace place)
    : RpcService("touchstone.v1.MaintenanceService", backend.limit),
      backend_(backend),
      place_(std::move(place)) {
  Serve<v1::CreateBackupRequest, v1::Backup>(
      "CreateBackup",
      [this](const auto& request, auto* response) { return CreateBackup(request, response); });
  Serve<v1::ListBackupsRequest, v1::ListBackupsResponse>(
      "ListBackups",
      [this](const auto& /*request*/, auto* response) { return ListBackups(response); });
  Serve<v1::ListBackfillsRequest, v1::ListBackfillsResponse>(
      "ListBackfills",
      [this](const auto& /*request*/, auto* response) { return ListBackfills(response); });
  RefuseTheRest();
}

grpc::Status MaintenanceService::CreateBackup(const v1::CreateBackupRequest& request,
                                              v1::Backup* response) {
  if (request.keep() < 0 || request.keep() > kMostKept) {
    return InvalidRequest({{"keep", "must be 0 to 1,000"}});
  }
  if (place_.backups == nullptr) return NotConfigured();
  const std::unique_lock<std::mutex> making(making_, std::try_to_lock);
  if (!making.owns_lock()) {
    return RpcError(StatusCode::ABORTED, v1::ERROR_REASON_BACKUP_RUNNING,
                    "another backup is being made: wait until it is done");
  }
  const absl::StatusOr<store::Backup> backup =
      place_.backups->Create(*backend_.store, place_.data_dir, place_.files,
                             backend_.proposer->now(), static_cast<uint32_t>(request.keep()));
  if (!backup.ok()) {
    Log(LogLevel::kError, "backup_failed", {{"error", backup.status().message()}});
    return RpcError(StatusCode::UNAVAILABLE, v1::ERROR_REASON_BACKUP_FAILED,
                    absl::StrCat("the backup failed: ", backup.status().message()));
  }
  Log(LogLevel::kInfo, "backed_up",
      {{"number", absl::StrCat(backup->number)},
       {"position", absl::StrCat(backup->position)},
       {"copied_bytes", absl::StrCat(backup->copied_bytes)}});
  *response = ToMessage(*backup);
  return grpc::Status::OK;
}

grpc::Status MaintenanceService::ListBackups(v1::ListBackupsResponse* response) const {
  if (place_.backups == nullptr) return NotConfigured();
  for (const store::Backup& backup : place_.backups->List()) {
    *response->add_backups() = ToMessage(backup);
  }
  return grpc::Status::OK;
}

grpc::Status MaintenanceService::ListBackfills(v1::ListBackfillsResponse* response) const {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) return grpc::Status::OK;
  const absl::StatusOr<storage::Backfill> backfill = backend_.store->GetBackfill();
  if (!backfill.ok()) return StoreError(backfill.status());
  for (const rules::AggregateSpec& aggregate : live->rule_set->schema.aggregates) {
    // As decisions see it, which is a moment behind the row.
    if (!std::binary_search(live->incomplete_aggregates.begin(), live->incomplete_aggregates.end(),
                            aggregate.id)) {
      continue;
    }
    v1::Backfill* told = response->add_backfills();
    told->set_aggregate(aggregate.name);
    told->set_done_customers(static_cast<int64_t>(backfill->done_records()));
    told->set_total_customers(static_cast<int64_t>(backfill->total_records()));
    *told->mutable_start_time() = ToTimestamp(absl::FromUnixMicros(backfill->started_time_us()));
  }
  return grpc::Status::OK;
}

}  // namespace touchstone::server
