#pragma once

// What decisions read, from the store.
//
// Thread safety: any thread. Lifetime: the store must outlive it.

#include "server/decide/gather.h"
#include "store/store.h"

namespace touchstone::server {

class StoreReader final : public RecordReader {
 public:
  explicit StoreReader(const store::Store* store) : store_(store) {}

  absl::StatusOr<store::Found> ResolveIdentity(absl::string_view identity, store::ReadTier tier,
                                               std::string* customer_id) const override {
    return store_->ResolveIdentity(identity, tier, customer_id);
  }
  absl::StatusOr<store::Found> GetCustomer(absl::string_view customer_id, store::ReadTier tier,
                                           store::PinnedValue* record) const override {
    return store_->GetRecord({store::RecordKind::kCustomer, customer_id}, tier, record);
  }

 private:
  const store::Store* store_;
};

}  // namespace touchstone::server
