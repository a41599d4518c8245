#pragma once

// One segment of receipts on disk: its frames, its index, and what to do with one that was torn.
// The byte formats are in docs/formats/receipts.md.
//
// Thread safety: functions are pure but for the files; a SealedSegment is immutable.
// Errors: DataLoss names the segment whose bytes fail their check; Unavailable for the device.

#include <rocksdb/file_system.h>

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/receipts.h"

namespace touchstone::store {

inline constexpr size_t kSegmentHeaderBytes = 16;
inline constexpr size_t kFrameHeaderBytes = 17;
// Of a file that takes its place by a renaming.
inline constexpr char kUnfinishedSuffix[] = ".new";

std::string SegmentHeader(uint64_t number);

// Adds a frame without its checksum.
void AppendFrame(absl::string_view decision_id, int64_t time_us,
                 absl::Span<const absl::string_view> parts, std::string* out);
size_t FrameBytes(size_t decision_id_bytes, size_t receipt_bytes);

// The first frame of `bytes`. `bytes` too short for it: kShort.
struct Frame {
  absl::string_view decision_id;
  int64_t time_us = 0;
  absl::string_view receipt;
  size_t frame_bytes = 0;
};
enum class FrameCheck { kGood, kShort, kDamaged };
FrameCheck ReadFrame(absl::string_view bytes, Frame* frame);
// Sets the checksum of the complete frame at `bytes`, and returns it. REQUIRES: it is complete.
Frame SealFrame(char* bytes);

uint64_t HashDecisionId(absl::string_view decision_id);

struct IndexEntry {
  uint64_t hash;
  uint32_t offset;

  friend bool operator<(const IndexEntry& a, const IndexEntry& b) { return a.hash < b.hash; }
};

// What is known of a segment while it is written, and remembered when it is sealed.
struct SegmentSummary {
  uint64_t number = 0;
  uint64_t bytes = 0;
  int64_t first_us = std::numeric_limits<int64_t>::max();
  int64_t last_us = std::numeric_limits<int64_t>::min();

  void Cover(int64_t time_us);
};

// Where segments live. The file system outlives everything that uses it.
struct SegmentDirectory {
  rocksdb::FileSystem* file_system = nullptr;
  std::string path;

  std::string SegmentPath(uint64_t number) const;
  std::string IndexPath(uint64_t number) const;
  // Numbers of the segments there, ascending.
  absl::StatusOr<std::vector<uint64_t>> List() const;
  // Makes creation, renaming and deletion of files durable.
  absl::Status Sync() const;
  absl::StatusOr<std::unique_ptr<rocksdb::FSRandomAccessFile>> OpenForReading(
      const std::string& file) const;
  absl::Status Remove(uint64_t number) const;
  // Removes files that were being written under another name when the process ended.
  absl::Status RemoveUnfinished() const;
  absl::Status Truncate(uint64_t number, uint64_t bytes) const;
};

absl::Status ToStatus(absl::string_view what, const rocksdb::IOStatus& status);

// Calls `visit` with offset and frame for each good frame, until it returns false. Returns the
// offset behind the last good frame that was reached.
absl::StatusOr<uint64_t> ReadFrames(const SegmentDirectory& directory, uint64_t number,
                                    absl::FunctionRef<bool(uint64_t, const Frame&)> visit);

// Writes the segment to a file of that name, with zeroes in the place of the receipts of the frames
// at these offsets, ascending; every frame stays where it is, so that the index stays right.
absl::Status WriteErased(const SegmentDirectory& directory, uint64_t number,
                         const std::vector<uint64_t>& offsets, const std::string& path);

// The receipt at an offset. DataLoss when the frame is damaged; nullopt when it is of another
// decision.
absl::StatusOr<std::optional<std::string>> ReadReceipt(rocksdb::FSRandomAccessFile* file,
                                                       uint64_t number, uint64_t offset,
                                                       absl::string_view decision_id);

class SealedSegment {
 public:
  // Sorts the entries, writes the index and makes it durable.
  static absl::StatusOr<std::shared_ptr<const SealedSegment>> Seal(
      const SegmentDirectory& directory, const SegmentSummary& summary,
      std::vector<IndexEntry> entries);
  // Opens a segment with its index. DataLoss when the index is missing, damaged, or of a segment of
  // another length.
  static absl::StatusOr<std::shared_ptr<const SealedSegment>> Open(
      const SegmentDirectory& directory, uint64_t number);
  // Cuts off what is torn, counts it, and seals the rest. nullptr: nothing was left, and the
  // segment was removed.
  static absl::StatusOr<std::shared_ptr<const SealedSegment>> Recover(
      const SegmentDirectory& directory, uint64_t number, ReceiptRecovery* recovery);

  const SegmentSummary& summary() const { return summary_; }

  // nullopt when the segment holds no receipt of the decision.
  absl::StatusOr<std::optional<std::string>> Find(absl::string_view decision_id,
                                                  uint64_t hash) const;

 private:
  struct Bucket {
    uint32_t end = 0;  // in entries, from the first bucket on
    uint32_t crc = 0;
  };
  static constexpr size_t kBuckets = 256;  // by the highest byte of the hash

  SealedSegment() = default;
  absl::Status OpenFiles(const SegmentDirectory& directory);

  SegmentSummary summary_;
  std::vector<Bucket> buckets_;
  std::unique_ptr<rocksdb::FSRandomAccessFile> segment_;
  std::unique_ptr<rocksdb::FSRandomAccessFile> index_;
};

}  // namespace touchstone::store
