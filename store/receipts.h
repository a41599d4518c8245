#pragma once

// The receipts of decisions: append-only segment files, written behind the caller's back.
//
// Append copies into a bounded buffer; a thread of its own frames, writes and syncs. What a crash
// can lose is bounded by flush_interval (the process) and sync_interval (the machine). Old segments
// are deleted whole. Content is opaque here, but that it does not begin with a zero byte.
//
// Thread safety: all methods are safe from any thread.
// Lifetime: the destructor writes and syncs what is buffered.
// Errors: DataLoss names a segment whose bytes fail their check. While the device refuses writes,
// Append returns Unavailable and what was buffered is counted as lost; a new segment is tried after
// every retry_interval, and by Flush.
// Cost: Append is a copy under a short lock, about a microsecond for 2 KiB. Find reads one block of
// an index per segment, and the receipt. The memory is buffer_bytes, 2 KiB a segment, and about 40
// bytes a receipt of the open segment.
// The byte format is in docs/formats/receipts.md.

#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace touchstone::store {

inline constexpr size_t kMaxDecisionIdBytes = 255;
inline constexpr size_t kMaxReceiptBytes = size_t{16} << 20;

struct ReceiptLogOptions {
  std::string path;                        // a directory of its own
  size_t buffer_bytes = size_t{16} << 20;  // half of it takes, while the other half is written
  uint64_t segment_bytes = uint64_t{256} << 20;
  absl::Duration flush_interval = absl::Milliseconds(5);
  absl::Duration sync_interval = absl::Milliseconds(100);
  absl::Duration retry_interval = absl::Seconds(1);    // after the device refused a write
  absl::Duration retention_age = absl::Hours(7 * 24);  // against the newest receipt
  uint64_t retention_bytes = uint64_t{20} << 30;
  // Null: the default one. Tests put faults in here.
  std::shared_ptr<rocksdb::FileSystem> file_system;
};

struct ReceiptLogStats {
  uint64_t appended = 0;  // since Open, of them
  uint64_t lost = 0;      // buffered when the device refused them
  uint64_t shed = 0;      // not taken: the buffer was full or the device refuses writes
  uint64_t segments = 0;
  uint64_t bytes = 0;  // of all segments
};

// What Open found after a crash.
struct ReceiptRecovery {
  uint64_t truncated_bytes = 0;     // torn tails that were cut off
  uint64_t reindexed_segments = 0;  // segments that had no valid index
};

// What Erase leaves of a receipt; no other begins with a zero.
bool IsErasedReceipt(absl::string_view receipt);

struct ReceiptRef {
  absl::string_view decision_id;
  absl::Time time;
  absl::string_view bytes;
};

class ReceiptLog {
 public:
  static absl::StatusOr<std::unique_ptr<ReceiptLog>> Open(const ReceiptLogOptions& options);
  ~ReceiptLog();
  ReceiptLog(const ReceiptLog&) = delete;
  ReceiptLog& operator=(const ReceiptLog&) = delete;

  // Takes one receipt, the concatenation of `parts`. ResourceExhausted: no room, the caller sheds
  // the call; Unavailable: the device refuses writes; InvalidArgument beyond kMaxReceiptBytes, or
  // for an id of another length than 1 to kMaxDecisionIdBytes. REQUIRES: decision_id is new.
  absl::Status Append(absl::string_view decision_id, absl::Time time,
                      absl::Span<const absl::string_view> parts);
  absl::Status Append(absl::string_view decision_id, absl::Time time, absl::string_view bytes) {
    return Append(decision_id, time, absl::Span<const absl::string_view>(&bytes, 1));
  }

  // The receipt of a decision; NotFound when there is none, or no longer. Sees every receipt
  // appended before the call. Blocks, for a write of the buffer if it is not empty.
  absl::StatusOr<std::string> Find(absl::string_view decision_id);

  // Calls `visit` for the receipts with from <= time < until, in order of appending, until it
  // returns false. The reference is valid during the call. Blocks.
  absl::Status Scan(absl::Time from, absl::Time until,
                    absl::FunctionRef<bool(const ReceiptRef&)> visit);

  // Replaces every receipt for which `is_erased` is true, of those appended before the call, by as
  // many zeroes; how many there were. Segments are rewritten whole and swapped at once: after a
  // crash each is as it was or as it will be. Find then finds zeroes (IsErasedReceipt), Scan passes
  // over them. DataLoss when a segment is damaged, Unavailable when the device refuses: segments
  // before it are done, and the caller tries again. Cancelled, between two segments, when `cancel`
  // is set. For one thread at a time. Blocks: reads all segments.
  absl::StatusOr<uint64_t> Erase(absl::FunctionRef<bool(absl::string_view receipt)> is_erased,
                                 const std::atomic<bool>* cancel);

  // Everything appended before the call is synced. Unavailable if the device refuses. Blocks.
  absl::Status Flush();

  ReceiptLogStats stats() const;
  const ReceiptRecovery& recovery() const;

 private:
  class Impl;
  explicit ReceiptLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace touchstone::store
