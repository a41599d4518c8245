#pragma once

// Coupons for a later visit as one entry gives and withdraws them: each is a grant, or a code.
//
// Thread safety, errors: as in apply.h. Cost: for each, that of adding a grant (grant_adder.h), or
// two rows by key.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "store/apply_commands.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {

using Coupons = google::protobuf::RepeatedPtrField<storage::Coupon>;
using GivenCoupons = google::protobuf::RepeatedPtrField<storage::GivenCoupon>;

// What is wrong with one of them; "": nothing.
absl::string_view CouponsFault(const Coupons& coupons);

// Gives what a sale of this customer (empty: of nobody known) promised, and lists it in the sale. A
// grant or code that is there already refuses the entry. REQUIRES: no fault.
AppliedOr GiveCoupons(const Coupons& coupons, absl::string_view customer_id,
                      storage::StoredSale* sale, PendingWrites* writes);

// What is left of coupons of the sale after a return; how often each was redeemed, or is held, goes
// to the result. Refused: one that the sale did not give, or that is good for as many uses.
AppliedOr WithdrawCoupons(const GivenCoupons& withdrawn, storage::StoredSale* sale,
                          PendingWrites* writes);

}  // namespace touchstone::store
