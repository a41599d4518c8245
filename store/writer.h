#pragma once

// The one writer: drains a bounded queue into batches, one fsync each, and acknowledges after it.
//
// Entries are applied in the order of Submit, later ones of a batch seeing earlier ones. There is
// at most one Writer for a Store.
//
// Thread safety: Submit and Write are safe from any thread.
// Lifetime: the store must outlive the writer. The destructor stops it.
// Errors: see Submit. When a write fails, every entry of its batch fails with Unavailable, nothing
// of it is visible until the store is opened again, and all later entries fail in the same way.
// Cost: Submit takes a short lock. A batch costs one device sync.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/store.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::store {

// When an entry is written.
enum class Urgency : uint8_t {
  kNow,   // somebody waits for it
  kSoon,  // nobody does: with the next batch, at most WriterOptions::soon later, so that many of
          // them cost one wake-up and one sync
};

struct WriterOptions {
  size_t queue_entries = 4096;
  size_t queue_bytes = size_t{256} << 20;
  size_t batch_entries = 512;
  size_t batch_bytes = size_t{4} << 20;
  absl::Duration soon = absl::Milliseconds(10);
};

inline constexpr size_t kMaxEntryBytes = size_t{64} << 20;

// Entries that must take effect in the order in which they were submitted, or not at all. Once one
// of them is refused because what it was planned on has changed (MustBePlannedAgain), the writer
// refuses those behind it in the same way, so that its proposer can plan it again and none has
// overtaken it.
//
// Thread safety: all methods are safe from any thread.
class EntryChain {
 public:
  // Nothing that is submitted with it is applied any more.
  bool broken() const { return broken_.load(std::memory_order_acquire); }
  void Break() { broken_.store(true, std::memory_order_release); }

 private:
  std::atomic<bool> broken_{false};
};

class Writer {
 public:
  // OK: the entry is on the device, or was refused by Apply (result.refusal()), or is a replay.
  // Runs on the writer's thread: it must be quick and must not call Write.
  using Done = std::function<void(const absl::StatusOr<storage::EntryResult>&)>;

  Writer(Store* store, const WriterOptions& options);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Queues the entry; `done` is called exactly once if OK is returned, and never otherwise.
  // ResourceExhausted when the queue is full, InvalidArgument beyond kMaxEntryBytes, Unavailable
  // when the store is read-only. REQUIRES: the proposer filled in version and time.
  absl::Status Submit(storage::Entry entry, Done done, Urgency urgency = Urgency::kNow,
                      std::shared_ptr<EntryChain> chain = nullptr);

  // Submit, and wait for the result. Not from a Done.
  absl::StatusOr<storage::EntryResult> Write(storage::Entry entry);

  // Writes what is queued, and what a Done submits meanwhile; later entries are refused as
  // Unavailable. One thread only.
  void Stop();

 private:
  // Syncing is turned off only by tests, to prove that the power-cut test would notice.
  friend class WriterTestPeer;
  void set_sync(bool sync);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchstone::store
