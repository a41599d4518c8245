#pragma once

// A store of made-up customers of about 1 KiB, each with one identity, that is kept from one run to
// the next.
//
// What a customer holds follows from her number alone. An update leaves the length of her record as
// it is, so that a store stays of the same shape however many runs it has seen.
// Thread safety: pure functions, but for FillStore, of which one at a time may work on a folder.

#include <cstdint>
#include <random>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "store/store.h"

namespace touchstone::bench {

std::string MixedCustomerId(uint64_t customer);

// Whether these bytes are a record, and hers.
bool IsRecordOf(uint64_t customer, absl::string_view record);

// What a purchase changes: the aggregates, and one attribute.
store::storage::Entry PurchaseEntry(uint64_t customer, std::mt19937_64& random);

// Makes the store that `options` name, of customers 0 to customers - 1, as a cold load does; beside
// it a note of its shape. FailedPrecondition for a store of another shape, or one that is half
// made: it must be deleted. A store of this shape is left as it is.
absl::Status FillStore(const store::StoreOptions& options, uint64_t customers);

}  // namespace touchstone::bench
