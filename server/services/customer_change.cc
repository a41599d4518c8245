#include "server/services/customer_change.h"

#include <limits>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/decide/identity.h"
#include "store/keys.h"

namespace touchstone::server {
namespace {

namespace storage = ::touchstone::storage::v1;

using Identities = google::protobuf::RepeatedPtrField<v1::Identity>;
using IdentityKeys = google::protobuf::RepeatedPtrField<std::string>;

void PlanIdentities(const Identities& identities, absl::string_view field, IdentityKeys* keys,
                    std::vector<Violation>* violations) {
  if (identities.size() > kMaxIdentitiesInChange) {
    violations->push_back({std::string(field), "must be at most 64"});
    return;
  }
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < identities.size(); ++i) {
    CheckIdentity(identities.Get(i), absl::StrCat(field, "[", i, "]"), violations);
    std::string key = IdentityKey(identities.Get(i));
    if (seen.insert(key).second) *keys->Add() = std::move(key);
  }
}

// What a record of this version cannot hold is refused rather than dropped.
template <typename Consents>
void RefuseWhatIsNotKept(const Consents& consents, absl::string_view household,
                         absl::string_view prefix, std::vector<Violation>* violations) {
  for (int i = 0; i < consents.size(); ++i) {
    violations->push_back({absl::StrCat(prefix, "consents[", i, "].purpose"),
                           "is not a purpose that the active revision declares",
                           v1::ERROR_REASON_NAME_NOT_DECLARED});
  }
  if (!household.empty()) {
    violations->push_back({absl::StrCat(prefix, "household"),
                           "must be empty: households are kept by a later version",
                           v1::ERROR_REASON_VALUE_INVALID});
  }
}

// The attributes that the mask names, an absent one without a kind; all when it is empty.
AttributeMap Masked(const v1::UpdateCustomerRequest& request, std::vector<Violation>* violations) {
  const AttributeMap& given = request.customer().attributes();
  if (request.update_mask().paths_size() == 0) return given;
  AttributeMap masked;
  if (request.update_mask().paths_size() > kMaxMaskPaths) {
    violations->push_back({"update_mask", "must hold at most 256 paths"});
    return masked;
  }
  for (int i = 0; i < request.update_mask().paths_size(); ++i) {
    absl::string_view name = request.update_mask().paths(i);
    if (!absl::ConsumePrefix(&name, "attributes.") || name.empty()) {
      violations->push_back(
          {absl::StrCat("update_mask.paths[", i, "]"), "must be attributes.NAME"});
      continue;
    }
    const auto found = given.find(std::string(name));
    masked[std::string(name)] = found == given.end() ? v1::AttributeValue() : found->second;
  }
  return masked;
}

}  // namespace

void CheckOrigin(absl::string_view source, const google::protobuf::Timestamp* as_of,
                 std::vector<Violation>* violations) {
  if (!source.empty() && !store::IsValidId(source)) {
    violations->push_back({"source", "must be 0 to 64 of [A-Za-z0-9._-]"});
  }
  if (as_of != nullptr &&
      (as_of->seconds() < 0 || as_of->seconds() > std::numeric_limits<uint32_t>::max())) {
    violations->push_back({"as_of", "must be from 1970 to 2106"});
  }
}

void PlanUpdate(const v1::UpdateCustomerRequest& request, absl::string_view customer_id,
                const rules::Schema& schema, absl::Time now, storage::UpdateRecord* update,
                std::vector<Violation>* violations) {
  CheckOrigin(request.source(), request.has_as_of() ? &request.as_of() : nullptr, violations);
  RefuseWhatIsNotKept(request.customer().consents(), request.customer().household(), "customer.",
                      violations);
  if (request.leave_household()) {
    violations->push_back({"leave_household", "must be false: she is in no household"});
  }
  update->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
  update->mutable_record()->set_id(std::string(customer_id));
  update->set_existence(request.allow_missing() ? storage::UpdateRecord::EXISTENCE_UNSPECIFIED
                                                : storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  uint64_t version = 0;
  if (!request.customer().etag().empty() &&
      (!absl::SimpleAtoi(request.customer().etag(), &version) || version == 0)) {
    violations->push_back({"customer.etag", "is not one that this service gave out"});
  }
  update->set_expected_version(version);
  PlanIdentities(request.add_identities(), "add_identities", update->mutable_identities(),
                 violations);
  PlanIdentities(request.remove_identities(), "remove_identities", update->mutable_unlink(),
                 violations);
  store::RecordPatch patch;
  PatchAttributes(schema, Masked(request, violations), OriginOf(request, now),
                  "customer.attributes", &patch, violations);
  update->set_patch(patch.bytes());
}

void PlanRow(const v1::CustomerRow& row, const rules::Schema& schema, const AttributeOrigin& origin,
             storage::UpdateRecord* update, std::vector<Violation>* violations) {
  if (!store::IsValidId(row.customer_id())) {
    violations->push_back({"customer_id", "must be 1 to 64 of [A-Za-z0-9._-]"});
  }
  RefuseWhatIsNotKept(row.consents(), row.household(), "", violations);
  update->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
  update->mutable_record()->set_id(row.customer_id());
  PlanIdentities(row.identities(), "identities", update->mutable_identities(), violations);
  store::RecordPatch patch;
  PatchAttributes(schema, row.attributes(), origin, "attributes", &patch, violations);
  update->set_patch(patch.bytes());
}

}  // namespace touchstone::server
