#include "server/services/grant_batch.h"

#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "server/decide/identity.h"
#include "server/decide/promised_grant.h"
#include "server/services/code_conversion.h"
#include "server/services/customer_reader.h"
#include "server/services/resource_name.h"
#include "store/apply_commands.h"
#include "store/codes.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using storage::EntryResult;
using store::Found;
using store::ReadTier;

grpc::Status NoSuchCustomer() {
  return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_CUSTOMER_NOT_FOUND,
                  "there is no such customer");
}
grpc::Status GrantedOtherwise() {
  return RpcError(
      StatusCode::ALREADY_EXISTS, v1::ERROR_REASON_GRANT_EXISTS,
      "she was granted this offer in this batch with other terms: choose another batch");
}

// Else the store has failed.
bool IsOfGrant(const grpc::Status& error) {
  return error.error_code() == StatusCode::INVALID_ARGUMENT ||
         error.error_code() == StatusCode::NOT_FOUND;
}

grpc::Status WhyRefused(EntryResult::Refusal refusal) {
  switch (refusal) {
    case EntryResult::REFUSAL_NOT_FOUND:
      return NoSuchCustomer();
    case EntryResult::REFUSAL_ALREADY_EXISTS:
      return GrantedOtherwise();
    case EntryResult::REFUSAL_TOO_MANY:
      return RpcError(StatusCode::RESOURCE_EXHAUSTED, v1::ERROR_REASON_TOO_MANY_GRANTS,
                      absl::StrCat("she has ", store::kMaxOpenGrants,
                                   " open grants: wait until one is used or ends, or revoke one"));
    default:
      return StoreError(absl::InternalError("a grant was refused for no reason that is known"));
  }
}

}  // namespace

grpc::Status FindHolder(const Backend& backend, const HolderName& holder, absl::string_view field,
                        std::string* customer_id) {
  std::vector<Violation> violations;
  if (holder.identity != nullptr) {
    CheckIdentity(*holder.identity, absl::StrCat(field, "identity"), &violations);
    if (!violations.empty()) return InvalidRequest(violations);
    const std::shared_ptr<const LiveState> live = backend.live->Get();
    const absl::StatusOr<Found> found = backend.store->ResolveIdentity(
        IdentityKey(live == nullptr ? IdentitySpecs() : live->rule_set->schema.identities,
                    *holder.identity),
        ReadTier::kMayBlock, customer_id);
    if (!found.ok()) return StoreError(found.status());
    return *found == Found::kFound ? grpc::Status::OK : NoSuchCustomer();
  }
  if (holder.customer.empty()) {
    return InvalidRequest(
        {Violation{absl::StrCat(field, "customer"), "is required, or an identity in its place"}});
  }
  const std::optional<std::string> id =
      ParseCustomerName(holder.customer, absl::StrCat(field, "customer"), &violations);
  if (!id.has_value()) return InvalidRequest(violations);
  store::PinnedValue record;
  return CustomerReader(backend).Find(*id, customer_id, &record);
}

grpc::Status GrantBatch::Plan() {
  std::vector<Violation> violations;
  if (!store::IsValidId(request_.batch())) {
    violations.push_back({"batch", "is required: 1 to 64 of [A-Za-z0-9._-]"});
  }
  if (request_.grants_size() < 1 || request_.grants_size() > kMaxGrantsInBatch) {
    violations.push_back({"grants", "must be 1 to 10,000"});
  }
  if (!violations.empty()) return InvalidRequest(violations);
  live_ = backend_.live->Get();
  if (live_ == nullptr) {
    return RpcError(StatusCode::FAILED_PRECONDITION, v1::ERROR_REASON_NO_ACTIVE_REVISION,
                    "no revision has been published yet: there is no offer to grant");
  }
  entry_ = backend_.proposer->NewEntry("", 0);
  for (size_t i = 0; i < static_cast<size_t>(request_.grants_size()); ++i) {
    const grpc::Status planned = PlanGrant(i);
    if (planned.ok()) continue;
    if (!IsOfGrant(planned)) return planned;
    errors_[i] = planned;
  }
  return grpc::Status::OK;
}

