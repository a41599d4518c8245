#include "server/services/report_service.h"

#include <utility>

#include "server/services/kept_import.h"
#include "server/services/resource_name.h"
#include "store/background_priority.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;

constexpr absl::Duration kRetryWhenReading = absl::Seconds(10);

}  // namespace

ReportService::ReportService(const Backend& backend)
    : RpcService("touchstone.v1.ReportService", backend.limit), backend_(backend) {
  Serve<v1::GetDataQualityRequest, v1::DataQuality>(
      "GetDataQuality",
      [this](const auto& request, auto* response) { return GetDataQuality(request, response); });
  Serve<v1::RecordImportRunRequest, v1::RecordImportRunResponse>(
      "RecordImportRun",
      [this](const auto& request, auto* /*response*/) { return RecordImportRun(request); });
  RefuseTheRest();
}

grpc::Status ReportService::GetDataQuality(const v1::GetDataQualityRequest& request,
                                           v1::DataQuality* response) {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: attributes have no declarations");
  }
  const rules::Schema& schema = live->rule_set->schema;
  std::vector<Violation> violations;
  CheckMatchSets(request, schema, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const std::unique_lock<std::mutex> reading(reading_, std::try_to_lock);
  if (!reading.owns_lock()) {
    return Overloaded(kRetryWhenReading, "another report is being made: wait until it is done");
  }
  DataQualityScan scan(schema, request, backend_.proposer->now());
  absl::Status read;
  store::RunYielding([&] { read = Read(&scan, response); });
  if (absl::IsCancelled(read)) {
    return RpcError(StatusCode::UNAVAILABLE, v1::ERROR_REASON_NOT_READY,
                    "the server is going down: ask again when it is back");
  }
  return read.ok() ? grpc::Status::OK : StoreError(read);
}

absl::Status ReportService::ScanCustomers(
    absl::FunctionRef<void(absl::string_view, const store::RecordView&)> visit) const {
  absl::Status status;
  const absl::Status scanned = backend_.store->ScanRecords(
      store::RecordKind::kCustomer, "", [&](absl::string_view id, absl::string_view record) {
        const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(record);
        if (!view.ok()) {
          status = view.status();
        } else if (backend_.draining->load(std::memory_order_relaxed)) {
          status = absl::CancelledError("going down");
        } else {
          visit(id, *view);
        }
        return status.ok();
      });
  return scanned.ok() ? status : scanned;
}

absl::Status ReportService::Read(DataQualityScan* scan, v1::DataQuality* response) const {
  absl::Status status = ScanCustomers(
      [scan](absl::string_view id, const store::RecordView& record) { scan->Add(id, record); });
  if (!status.ok()) return status;
  for (const std::string& customer : scan->sampled_customers()) {
    const auto events = backend_.store->ListLatestEvents(customer, DataQualityScan::kLatestEvents);
    if (!events.ok()) return events.status();
    if (backend_.draining->load(std::memory_order_relaxed)) {
      return absl::CancelledError("going down");
    }
    scan->AddEvents(*events);
  }
  if (scan->FindDuplicates()) {
    status = ScanCustomers([scan](absl::string_view id, const store::RecordView& record) {
      scan->AddExample(id, record);
    });
    if (!status.ok()) return status;
  }
  const absl::StatusOr<std::vector<storage::ImportRun>> runs = backend_.store->ListImportRuns();
  if (!runs.ok()) return runs.status();
  *response = scan->Report(*runs);
  return absl::OkStatus();
}

grpc::Status ReportService::RecordImportRun(const v1::RecordImportRunRequest& request) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  CheckImportRun(request.run(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  storage::Entry entry =
      backend_.proposer->NewEntry(request.request_id(), BodyHash("RecordImportRun", request));
  *entry.mutable_record_import()->mutable_run() = ToStored(request.run());
  storage::EntryResult result;
  return backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_INVALID_REQUEST, &result);
}

}  // namespace touchstone::server
