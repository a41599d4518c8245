#pragma once

// The latest step of each recent transaction, so that one that goes backwards is noticed.
//
// Holds the transactions seen last, `capacity` of them; one that was forgotten begins anew, which
// lets an old step through and decides nothing wrong: a decision claims nothing.
// Thread safety: any thread. Cost: a hash lookup under a short lock; no allocation after the first
// `capacity` transactions. Source: an LRU list threaded through a table.

#include <cstdint>
#include <mutex>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace touchstone::server {

class StepTracker {
 public:
  explicit StepTracker(size_t capacity);

  // False when a later step of the transaction was seen: nothing changes. The same step again is a
  // retry.
  bool Advance(uint64_t transaction, int32_t step);

 private:
  static constexpr uint32_t kNone = ~uint32_t{0};
  struct Entry {
    uint64_t transaction = 0;
    int32_t step = 0;
    uint32_t newer = kNone;
    uint32_t older = kNone;
  };

  void Unlink(uint32_t index);
  void LinkNewest(uint32_t index);
  uint32_t TakeEntry();

  const size_t capacity_;
  std::mutex mutex_;
  absl::flat_hash_map<uint64_t, uint32_t> index_;
  std::vector<Entry> entries_;
  uint32_t newest_ = kNone;
  uint32_t oldest_ = kNone;
};

}  // namespace touchstone::server
