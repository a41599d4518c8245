#pragma once

// A customer's record as the contract shows it: attributes, aggregates and segment as of a moment.
//
// Thread safety: pure functions. Errors: DataLoss when the bytes are no record.
// Cost: that of a decision over all offers, since segments may read whatever rules may.

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/live/live.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// Everything but recent events. Without a live state attributes have no names, and are left out.
absl::Status FillProfile(absl::string_view customer_id, absl::string_view record,
                         const std::shared_ptr<const LiveState>& live, absl::Time now,
                         v1::Customer* customer);

}  // namespace touchstone::server
