#pragma once

// Numbered writes for tests that crash a store, and the check of what must be there afterwards.
//
// The number alone says what is written: an event, an outcome, an attribute, an identity and who it
// makes, a table, a publish or a receipt. So a write
// whose fate is unknown can be made again, and everything can be checked from the list of numbers
// that were acknowledged.
//
// Thread safety: for one thread at a time.

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "store/receipts.h"
#include "store/store.h"
#include "store/writer.h"

namespace touchstone::store {

inline constexpr uint64_t kCrashCustomers = 50;

bool IsReceipt(uint64_t number);
// REQUIRES: not IsReceipt(number).
storage::Entry CrashEntry(uint64_t number);
absl::Status AppendCrashReceipt(uint64_t number, ReceiptLog* receipts);

// Publishes revision 1, which all publishes of the workload publish again.
absl::Status PrepareForCrashes(Writer* writer);

// What is wrong, one line each; empty: every acknowledged write is there, and no write is there
// twice.
std::vector<std::string> CheckAfterCrash(const Store& store, ReceiptLog* receipts,
                                         const std::set<uint64_t>& acknowledged,
                                         uint64_t highest_epoch);

}  // namespace touchstone::store
