#pragma once

// What decisions read: the store, with the contacts that are on their way to it.
//
// Thread safety: any thread. Lifetime: what is given must outlive it.

#include "server/decide/gather.h"
#include "server/decide/shown_contacts.h"
#include "store/store.h"

namespace touchstone::server {

class StoreReader final : public RecordReader {
 public:
  StoreReader(const store::Store* store, const ShownContacts* contacts)
      : store_(store), contacts_(contacts) {}

  absl::StatusOr<store::Found> ResolveIdentity(absl::string_view identity, store::ReadTier tier,
                                               std::string* customer_id) const override;
  absl::StatusOr<store::Found> GetCustomer(absl::string_view customer_id, store::ReadTier tier,
                                           store::PinnedValue* record) const override;
  absl::StatusOr<store::Found> GetHousehold(absl::string_view household_id, store::ReadTier tier,
                                            store::PinnedValue* record) const override;
  absl::StatusOr<store::Found> GetCode(absl::string_view code, store::ReadTier tier,
                                       ::touchstone::storage::v1::Code* row) const override {
    return store_->GetCode(code, tier, row);
  }
  absl::StatusOr<store::Found> GetCodeHold(absl::string_view code, absl::string_view transaction_id,
                                           store::ReadTier tier) const override {
    return store_->GetCodeHold(code, transaction_id, tier);
  }
  absl::StatusOr<store::Found> GetSurvivor(absl::string_view customer_id, store::ReadTier tier,
                                           std::string* surviving_id) const override {
    return store_->GetSurvivor(customer_id, tier, surviving_id);
  }

 private:
  const store::Store* store_;
  const ShownContacts* contacts_;
};

}  // namespace touchstone::server
