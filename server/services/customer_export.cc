#include "server/services/customer_export.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/decide/identity.h"
#include "server/decide/receipt_subject.h"
#include "server/services/code_conversion.h"
#include "server/services/customer_reader.h"
#include "server/services/resource_name.h"
#include "touchstone/storage/v1/receipt.pb.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using storage::Receipt;

grpc::Status Gone() { return grpc::Status(StatusCode::CANCELLED, "the caller has gone"); }

v1::Completeness CompletenessOf(const Receipt& receipt) {
  switch (receipt.completeness()) {
    case Receipt::COMPLETENESS_COMPLETE:
      return v1::COMPLETENESS_COMPLETE;
    case Receipt::COMPLETENESS_PARTIAL:
      return v1::COMPLETENESS_PARTIAL;
    case Receipt::COMPLETENESS_FALLBACK:
      return v1::COMPLETENESS_FALLBACK;
    default:
      return v1::COMPLETENESS_UNSPECIFIED;
  }
}

v1::PersonalState PersonalOf(const Receipt& receipt) {
  switch (receipt.customer_input()) {
    case Receipt::INPUT_KNOWN:
      return v1::PERSONAL_STATE_READ;
    case Receipt::INPUT_UNKNOWN:
      return v1::PERSONAL_STATE_UNKNOWN;
    case Receipt::INPUT_ANONYMOUS:
      return v1::PERSONAL_STATE_ANONYMOUS;
    case Receipt::INPUT_UNAVAILABLE:
      return v1::PERSONAL_STATE_NOT_READ;
    default:
      return v1::PERSONAL_STATE_UNSPECIFIED;
  }
}

// False: the bytes are no receipt.
bool Summarise(const store::ReceiptRef& kept, v1::DecisionSummary* summary) {
  Receipt receipt;
  v1::DecideRequest request;
  if (!receipt.ParseFromArray(kept.bytes.data(), static_cast<int>(kept.bytes.size())) ||
      !request.ParseFromString(receipt.request())) {
    return false;
  }
  summary->set_decision_id(std::string(kept.decision_id));
  *summary->mutable_decide_time() = ToTimestamp(kept.time);
  summary->set_revision(RevisionName(receipt.revision()));
  summary->set_transaction_id(request.context().transaction_id());
  summary->set_step(request.context().step());
  *summary->mutable_touchpoint() = request.context().touchpoint();
  summary->set_completeness(CompletenessOf(receipt));
  summary->set_personal(PersonalOf(receipt));
  return true;
}

}  // namespace

