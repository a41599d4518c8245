#pragma once

// ReportService: how good the data is, and what became of imports.
//
// Thread safety: as RpcService. Lifetime: the backend must outlive it.

#include <mutex>

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "server/services/data_quality.h"
#include "touchstone/v1/report_service.pb.h"

namespace touchstone::server {

class ReportService final : public RpcService {
 public:
  explicit ReportService(const Backend& backend);

 private:
  grpc::Status GetDataQuality(const v1::GetDataQualityRequest& request, v1::DataQuality* response);
  grpc::Status RecordImportRun(const v1::RecordImportRunRequest& request) const;
  // Takes as long as reading all records does; Cancelled when the server goes down meanwhile.
  absl::Status Read(DataQualityScan* scan, v1::DataQuality* response) const;
  absl::Status ScanCustomers(
      absl::FunctionRef<void(absl::string_view, const store::RecordView&)> visit) const;

  const Backend backend_;
  std::mutex reading_;  // one report at a time
};

}  // namespace touchstone::server
