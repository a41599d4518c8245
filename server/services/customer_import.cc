#include "server/services/customer_import.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/rpc/rpc_error.h"
#include "server/services/customer_change.h"
#include "server/services/resource_name.h"

namespace touchstone::server {

using grpc::StatusCode;

grpc::Status CustomerImport::Run(RpcStream& stream) {
  grpc::Status status;
  while (stream.Read(&request_, &status)) {
    if (status = CheckBatch(); !status.ok()) return status;
    if (status = WriteBatch(); !status.ok()) return status;
    last_sequence_ = request_.sequence();
    if (!stream.Write(response_)) {
      return grpc::Status(StatusCode::CANCELLED, "the caller has gone");
    }
  }
  return status;
}

grpc::Status CustomerImport::CheckBatch() const {
  std::vector<Violation> violations;
  CheckRequestId(request_.request_id(), &violations);
  if (request_.sequence() <= last_sequence_) {
    violations.push_back({"sequence", "must grow from batch to batch, from 1"});
  }
  if (request_.rows_size() < 1 || request_.rows_size() > kMaxImportRows) {
    violations.push_back({"rows", "must be 1 to 10,000"});
  }
  if (request_.ByteSizeLong() > kMaxImportBatchBytes) {
    violations.push_back({"rows", "must be at most 4 MiB"});
  }
  CheckOrigin(request_.source(), request_.has_as_of() ? &request_.as_of() : nullptr, &violations);
  return violations.empty() ? grpc::Status::OK : InvalidRequest(violations);
}

grpc::Status CustomerImport::WriteBatch() {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: attributes have no declarations");
  }
  const ChangeOrigin origin = OriginOf(request_, backend_.proposer->now());
  storage::Entry entry =
      backend_.proposer->NewEntry(absl::StrCat(request_.request_id(), "/", request_.sequence()),
                                  BodyHash("ImportCustomers", request_));
  storage::UpdateRecords* updates = entry.mutable_update_records();
  std::vector<int> row_of_update;
  response_.Clear();
  response_.set_sequence(request_.sequence());
  std::vector<v1::RejectedRow> rejected;
  for (int i = 0; i < request_.rows_size(); ++i) {
    storage::UpdateRecord update;
    std::vector<Violation> violations;
    PlanRow(request_.rows(i), live->rule_set->schema, origin, &update, &violations);
    if (violations.empty()) {
      *updates->add_updates() = std::move(update);
      row_of_update.push_back(i);
      continue;
    }
    v1::RejectedRow& row = rejected.emplace_back();
    row.set_index(i);
    *row.mutable_error() = InvalidItem(violations);
  }
  if (!row_of_update.empty()) {
    storage::EntryResult result;
    grpc::Status written =
        backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
    if (!written.ok()) return written;
    for (const storage::EntryResult::RefusedItem& item : result.refused_items()) {
      if (item.index() >= row_of_update.size()) continue;  // a replay under another schema
      v1::RejectedRow& row = rejected.emplace_back();
      row.set_index(row_of_update[item.index()]);
      *row.mutable_error() =
          RefusalStatus(item.refusal(), item.refusal_detail(), v1::ERROR_REASON_CUSTOMER_NOT_FOUND);
    }
  }
  std::sort(rejected.begin(), rejected.end(),
            [](const auto& a, const auto& b) { return a.index() < b.index(); });
  response_.set_written_count(request_.rows_size() - static_cast<int>(rejected.size()));
  for (v1::RejectedRow& row : rejected) *response_.add_rejected_rows() = std::move(row);
  return grpc::Status::OK;
}

}  // namespace touchstone::server
