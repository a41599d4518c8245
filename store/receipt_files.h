#pragma once

// The segments of a receipt log: sealed ones, and the one that is being written.
//
// Thread safety: Write and Seal are for one thread, Erase for one at a time; the rest is safe from
// any thread, also during those.
// Errors: as in receipts.h. Cost: Find and Scan read files without holding a lock.

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/receipt_segment.h"
#include "store/receipts.h"

namespace touchstone::store {

class ReceiptFiles {
 public:
  static absl::StatusOr<std::unique_ptr<ReceiptFiles>> Open(const ReceiptLogOptions& options,
                                                            ReceiptRecovery* recovery);
  ~ReceiptFiles();
  ReceiptFiles(const ReceiptFiles&) = delete;
  ReceiptFiles& operator=(const ReceiptFiles&) = delete;

  struct Outcome {
    absl::Status status;    // not OK: the device refuses, and these and unsynced frames are lost
    uint64_t lost = 0;      // receipts
    bool unsynced = false;  // something waits for a sync
  };
  // Sets the checksums of complete frames, writes them, and syncs all that was written if `sync`.
  // After a failure each call tries a new segment, also one without frames.
  Outcome Write(std::string* frames, bool sync);

  // Closes the segment that is written, and tries again to seal any that could not be. What is
  // written later goes into a segment of this number or a higher one.
  uint64_t Seal();
  // Rewrites the segments below this number; as ReceiptLog::Erase.
  absl::StatusOr<uint64_t> Erase(uint64_t through,
                                 absl::FunctionRef<bool(absl::string_view receipt)> is_erased,
                                 const std::atomic<bool>* cancel);

  absl::StatusOr<std::optional<std::string>> Find(absl::string_view decision_id) const;
  // Frames of segments that hold something of first_us..last_us, in order of writing, until `visit`
  // returns false; erased ones are passed over.
  absl::Status Scan(int64_t first_us, int64_t last_us,
                    absl::FunctionRef<bool(const Frame&)> visit) const;
  std::vector<SegmentSummary> Summaries() const;

 private:
  // Indexed in memory: the segment that is written, and any that could not be sealed.
  struct Unsealed {
    SegmentSummary summary;
    absl::flat_hash_map<uint64_t, uint32_t> offsets;
    std::shared_ptr<rocksdb::FSRandomAccessFile> reader;
  };

  explicit ReceiptFiles(const ReceiptLogOptions& options);
  absl::Status CreateSegment();
  struct FrameList;
  static FrameList SealFrames(std::string* frames);
  absl::Status WriteFrames(absl::string_view bytes, const FrameList& frames);
  absl::Status SyncSegment();
  Outcome GiveUpSegment(const absl::Status& failure, uint64_t frames_lost);
  // Closes the segment that is written, seals every unsealed one, and deletes what is too old.
  absl::Status Rotate();
  void SealAll();
  void DropExpired();
  absl::StatusOr<uint64_t> EraseIn(const SealedSegment& segment,
                                   absl::FunctionRef<bool(absl::string_view receipt)> is_erased);

  const ReceiptLogOptions options_;
  const std::shared_ptr<rocksdb::FileSystem> file_system_;
  const SegmentDirectory directory_;

  // The writing thread's own.
  std::unique_ptr<rocksdb::FSWritableFile> file_;  // of unsealed_.back(); null between segments
  bool failed_ = false;
  bool created_unsynced_ = false;  // the directory does not have the segment's name for certain
  uint64_t unsynced_frames_ = 0;
  uint64_t next_number_ = 1;

  mutable std::mutex mutex_;  // guards the two lists and what unsealed ones hold
  std::vector<std::shared_ptr<const SealedSegment>> sealed_;  // ascending by number
  std::vector<std::shared_ptr<Unsealed>> unsealed_;           // ascending by number
};

}  // namespace touchstone::store