grpc::Status CustomerExport::Run(RpcStream& stream) {
  v1::ExportCustomerRequest request;
  grpc::Status status;
  if (!stream.Read(&request, &status)) return status.ok() ? Gone() : status;
  std::vector<Violation> violations;
  const std::optional<std::string> id = ParseCustomerName(request.name(), "name", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  absl::StatusOr<std::string> survivor = backend_.store->GetSurvivor(*id);
  if (!survivor.ok()) return StoreError(survivor.status());
  id_ = *std::move(survivor);
  for (const auto send :
       {&CustomerExport::SendCustomer, &CustomerExport::SendMerged, &CustomerExport::SendEvents,
        &CustomerExport::SendOutcomes, &CustomerExport::SendCodes, &CustomerExport::SendGrants,
        &CustomerExport::SendDecisions}) {
    if (status = (this->*send)(stream); !status.ok()) return status;
  }
  return grpc::Status::OK;
}

grpc::Status CustomerExport::SendCustomer(RpcStream& stream) {
  const grpc::Status read = CustomerReader(backend_).ReadProfile(id_, ProfileFields(), &customer_);
  if (!read.ok()) return read;
  v1::ExportCustomerResponse piece;
  *piece.mutable_customer() = customer_;
  return stream.Write(piece) ? grpc::Status::OK : Gone();
}

grpc::Status CustomerExport::SendMerged(RpcStream& stream) {
  const auto merged = backend_.store->ListMerged(id_);
  if (!merged.ok()) return StoreError(merged.status());
  for (const auto& [merged_id, undo] : *merged) {
    ids_.push_back(merged_id);
    v1::ExportCustomerResponse piece;
    const absl::Status filled = CustomerReader(backend_).Fill(
        merged_id, undo.merged_record(), ProfileFields(), piece.mutable_merged_customer());
    if (!filled.ok()) return StoreError(filled);
    if (!stream.Write(piece)) return Gone();
  }
  ids_.push_back(id_);
  return grpc::Status::OK;
}

grpc::Status CustomerExport::SendEvents(RpcStream& stream) {
  grpc::Status status;
  const absl::Status scanned =
      backend_.store->ScanEvents(id_, [&](const storage::StoredEvent& event) {
        v1::ExportCustomerResponse piece;
        if (!piece.mutable_event()->ParseFromString(event.body())) {
          status = StoreError(absl::DataLossError("events: malformed event"));
        } else if (!stream.Write(piece)) {
          status = Gone();
        }
        return status.ok();
      });
  return scanned.ok() ? status : StoreError(scanned);
}

grpc::Status CustomerExport::SendOutcomes(RpcStream& stream) {
  grpc::Status status;
  const absl::Status scanned =
      backend_.store->ScanOutcomes(id_, [&](const storage::StoredOutcome& outcome) {
        v1::ExportCustomerResponse piece;
        if (!piece.mutable_outcome()->ParseFromString(outcome.body())) {
          status = StoreError(absl::DataLossError("outcomes: malformed outcome"));
          return false;
        }
        // The body says no time where the caller gave none.
        *piece.mutable_outcome()->mutable_occurred_at() = ToTimestamp(outcome.time_us());
        if (!stream.Write(piece)) status = Gone();
        return status.ok();
      });
  return scanned.ok() ? status : StoreError(scanned);
}

grpc::Status CustomerExport::SendCodes(RpcStream& stream) {
  for (const std::string& id : ids_) {
    const absl::StatusOr<std::vector<std::string>> codes = backend_.store->ListCodes(id);
    if (!codes.ok()) return StoreError(codes.status());
    for (const std::string& text : *codes) {
      storage::Code code;
      const absl::StatusOr<store::Found> found =
          backend_.store->GetCode(text, store::ReadTier::kMayBlock, &code);
      if (!found.ok()) return StoreError(found.status());
      if (*found != store::Found::kFound) continue;
      v1::ExportCustomerResponse piece;
      *piece.mutable_code() = ToMessage(text, code);
      if (!stream.Write(piece)) return Gone();
    }
  }
  return grpc::Status::OK;
}

grpc::Status CustomerExport::SendGrants(RpcStream& stream) {
  const auto grants = backend_.store->ListGrants(id_);
  if (!grants.ok()) return StoreError(grants.status());
  const absl::Time now = backend_.proposer->now();
  for (const auto& [grant_id, grant] : *grants) {
    v1::ExportCustomerResponse piece;
    *piece.mutable_grant() = ToMessage(grant_id, grant, id_, now);
    if (!stream.Write(piece)) return Gone();
  }
  return grpc::Status::OK;
}

grpc::Status CustomerExport::SendDecisions(RpcStream& stream) {
  std::vector<std::string> identities;
  for (const v1::Identity& identity : customer_.identities()) {
    identities.push_back(IdentityKey({}, identity));
  }
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  const ReceiptSubject subject(
      ids_, std::move(identities),
      live == nullptr ? IdentitySpecs() : live->rule_set->schema.identities);
  grpc::Status status;
  const absl::Status scanned = backend_.receipts->Scan(
      absl::InfinitePast(), absl::InfiniteFuture(), [&](const store::ReceiptRef& kept) {
        if (!subject.Owns(kept.bytes)) return true;
        v1::ExportCustomerResponse piece;
        if (!Summarise(kept, piece.mutable_decision())) {
          status = StoreError(absl::DataLossError("receipts: malformed receipt"));
        } else if (!stream.Write(piece)) {
          status = Gone();
        }
        return status.ok();
      });
  return scanned.ok() ? status : StoreError(scanned);
}

}  // namespace touchstone::server
