#pragma once

// A cold load: entries go through the writer and Apply as ever, but what they write is kept in
// memory, and then comes into the store as sorted files, a chunk at a time: all column families at
// once, or nothing of it. Nothing is logged, nothing compacted twice.
//
// Use: Begin on a store that nobody serves from, write through a Writer, and between entries Flush
// when bytes() is large, and at the end. With each chunk goes what the caller needs to go on behind
// it after a crash. Until then acknowledged writes are in memory only. Reads by key see them;
// scans and lists see what was flushed.
// Thread safety: Flush while no entry is under way; bytes from any thread.
// Lifetime: the store must outlive it; it is one load until the store is closed.
// Errors: Unavailable when the device fails, and the store is then read-only; DataLoss for records
// that are damaged. Files of a chunk that did not come in are removed by the next load.
// Cost: Flush sorts and writes with two threads.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/store.h"

namespace touchstone::store {

class BulkLoad {
 public:
  explicit BulkLoad(Store* store);

  // What the last Flush of a load of this name kept, and no end has forgotten.
  absl::StatusOr<std::optional<std::string>> ReadState(absl::string_view name) const;

  // About as much memory as what was written since the last Flush takes.
  size_t bytes() const;

  // Puts what was written into the store, together with `state` of the load; nullopt: it has ended.
  absl::Status Flush(absl::string_view name, const std::optional<std::string>& state);

 private:
  Store* const store_;
};

}  // namespace touchstone::store
