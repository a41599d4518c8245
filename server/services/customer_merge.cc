#include "server/services/customer_merge.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/decide/identity.h"
#include "server/services/aggregate_filler.h"
#include "server/services/customer_reader.h"
#include "server/services/resource_name.h"
#include "store/record.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using store::Found;
using store::ReadTier;
using store::RecordKind;

constexpr size_t kMergedCustomers = 2;

}  // namespace

grpc::Status CustomerMerge::Check(const v1::MergeCustomersRequest& request, std::string* surviving,
                                  std::string* merged) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  const auto surviving_id = ParseCustomerName(request.surviving(), "surviving", &violations);
  const auto merged_id = ParseCustomerName(request.merged(), "merged", &violations);
  if (surviving_id.has_value() && surviving_id == merged_id) {
    violations.push_back({"merged", "must be another customer than `surviving`"});
  }
  if (!v1::AttributeConflict_IsValid(request.conflict())) {
    violations.push_back({"conflict", "must be SURVIVING or LATEST"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  if (backend_.live->Get() == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: aggregates have no declarations");
  }
  *surviving = *surviving_id;
  *merged = *merged_id;
  return grpc::Status::OK;
}

grpc::Status CustomerMerge::Write(storage::Entry entry) const {
  // What waits afterwards: these two, and the households that they are or were in.
  std::vector<WaitingRecord> waiting = {
      {RecordKind::kCustomer, entry.merge_customers().surviving()},
      {RecordKind::kCustomer, entry.merge_customers().merged()}};
  AddHouseholds(&waiting);
  storage::EntryResult result;
  grpc::Status written =
      backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
  if (!written.ok()) return written;
  AddHouseholds(&waiting);
  backend_.filler->RebuildNow(waiting);
  return grpc::Status::OK;
}

void CustomerMerge::AddHouseholds(std::vector<WaitingRecord>* records) const {
  for (size_t i = 0; i < kMergedCustomers; ++i) {
    store::PinnedValue record;
    const absl::StatusOr<Found> found = backend_.store->GetRecord(
        {RecordKind::kCustomer, (*records)[i].second}, ReadTier::kMayBlock, &record);
    if (!found.ok()) continue;  // the thread finds what waits
    WaitingRecord household(RecordKind::kHousehold, store::ReadHousehold(record.bytes()));
    const bool is_known = std::find(records->begin(), records->end(), household) != records->end();
    if (!household.second.empty() && !is_known) records->push_back(std::move(household));
  }
}

grpc::Status CustomerMerge::Run(const v1::MergeCustomersRequest& request,
                                v1::Customer* response) const {
  std::string surviving;
  std::string merged;
  if (grpc::Status checked = Check(request, &surviving, &merged); !checked.ok()) return checked;
  const uint64_t body_hash = BodyHash("MergeCustomers", request);
  std::optional<storage::EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  if (!first.has_value()) {
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    storage::MergeCustomers* merge = entry.mutable_merge_customers();
    merge->set_surviving(surviving);
    merge->set_merged(merged);
    merge->set_undo(request.undo());
    merge->set_latest_wins(request.conflict() == v1::ATTRIBUTE_CONFLICT_LATEST);
    backend_.proposer->SetAudit(request.undo() ? "undo_merge_customers" : "merge_customers",
                                request.surviving(), request.merged(), &entry);
    if (status = Write(std::move(entry)); !status.ok()) return status;
  }
  return CustomerReader(backend_).ReadProfile(request.undo() ? merged : surviving, ProfileFields(),
                                              response);
}

grpc::Status CustomerMerge::FindAnonymous(const std::string& customer_id,
                                          const v1::Identity& identity, const rules::Schema& schema,
                                          std::string* other) const {
  other->clear();
  const auto is_anonymous = [&schema](const std::string& name) {
    const rules::IdentitySpec* spec = FindNamespace(schema.identities, name);
    return spec != nullptr && spec->anonymous;
  };
  if (!is_anonymous(identity.namespace_())) return grpc::Status::OK;
  std::string holder;
  absl::StatusOr<Found> found = backend_.store->ResolveIdentity(
      IdentityKey(schema.identities, identity), ReadTier::kMayBlock, &holder);
  if (!found.ok()) return StoreError(found.status());
  if (*found != Found::kFound || holder == customer_id) return grpc::Status::OK;
  store::PinnedValue record;
  found = backend_.store->GetRecord({RecordKind::kCustomer, holder}, ReadTier::kMayBlock, &record);
  if (!found.ok()) return StoreError(found.status());
  if (*found != Found::kFound) return grpc::Status::OK;
  const absl::StatusOr<store::RecordView> view = store::RecordView::Parse(record.bytes());
  if (!view.ok()) return StoreError(view.status());
  for (size_t i = 0; i < view->identities().size(); ++i) {
    if (!is_anonymous(ParseIdentityKey(view->identities()[i]).namespace_())) {
      return grpc::Status::OK;
    }
  }
  *other = std::move(holder);
  return grpc::Status::OK;
}

grpc::Status CustomerMerge::MergeAnonymous(const std::string& customer_id,
                                           const v1::UpdateCustomerRequest& request) const {
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  for (const v1::Identity& identity : request.add_identities()) {
    std::string other;
    grpc::Status found = FindAnonymous(customer_id, identity, live->rule_set->schema, &other);
    if (!found.ok()) return found;
    if (other.empty()) continue;
    store::PinnedValue record;
    const absl::StatusOr<Found> exists = backend_.store->GetRecord(
        {RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &record);
    if (!exists.ok()) return StoreError(exists.status());
    if (*exists != Found::kFound) {
      if (!request.allow_missing()) return grpc::Status::OK;  // to be refused
      storage::Entry made = backend_.proposer->NewEntry("", 0);
      made.mutable_update_record()->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
      made.mutable_update_record()->mutable_record()->set_id(customer_id);
      storage::EntryResult result;
      grpc::Status written =
          backend_.proposer->Write(std::move(made), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
      if (!written.ok()) return written;
    }
    storage::Entry entry = backend_.proposer->NewEntry("", 0);
    entry.mutable_merge_customers()->set_surviving(customer_id);
    entry.mutable_merge_customers()->set_merged(other);
    backend_.proposer->SetAudit("merge_customers", CustomerName(customer_id), CustomerName(other),
                                &entry);
    if (grpc::Status written = Write(std::move(entry)); !written.ok()) return written;
  }
  return grpc::Status::OK;
}

}  // namespace touchstone::server
