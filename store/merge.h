#pragma once

// What RocksDB runs in its own threads: merging patches into records and dropping expired rows.
//
// Thread safety: safe from any thread. Errors: a merge of bytes that are no record or no patch
// fails, and RocksDB reports the key's value as corrupt.

#include <rocksdb/compaction_filter.h>
#include <rocksdb/merge_operator.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::store {

namespace storage = ::touchstone::storage::v1;

// Full merge: ApplyPatches. Partial merge: concatenation.
class RecordMergeOperator : public rocksdb::MergeOperator {
 public:
  const char* Name() const override { return "touchstone.record.1"; }
  bool FullMergeV2(const MergeOperationInput& in, MergeOperationOutput* out) const override;
  bool PartialMergeMulti(const rocksdb::Slice& key, const std::deque<rocksdb::Slice>& operands,
                         std::string* merged, rocksdb::Logger* logger) const override;
};

// While it lives, what this thread reads by key tells only whether it is there: merging is left
// out, and a value with pending patches is any bytes. For a read, never around a write.
class PresenceRead {
 public:
  PresenceRead();
  ~PresenceRead();
  PresenceRead(const PresenceRead&) = delete;
  PresenceRead& operator=(const PresenceRead&) = delete;
};

// How long a request id is remembered, in proposer time.
inline constexpr int64_t kRequestMemoryUs = int64_t{24} * 3600 * 1000 * 1000;

// The head of a remembered request's value; the EntryResult follows.
struct RequestHead {
  static constexpr size_t kBytes = 16;
  uint64_t body_hash;
  int64_t time_us;

  // REQUIRES: at least kBytes bytes.
  static RequestHead Read(absl::string_view value);
  void AppendTo(std::string* value) const;

  bool ExpiredAt(int64_t newest_us) const { return time_us < newest_us - kRequestMemoryUs; }
};

// The first answer to a request from its remembered row, REQUEST_ID_REUSED when the body was
// another, nullopt when its time is over; DataLoss for a row that is malformed.
absl::StatusOr<std::optional<storage::EntryResult>> RecalledResult(absl::string_view row,
                                                                   uint64_t body_hash,
                                                                   int64_t newest_us);

// Removes remembered requests that Apply no longer looks at. Only the space they take depends on
// when RocksDB runs this.
class RequestExpiry : public rocksdb::CompactionFilter {
 public:
  const char* Name() const override { return "touchstone.request_expiry.1"; }
  bool Filter(int level, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* new_value, bool* value_changed) const override;

  void set_newest_us(int64_t newest_us) { newest_us_.store(newest_us, std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> newest_us_{0};
};

}  // namespace touchstone::store
