#include "server/services/reference_import.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "server/live/reference_binding.h"
#include "server/log.h"
#include "server/services/reference_service.h"
#include "server/services/resource_name.h"

namespace touchstone::server {

using grpc::StatusCode;

namespace {

constexpr size_t kMaxVersionBytes = 64;

std::string RowField(int index) { return absl::StrCat("rows[", index, "]"); }

}  // namespace

grpc::Status ReferenceImport::Run(RpcStream& stream) {
  grpc::Status status;
  while (stream.Read(&message_, &status)) {
    if (status = TakeRows(); !status.ok()) return status;
  }
  if (!status.ok()) return status;
  v1::ImportReferenceResponse response;
  if (status = Import(stream, &response); status.ok()) stream.Write(response);
  return status;
}

grpc::Status ReferenceImport::TakeRows() {
  bytes_ += message_.ByteSizeLong();
  if (first_) {
    first_ = false;
    table_ = std::move(message_);
  } else {
    for (v1::ReferenceTableRow& row : *message_.mutable_rows()) {
      *table_.add_rows() = std::move(row);
    }
    if (message_.total_rows() != 0) table_.set_total_rows(message_.total_rows());
  }
  message_.Clear();
  if (bytes_ > kMaxReferenceBytes)
    return InvalidRequest({{"rows", "must be at most 60 MiB in all"}});
  if (table_.rows_size() > kMaxReferenceRows) {
    return InvalidRequest({{"rows", "must be at most 10,000,000 in all"}});
  }
  return grpc::Status::OK;
}

grpc::Status ReferenceImport::CheckRows(const rules::ReferenceSpec& spec) const {
  std::vector<int> order(static_cast<size_t>(table_.rows_size()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [this](int a, int b) { return table_.rows(a).key() < table_.rows(b).key(); });
  std::vector<int> repeated;
  for (size_t i = 1; i < order.size(); ++i) {
    if (table_.rows(order[i]).key() == table_.rows(order[i - 1]).key()) {
      repeated.push_back(order[i]);
    }
  }
  std::sort(repeated.begin(), repeated.end());
  std::vector<Violation> violations;
  size_t rows_at_fault = 0;
  for (int i = 0; i < table_.rows_size() && rows_at_fault < kMaxReportedRows; ++i) {
    const size_t before = violations.size();
    CheckReferenceRow(table_.rows(i), spec, RowField(i), &violations);
    if (std::binary_search(repeated.begin(), repeated.end(), i)) {
      violations.push_back({absl::StrCat(RowField(i), ".key"), "is the key of an earlier row too",
                            v1::ERROR_REASON_DUPLICATE_KEY});
    }
    if (violations.size() > before) ++rows_at_fault;
  }
  return violations.empty() ? grpc::Status::OK : InvalidRequest(violations);
}

// To gRPC a connection that breaks ends a stream as its caller does, and may say so later only: a
// caller who states the number of rows is safe from that.
grpc::Status ReferenceImport::CheckWhole(const RpcStream& stream) const {
  if (stream.IsCancelled()) {
    return grpc::Status(StatusCode::CANCELLED, "the caller has gone: nothing was imported");
  }
  if (table_.total_rows() != 0 && table_.total_rows() != table_.rows_size()) {
    return InvalidRequest({{"total_rows", absl::StrCat("is not the number of rows that came: ",
                                                       table_.rows_size())}});
  }
  return grpc::Status::OK;
}

grpc::Status ReferenceImport::Import(const RpcStream& stream,
                                     v1::ImportReferenceResponse* response) {
  if (grpc::Status whole = CheckWhole(stream); !whole.ok()) return whole;
  std::vector<Violation> violations;
  CheckRequestId(table_.request_id(), &violations);
  if (table_.version().size() > kMaxVersionBytes) {
    violations.push_back({"version", "must be at most 64 bytes"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: reference tables have no declarations");
  }
  const rules::ReferenceSpec* spec = FindReferenceSpec(live->rule_set->schema, table_.table());
  if (spec == nullptr) {
    return InvalidRequest(
        {{"table", "is not a table that the schema of the active revision declares",
          v1::ERROR_REASON_NAME_NOT_DECLARED}});
  }
  if (grpc::Status checked = CheckRows(*spec); !checked.ok()) return checked;

  if (table_.validate_only()) {
    response->set_reference_version(absl::StrCat(live->reference_version));
    response->set_row_count(table_.rows_size());
    return grpc::Status::OK;
  }
  const std::string request_id = table_.request_id();
  const uint64_t body_hash = BodyHash("ImportReference", table_);
  const int rows = table_.rows_size();
  storage::Entry entry = backend_.proposer->NewEntry(request_id, body_hash);
  table_.clear_request_id();
  table_.clear_total_rows();
  if (grpc::Status whole = CheckWhole(stream); !whole.ok()) return whole;  // checking took its time
  entry.mutable_import_reference()->set_table(table_.table());
  entry.mutable_import_reference()->set_snapshot(table_.SerializeAsString());
  backend_.proposer->SetAudit("import_reference", table_.table(), table_.version(), &entry);
  storage::EntryResult result;
  grpc::Status written =
      backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_SNAPSHOT_NOT_FOUND, &result);
  if (!written.ok()) return written;
  if (grpc::Status live_now = MakeLive(backend_); !live_now.ok()) return live_now;
  Log(LogLevel::kInfo, "reference_imported",
      {{"table", table_.table()}, {"rows", absl::StrCat(rows)}});
  response->set_reference_version(absl::StrCat(result.reference_version()));
  response->set_row_count(rows);
  return grpc::Status::OK;
}

ReferenceService::ReferenceService(const Backend& backend)
    : RpcService("touchstone.v1.ReferenceService", backend.limit), backend_(backend) {
  ServeStream("ImportReference",
              [this](RpcStream& stream) { return ReferenceImport(backend_).Run(stream); });
  RefuseTheRest();
}

}  // namespace touchstone::server
