#include "server/services/customer_import.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/rpc_error.h"
#include "server/services/contact_import.h"
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
  CustomerBatchPlan plan;
  if (grpc::Status planned = plan.Plan(backend_, request_); !planned.ok()) return planned;
  storage::EntryResult result;
  if (!plan.empty() && !request_.validate_only()) {
    grpc::Status written =
        backend_.proposer->Write(plan.TakeEntry(), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
    if (!written.ok()) return written;
  }
  response_.Clear();
  response_.set_sequence(request_.sequence());
  plan.Answer(result, &response_);
  return grpc::Status::OK;
}

grpc::Status CustomerBatchPlan::Plan(const Backend& backend,
                                     const v1::ImportCustomersRequest& request) {
  const std::shared_ptr<const LiveState> live = backend.live->Get();
  if (live == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: attributes have no declarations");
  }
  std::vector<Violation> faults;
  CheckOrigin(request.source(), request.has_as_of() ? &request.as_of() : nullptr, &faults);
  if (!faults.empty()) return InvalidRequest(faults);
  const ChangeOrigin origin = OriginOf(request, backend.proposer->now());
  row_count_ = request.rows_size();
  // What nobody will ask for again is not remembered.
  const bool remembered = !request.request_id().empty();
  entry_ = backend.proposer->NewEntry(
      remembered ? absl::StrCat(request.request_id(), "/", request.sequence()) : "",
      remembered ? BodyHash("ImportCustomers", request) : 0);
  storage::UpdateRecords* updates = entry_.mutable_update_records();
  updates->mutable_updates()->Reserve(row_count_);
  store::RecordPatch contacts;
  for (int i = 0; i < row_count_; ++i) {
    const v1::CustomerRow& row = request.rows(i);
    storage::UpdateRecord* update = updates->add_updates();
    std::vector<Violation> violations;
    PlanRow(row, live->rule_set->schema, origin, update, &violations);
    contacts.Clear();
    PlanContacts(row.contacts(), row.customer_id(), *live->rule_set, origin.now, "contacts",
                 &contacts, &violations);
    if (violations.empty()) {
      update->mutable_patch()->append(contacts.bytes());
      row_of_update_.push_back(i);
      continue;
    }
    updates->mutable_updates()->RemoveLast();
    v1::RejectedRow& rejected = rejected_.emplace_back();
    rejected.set_index(i);
    *rejected.mutable_error() = InvalidItem(violations);
  }
  return grpc::Status::OK;
}

void CustomerBatchPlan::Answer(const storage::EntryResult& result,
                               v1::ImportCustomersResponse* response) {
  for (const storage::EntryResult::RefusedItem& item : result.refused_items()) {
    if (item.index() >= row_of_update_.size()) continue;  // a replay under another schema
    v1::RejectedRow& row = rejected_.emplace_back();
    row.set_index(row_of_update_[item.index()]);
    *row.mutable_error() =
        RefusalStatus(item.refusal(), item.refusal_detail(), v1::ERROR_REASON_CUSTOMER_NOT_FOUND);
  }
  std::sort(rejected_.begin(), rejected_.end(),
            [](const auto& a, const auto& b) { return a.index() < b.index(); });
  response->set_written_count(row_count_ - static_cast<int>(rejected_.size()));
  for (v1::RejectedRow& row : rejected_) *response->add_rejected_rows() = std::move(row);
}

}  // namespace touchstone::server
