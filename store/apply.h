#pragma once

// Apply: what one entry does to the store, as a deterministic function of both.
//
// The same entries in the same order give the same rows everywhere; nothing else is read, no clock,
// no randomness, no options. An entry is applied as a whole or not at all.
//
// Thread safety: for the writer's thread.
// Errors: a refusal is a result, because it too must be the same everywhere. A status that is not
// OK means that the store could not be read; the entry is undone, and the caller must stop.

#include "absl/status/statusor.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::store {

// The entries that this version writes; an entry of a later version is refused.
inline constexpr uint32_t kEntryFormatVersion = 1;

// More items in one entry are refused.
inline constexpr int kMaxItems = 10000;

absl::StatusOr<storage::EntryResult> Apply(const storage::Entry& entry, PendingWrites* writes);

// Whether the entry was refused because something that its proposer read has changed since: planned
// again, it may be applied.
bool MustBePlannedAgain(storage::EntryResult::Refusal refusal);

// Whether the entry reads ranges of committed rows, and so must be the first of its batch.
bool NeedsOwnBatch(const storage::Entry& entry);

}  // namespace touchstone::store
