#pragma once

// A customer's record as the contract shows it: attributes, consents, contacts, and aggregates and
// segment as of a moment.
//
// Thread safety: pure functions. Errors: DataLoss when the bytes are no record.
// Cost: that of a decision over all offers, since segments may read whatever rules may, and the
// parsing of one condition for the reasons of the segment; neither where no such field is asked
// for.

#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/field_mask.pb.h"
#include "server/decide/binder.h"
#include "server/live/live.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// Which fields of Customer are filled: all, unless a mask names some; name and etag always.
class ProfileFields {
 public:
  ProfileFields() = default;
  static ProfileFields Of(const google::protobuf::FieldMask& mask,
                          std::vector<Violation>* violations);

  // By number of the field: v1::Customer::kAttributesFieldNumber.
  bool Has(int field) const { return !only_.has_value() || only_->contains(field); }
  // Clears the fields that are not among them.
  void Prune(v1::Customer* customer) const;

 private:
  std::optional<absl::flat_hash_set<int>> only_;
};

// Everything but recent events and what no record holds. Without a live state attributes have no
// names, and are left out. The household's record is asked for where aggregates are per household.
absl::Status FillProfile(const GatheredCustomer& gathered,
                         const std::shared_ptr<const LiveState>& live, absl::Time now,
                         const ProfileFields& fields, v1::Customer* customer);

// Aggregates and etag of a household, from its record.
absl::Status FillHousehold(absl::string_view record, const std::shared_ptr<const LiveState>& live,
                           absl::Time now, v1::Household* household);

}  // namespace touchstone::server
