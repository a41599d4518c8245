#pragma once

// The events that are kept of those whom a record is about: what its aggregates are worked out
// from.
//
// Thread safety: pure but for its reads of the store, which is safe from any thread.
// Errors: DataLoss for an event that cannot be read, else as Store::ScanEvents.
// Cost: blocks; a scan a customer. Memory: all of the events.

#include <vector>

#include "absl/status/statusor.h"
#include "store/store.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// Of a customer her own events; of a household those of each of its members, in order of time.
// Nothing of a household that is not there.
absl::StatusOr<std::vector<std::vector<v1::Event>>> ReadHistories(const store::Store& store,
                                                                  store::RecordKey record);

}  // namespace touchstone::server
