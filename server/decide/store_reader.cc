#include "server/decide/store_reader.h"

#include <string>
#include <vector>

#include "store/record_patch.h"

namespace touchstone::server {

absl::StatusOr<store::Found> StoreReader::ResolveIdentity(absl::string_view identity,
                                                          store::ReadTier tier,
                                                          std::string* customer_id) const {
  return store_->ResolveIdentity(identity, tier, customer_id);
}

absl::StatusOr<store::Found> StoreReader::GetCustomer(absl::string_view customer_id,
                                                      store::ReadTier tier,
                                                      store::PinnedValue* record) const {
  // Before the read: what the store applies in between is in both, and a record keeps it once.
  std::vector<std::string> pending;
  contacts_->CollectPending(customer_id, &pending);
  const absl::StatusOr<store::Found> found =
      store_->GetRecord({store::RecordKind::kCustomer, customer_id}, tier, record);
  if (pending.empty() || !found.ok() || *found != store::Found::kFound) return found;
  const std::vector<absl::string_view> patches(pending.begin(), pending.end());
  const absl::StatusOr<std::string> patched = store::ApplyPatches(record->bytes(), patches);
  if (!patched.ok()) return patched.status();
  record->Copy(*patched);
  return found;
}

absl::StatusOr<store::Found> StoreReader::GetHousehold(absl::string_view household_id,
                                                       store::ReadTier tier,
                                                       store::PinnedValue* record) const {
  return store_->GetRecord({store::RecordKind::kHousehold, household_id}, tier, record);
}

}  // namespace touchstone::server
