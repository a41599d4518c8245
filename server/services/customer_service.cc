#include "server/services/customer_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/decide/identity.h"
#include "server/services/customer_change.h"
#include "server/services/customer_export.h"
#include "server/services/customer_import.h"
#include "server/services/customer_merge.h"
#include "server/services/customer_profile.h"
#include "server/services/customer_reader.h"
#include "server/services/event_stream.h"
#include "server/services/resource_name.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using store::Found;
using store::ReadTier;

constexpr int kMaxRecentEvents = 100;
constexpr int kMaxResolvedIdentities = 16;
constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1000;
// Clients take messages of 4 MiB unless they are told otherwise.
constexpr size_t kMaxPageBytes = size_t{2} << 20;

}  // namespace

CustomerService::CustomerService(const Backend& backend)
    : RpcService("touchstone.v1.CustomerService", backend.limit),
      backend_(backend),
      appends_(backend_) {
  append_events_ = ServeRaw("AppendEvents");
  Serve<v1::GetCustomerRequest, v1::Customer>(
      "GetCustomer",
      [this](const auto& request, auto* response) { return Get(request, response); });
  Serve<v1::UpdateCustomerRequest, v1::Customer>(
      "UpdateCustomer",
      [this](const auto& request, auto* response) { return Update(request, response); });
  Serve<v1::ResolveIdentityRequest, v1::ResolveIdentityResponse>(
      "ResolveIdentity",
      [this](const auto& request, auto* response) { return Resolve(request, response); });
  ServeStream("AppendEventsStream",
              [this](RpcStream& stream) { return EventStream(backend_, &stream).Run(); });
  ServeStream("ImportCustomers",
              [this](RpcStream& stream) { return CustomerImport(backend_).Run(stream); });
  Serve<v1::ListCustomersRequest, v1::ListCustomersResponse>(
      "ListCustomers",
      [this](const auto& request, auto* response) { return List(request, response); });
  Serve<v1::DeleteCustomerRequest, v1::DeleteCustomerResponse>(
      "DeleteCustomer",
      [this](const auto& request, auto* response) { return Delete(request, response); });
  Serve<v1::MergeCustomersRequest, v1::Customer>(
      "MergeCustomers", [this](const auto& request, auto* response) {
        return CustomerMerge(backend_).Run(request, response);
      });
  Serve<v1::GetHouseholdRequest, v1::Household>(
      "GetHousehold",
      [this](const auto& request, auto* response) { return GetHousehold(request, response); });
  ServeStream("ExportCustomer",
              [this](RpcStream& stream) { return CustomerExport(backend_).Run(stream); });
  RefuseTheRest();
}

