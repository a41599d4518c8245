#include "server/services/customer_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/decide/identity.h"
#include "server/services/customer_change.h"
#include "server/services/customer_import.h"
#include "server/services/customer_profile.h"
#include "server/services/event_batch.h"
#include "server/services/resource_name.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using store::Found;
using store::ReadTier;

constexpr int kMaxRecentEvents = 100;
constexpr int kMaxResolvedIdentities = 16;
// Each but the first means that a revision became active in the milliseconds of the one before.
constexpr int kMostAttempts = 4;

grpc::Status CustomerNotFound() {
  return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_CUSTOMER_NOT_FOUND,
                  "there is no such customer");
}

}  // namespace

CustomerService::CustomerService(const Backend& backend)
    : RpcService("touchstone.v1.CustomerService", backend.limit), backend_(backend) {
  Serve<v1::GetCustomerRequest, v1::Customer>(
      "GetCustomer",
      [this](const auto& request, auto* response) { return Get(request, response); });
  Serve<v1::UpdateCustomerRequest, v1::Customer>(
      "UpdateCustomer",
      [this](const auto& request, auto* response) { return Update(request, response); });
  Serve<v1::ResolveIdentityRequest, v1::ResolveIdentityResponse>(
      "ResolveIdentity",
      [this](const auto& request, auto* response) { return Resolve(request, response); });
  Serve<v1::AppendEventsRequest, v1::AppendEventsResponse>(
      "AppendEvents",
      [this](const auto& request, auto* response) { return Append(request, response); });
  ServeStream("ImportCustomers",
              [this](RpcStream& stream) { return CustomerImport(backend_).Run(stream); });
  RefuseTheRest();
}

grpc::Status CustomerService::Append(const v1::AppendEventsRequest& request,
                                     v1::AppendEventsResponse* response) const {
  for (int attempt = 1;; ++attempt) {
    EventBatch batch(backend_, request);
    if (grpc::Status planned = batch.Plan(); !planned.ok()) return planned;
    storage::EntryResult result;
    if (!batch.empty()) {
      grpc::Status written =
          backend_.proposer->Write(batch.TakeEntry(), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
      const bool again = result.refusal() == storage::EntryResult::REFUSAL_REVISION_CHANGED &&
                         attempt < kMostAttempts;
      if (again) {
        // Under the revision that became active meanwhile the events may add something else.
        if (grpc::Status live = MakeLive(backend_); !live.ok()) return live;
        continue;
      }
      if (!written.ok()) return written;
    }
    batch.Answer(result, response);
    return grpc::Status::OK;
  }
}

grpc::Status CustomerService::ReadProfile(absl::string_view customer_id,
                                          v1::Customer* customer) const {
  store::PinnedValue record;
  const absl::StatusOr<Found> found = backend_.store->GetRecord(
      {store::RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &record);
  if (!found.ok()) return StoreError(found.status());
  if (*found != Found::kFound) return CustomerNotFound();
  const absl::Status filled = FillProfile(customer_id, record.bytes(), backend_.live->Get(),
                                          backend_.proposer->now(), customer);
  return filled.ok() ? grpc::Status::OK : StoreError(filled);
}

grpc::Status CustomerService::Get(const v1::GetCustomerRequest& request,
                                  v1::Customer* response) const {
  std::vector<Violation> violations;
  const std::optional<std::string> id = ParseCustomerName(request.name(), "name", &violations);
  if (request.recent_event_count() < 0 || request.recent_event_count() > kMaxRecentEvents) {
    violations.push_back({"recent_event_count", "must be 0 to 100"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  if (grpc::Status read = ReadProfile(*id, response); !read.ok()) return read;
  if (request.recent_event_count() == 0) return grpc::Status::OK;
  const absl::StatusOr<std::vector<storage::StoredEvent>> events =
      backend_.store->ListLatestEvents(*id, static_cast<size_t>(request.recent_event_count()));
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
    storage::EntryResult result;
    status =
        backend_.proposer->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
    if (!status.ok()) return status;
  }
  return ReadProfile(*id, response);
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
  for (const v1::Identity& identity : request.identities()) {
    std::string id;
    const absl::StatusOr<Found> found =
        backend_.store->ResolveIdentity(IdentityKey(identity), ReadTier::kMayBlock, &id);
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
