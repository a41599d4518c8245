#include "server/services/customer_change.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/ascii.h"
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

void AddOnce(std::string key, IdentityKeys* keys) {
  if (std::find(keys->begin(), keys->end(), key) == keys->end()) *keys->Add() = std::move(key);
}

void PlanNewIdentities(const Identities& identities, IdentitySpecs declared,
                       absl::string_view field, IdentityKeys* keys,
                       std::vector<Violation>* violations) {
  if (identities.size() > kMaxIdentitiesInChange) {
    violations->push_back({std::string(field), "must be at most 64"});
    return;
  }
  for (int i = 0; i < identities.size(); ++i) {
    CheckNewIdentity(declared, identities.Get(i), absl::StrCat(field, "[", i, "]"), violations);
    AddOnce(IdentityKey(declared, identities.Get(i)), keys);
  }
}

void PlanRemovedIdentities(const Identities& identities, IdentitySpecs declared,
                           absl::string_view field, IdentityKeys* keys,
                           std::vector<Violation>* violations) {
  if (identities.size() > kMaxIdentitiesInChange / 2) {
    violations->push_back({std::string(field), "must be at most 32"});
    return;
  }
  for (int i = 0; i < identities.size(); ++i) {
    CheckIdentity(identities.Get(i), absl::StrCat(field, "[", i, "]"), violations);
    AddOnce(IdentityKey(declared, identities.Get(i)), keys);
    // One from before its namespace had a form.
    AddOnce(IdentityKey({}, identities.Get(i)), keys);
  }
}

// Clocks differ; a statement from further ahead would outlast everything that she says until then.
constexpr absl::Duration kMaxAhead = absl::Hours(24);

bool IsPurpose(absl::string_view name) {
  return !name.empty() && name.size() <= store::kMaxPurposeBytes && absl::ascii_islower(name[0]) &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_';
         });
}

void PlanConsents(const google::protobuf::RepeatedPtrField<v1::CustomerConsent>& consents,
                  const ChangeOrigin& origin, absl::string_view field, store::RecordPatch* patch,
                  std::vector<Violation>* violations) {
  if (consents.size() > kMaxConsentsInChange) {
    violations->push_back({std::string(field), "must be at most 256"});
    return;
  }
  for (int i = 0; i < consents.size(); ++i) {
    const v1::CustomerConsent& consent = consents.Get(i);
    const auto refuse = [&](absl::string_view part, absl::string_view what) {
      violations->push_back({absl::StrCat(field, "[", i, "].", part), std::string(what),
                             v1::ERROR_REASON_VALUE_INVALID});
    };
    const bool is_purpose = IsPurpose(consent.purpose());
    if (!is_purpose) refuse("purpose", "must be [a-z][a-z0-9_]*, at most 64");
    if (consent.state() != v1::CONSENT_STATE_GRANTED &&
        consent.state() != v1::CONSENT_STATE_DENIED) {
      refuse("state", "must be GRANTED or DENIED");
    }
    const absl::Time said = consent.has_update_time() ? ToTime(consent.update_time()) : origin.said;
    if (said < absl::UnixEpoch() || said > origin.now + kMaxAhead) {
      refuse("update_time", "must be from 1970 to a day after now, as well as as_of in its place");
    } else if (is_purpose) {
      patch->SetConsent(consent.purpose(), consent.state() == v1::CONSENT_STATE_GRANTED,
                        origin.attributes.source, absl::ToUnixMicros(said));
    }
  }
}

void PlanHousehold(const std::string& household, absl::string_view field,
                   storage::UpdateRecord* update, std::vector<Violation>* violations) {
  if (!household.empty() && !store::IsValidId(household)) {
    violations->push_back({std::string(field), "must be 0 to 64 of [A-Za-z0-9._-]"});
  }
  update->set_household_id(household);
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
  PlanHousehold(request.customer().household(), "customer.household", update, violations);
  if (request.leave_household() && !request.customer().household().empty()) {
    violations->push_back({"leave_household", "must be false where customer.household names one"});
  }
  update->set_leave_household(request.leave_household());
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
  PlanNewIdentities(request.add_identities(), schema.identities, "add_identities",
                    update->mutable_identities(), violations);
  PlanRemovedIdentities(request.remove_identities(), schema.identities, "remove_identities",
                        update->mutable_unlink(), violations);
  store::RecordPatch patch;
  const ChangeOrigin origin = OriginOf(request, now);
  PatchAttributes(schema, Masked(request, violations), origin.attributes, "customer.attributes",
                  &patch, violations);
  PlanConsents(request.customer().consents(), origin, "customer.consents", &patch, violations);
  update->set_patch(patch.bytes());
}

void PlanRow(const v1::CustomerRow& row, const rules::Schema& schema, const ChangeOrigin& origin,
             storage::UpdateRecord* update, std::vector<Violation>* violations) {
  if (!store::IsValidId(row.customer_id())) {
    violations->push_back({"customer_id", "must be 1 to 64 of [A-Za-z0-9._-]"});
  }
  PlanHousehold(row.household(), "household", update, violations);
  update->mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
  update->mutable_record()->set_id(row.customer_id());
  PlanNewIdentities(row.identities(), schema.identities, "identities", update->mutable_identities(),
                    violations);
  store::RecordPatch patch;
  PatchAttributes(schema, row.attributes(), origin.attributes, "attributes", &patch, violations);
  PlanConsents(row.consents(), origin, "consents", &patch, violations);
  update->set_patch(patch.bytes());
}

}  // namespace touchstone::server