grpc::Status CustomerService::Get(const v1::GetCustomerRequest& request,
                                  v1::Customer* response) const {
  std::vector<Violation> violations;
  const std::optional<std::string> id = ParseCustomerName(request.name(), "name", &violations);
  if (request.recent_event_count() < 0 || request.recent_event_count() > kMaxRecentEvents) {
    violations.push_back({"recent_event_count", "must be 0 to 100"});
  }
  const ProfileFields fields = ProfileFields::Of(request.read_mask(), &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const CustomerReader reader(backend_);
  std::string found_id;
  store::PinnedValue record;
  if (grpc::Status found = reader.Find(*id, &found_id, &record); !found.ok()) return found;
  const absl::Status filled = reader.Fill(found_id, record.bytes(), fields, response);
  if (!filled.ok()) return StoreError(filled);
  const grpc::Status held = reader.FillHoldings(found_id, fields, response);
  if (!held.ok() || !fields.Has(v1::Customer::kRecentEventsFieldNumber)) return held;
  const absl::StatusOr<std::vector<storage::StoredEvent>> events =
      backend_.store->ListLatestEvents(found_id, static_cast<size_t>(request.recent_event_count()));
  if (!events.ok()) return StoreError(events.status());
  for (const storage::StoredEvent& event : *events) {
    if (!response->add_recent_events()->ParseFromString(event.body())) {
      return StoreError(absl::DataLossError("events: malformed event"));
    }
  }
  return grpc::Status::OK;
}

grpc::Status CustomerService::Update(const v1::UpdateCustomerRequest& request,
                                     v1::Customer* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  const std::optional<std::string> id =
      ParseCustomerName(request.customer().name(), "customer.name", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const uint64_t body_hash = BodyHash("UpdateCustomer", request);
  std::optional<storage::EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  if (!first.has_value()) {
    const std::shared_ptr<const LiveState> live = backend_.live->Get();
    if (live == nullptr) {
      return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                      "no revision has been published yet: attributes have no declarations");
    }
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    PlanUpdate(request, *id, live->rule_set->schema, backend_.proposer->now(),
               entry.mutable_update_record(), &violations);
    if (!violations.empty()) return InvalidRequest(violations);
    status = CustomerMerge(backend_).MergeAnonymous(*id, request);
    if (!status.ok()) return status;
    storage::EntryResult result;
    status =
        backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
    if (!status.ok()) return status;
    // Households that she joined or left count their events again.
    if (!request.customer().household().empty() || request.leave_household()) {
      backend_.filler->Wake();
    }
  }
  return CustomerReader(backend_).ReadProfile(*id, ProfileFields(), response);
}

grpc::Status CustomerService::GetHousehold(const v1::GetHouseholdRequest& request,
                                           v1::Household* response) const {
  std::vector<Violation> violations;
  const std::optional<std::string> id = ParseHouseholdName(request.name(), "name", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  return CustomerReader(backend_).ReadHousehold(*id, response);
}

grpc::Status CustomerService::List(const v1::ListCustomersRequest& request,
                                   v1::ListCustomersResponse* response) const {
  if (request.page_size() < 0 || request.page_size() > kMaxPageSize) {
    return InvalidRequest({Violation{"page_size", "must be 0 to 1,000"}});
  }
  // The token is the id of the next customer; one who was erased meanwhile is passed over.
  if (!request.page_token().empty() && !store::IsValidId(request.page_token())) {
    return RpcError(StatusCode::INVALID_ARGUMENT, v1::ERROR_REASON_PAGE_TOKEN_INVALID,
                    "page_token is not one of this listing");
  }
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  const CustomerReader reader(backend_);
  size_t bytes = 0;
  absl::Status filled;
  const absl::Status scanned = backend_.store->ScanRecords(
      store::RecordKind::kCustomer, request.page_token(),
      [&](absl::string_view id, absl::string_view record) {
        if (response->customers_size() == page_size || bytes >= kMaxPageBytes) {
          response->set_next_page_token(std::string(id));
          return false;
        }
        v1::Customer* customer = response->add_customers();
        filled = reader.Fill(id, record, ProfileFields(), customer);
        bytes += customer->ByteSizeLong();
        return filled.ok();
      });
  if (!scanned.ok()) return StoreError(scanned);
  return filled.ok() ? grpc::Status::OK : StoreError(filled);
}

grpc::Status CustomerService::Delete(const v1::DeleteCustomerRequest& request,
                                     v1::DeleteCustomerResponse* response) const {
  std::vector<Violation> violations;
  CheckRequestId(request.request_id(), &violations);
  const std::optional<std::string> given = ParseCustomerName(request.name(), "name", &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  // Who was merged is erased with the one who stands for her.
  const absl::StatusOr<std::string> id = backend_.store->GetSurvivor(*given);
  if (!id.ok()) return StoreError(id.status());
  const uint64_t body_hash = BodyHash("DeleteCustomer", request);
  std::optional<storage::EntryResult> first;
  grpc::Status status = backend_.proposer->Recall(request.request_id(), body_hash, &first);
  if (!status.ok()) return status;
  absl::Time erased;
  if (first.has_value()) {
    status = backend_.eraser->Await(*id, request.request_id(), &erased);
  } else {
    storage::Entry entry = backend_.proposer->NewEntry(request.request_id(), body_hash);
    entry.mutable_delete_customer()->set_customer_id(*id);
    backend_.proposer->SetAudit("erase_customer", request.name(), "", &entry);
    // Her household counts its events again without hers.
    status = backend_.eraser->Erase(std::move(entry), [this] { backend_.filler->Wake(); }, &erased);
  }
  if (!status.ok()) return status;
  *response->mutable_erase_time() = ToTimestamp(erased);
  return grpc::Status::OK;
}

grpc::Status CustomerService::Resolve(const v1::ResolveIdentityRequest& request,
                                      v1::ResolveIdentityResponse* response) const {
  std::vector<Violation> violations;
  if (request.identities_size() < 1 || request.identities_size() > kMaxResolvedIdentities) {
    violations.push_back({"identities", "must be 1 to 16"});
  }
  for (int i = 0; i < request.identities_size(); ++i) {
    CheckIdentity(request.identities(i), absl::StrCat("identities[", i, "]"), &violations);
  }
  if (!violations.empty()) return InvalidRequest(violations);
  const std::shared_ptr<const LiveState> live = backend_.live->Get();
  const IdentitySpecs declared =
      live == nullptr ? IdentitySpecs() : live->rule_set->schema.identities;
  for (const v1::Identity& identity : request.identities()) {
    std::string id;
    const absl::StatusOr<Found> found =
        backend_.store->ResolveIdentity(IdentityKey(declared, identity), ReadTier::kMayBlock, &id);
    if (!found.ok()) return StoreError(found.status());
    if (*found != Found::kFound) continue;
    std::string name = CustomerName(id);
    if (response->customer().empty()) {
      response->set_customer(std::move(name));
      *response->mutable_matched() = identity;
    } else if (name != response->customer() &&
               std::find(response->other_customers().begin(), response->other_customers().end(),
                         name) == response->other_customers().end()) {
      response->add_other_customers(std::move(name));
    }
  }
  if (!response->customer().empty()) return grpc::Status::OK;
  return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_IDENTITY_NOT_FOUND,
                  "no customer has any of these identities");
}

}  // namespace touchstone::server
