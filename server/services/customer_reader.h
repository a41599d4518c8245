#pragma once

// Customers and households as the contract shows them, by name. The name of a customer who was
// merged into another one finds that one.
//
// Thread safety: const. Lifetime: the backend must outlive it. Errors: CUSTOMER_NOT_FOUND and
// HOUSEHOLD_NOT_FOUND, and those of the store. Cost: blocks; a read or two, and what FillProfile
// costs.

#include <string>

#include "server/services/backend.h"
#include "server/services/customer_profile.h"
#include "store/store.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

class CustomerReader {
 public:
  explicit CustomerReader(const Backend& backend) : backend_(backend) {}

  // The customer who stands for this one, and her record.
  grpc::Status Find(const std::string& id, std::string* found_id, store::PinnedValue* record) const;
  grpc::Status ReadProfile(const std::string& id, const ProfileFields& fields,
                           v1::Customer* customer) const;
  grpc::Status ReadHousehold(const std::string& id, v1::Household* household) const;

  // What the ledger has of her, as far as it is open.
  grpc::Status FillHoldings(const std::string& id, const ProfileFields& fields,
                            v1::Customer* customer) const;

  // Of a record that was read: without recent events and what the ledger has.
  absl::Status Fill(absl::string_view id, absl::string_view record, const ProfileFields& fields,
                    v1::Customer* customer) const;

 private:
  const Backend& backend_;
};

}  // namespace touchstone::server