grpc::Status GrantBatch::PlanGrant(size_t i) {
  const v1::GrantItem& given = item(i);
  const std::string field = absl::StrCat("grants[", i, "].");
  std::vector<Violation> violations;
  storage::Code terms = ReadTerms(given, request_.batch(), field, &violations);
  if (!violations.empty()) return InvalidRequest(violations);
  const rules::RuleSet& rule_set = *live_->rule_set;
  const auto offer = rule_set.offer_by_id.find(given.offer_id());
  if (offer == rule_set.offer_by_id.end() ||
      rule_set.offers[offer->second].applies != rules::Applies::kGranted) {
    return RpcError(StatusCode::NOT_FOUND, v1::ERROR_REASON_OFFER_NOT_FOUND,
                    "the active revision has no offer of this id that says `applies: granted`");
  }
  std::string customer_id;
  grpc::Status status = FindHolder(backend_, HolderOf(given), field, &customer_id);
  std::string grant_id;
  if (status.ok()) status = NameGrant(customer_id, given.offer_id(), &grant_id);
  if (!status.ok()) return status;
  terms.set_is_grant(true);
  terms.set_terms(TermsKeptOf(rule_set.offers[offer->second]));
  terms.set_customer_id(std::move(customer_id));
  terms.set_offer(rule_set.offers[offer->second].stable_id);
  storage::AddGrants::Item& added = *entry_.mutable_add_grants()->add_items();
  added.set_grant_id(std::move(grant_id));
  *added.mutable_terms() = std::move(terms);
  place_of_item_.push_back(i);
  return grpc::Status::OK;
}

grpc::Status GrantBatch::NameGrant(const std::string& customer_id, const std::string& offer_id,
                                   std::string* grant_id) const {
  *grant_id = GrantIdOf(customer_id, offer_id, request_.batch());
  const auto merged = backend_.store->ListMerged(customer_id);
  if (!merged.ok()) return StoreError(merged.status());
  for (const auto& [merged_id, undo] : *merged) {
    const std::string id = GrantIdOf(merged_id, offer_id, request_.batch());
    storage::Code row;
    const absl::StatusOr<Found> found = backend_.store->GetCode(id, ReadTier::kMayBlock, &row);
    if (!found.ok()) return StoreError(found.status());
    if (*found == Found::kFound) *grant_id = id;
  }
  return grpc::Status::OK;
}

grpc::Status GrantBatch::Write() {
  if (place_of_item_.empty()) return grpc::Status::OK;
  if (request_.validate_only()) return CompareWithStored();
  backend_.proposer->SetAudit(
      "import_grants", request_.batch(),
      absl::StrCat(place_of_item_.size(), place_of_item_.size() == 1 ? " grant" : " grants"),
      &entry_);
  return backend_.proposer->Write(std::move(entry_), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result_);
}

grpc::Status GrantBatch::CompareWithStored() {
  absl::flat_hash_map<absl::string_view, storage::Code> there;
  for (int i = 0; i < entry_.add_grants().items_size(); ++i) {
    const storage::AddGrants::Item& planned = entry_.add_grants().items(i);
    const auto [row, is_first] = there.try_emplace(planned.grant_id());
    if (is_first) {
      const absl::StatusOr<Found> found =
          backend_.store->GetCode(planned.grant_id(), ReadTier::kMayBlock, &row->second);
      if (!found.ok()) return StoreError(found.status());
      if (*found != Found::kFound) {
        row->second = planned.terms();
        result_.set_applied(result_.applied() + 1);
        continue;
      }
    }
    // Who owns it is in its id.
    if (store::HasTermsOfOwner(row->second, planned.terms())) {
      result_.add_duplicate_items(static_cast<uint32_t>(i));
    } else {
      errors_[place_of_item_[static_cast<size_t>(i)]] = GrantedOtherwise();
    }
  }
  return grpc::Status::OK;
}

void GrantBatch::Answer(v1::ImportGrantsResponse* response) const {
  std::map<size_t, grpc::Status> errors = errors_;
  for (const EntryResult::RefusedItem& refused : result_.refused_items()) {
    errors[place_of_item_[refused.index()]] = WhyRefused(refused.refusal());
  }
  response->set_granted(static_cast<int32_t>(result_.applied()));
  response->set_duplicates(result_.duplicate_items_size());
  for (const auto& [place, error] : errors) {
    v1::RefusedGrant& refused = *response->add_refused();
    refused.set_index(static_cast<int32_t>(place));
    *refused.mutable_error() = ItemError(error);
  }
}

}  // namespace touchstone::server
