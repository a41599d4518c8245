#pragma once

// RocksDB as this room uses it: options, column families, errors, and the one way to write.
//
// Thread safety: reads are safe from any thread; Commit is for the one writer.
// Errors: see ToStatus. Once a write or a background job has failed, write_status() says why and
// Commit refuses.

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "store/bulk_rows.h"
#include "store/family.h"
#include "store/merge.h"
#include "store/store.h"

namespace touchstone::store {

// NotFound, DataLoss for corruption, Unavailable for the rest. `what` names the kind of thing that
// was wanted; RocksDB redacts keys from its own texts.
absl::Status ToStatus(absl::string_view what, const rocksdb::Status& status);

inline rocksdb::Slice ToSlice(absl::string_view text) {
  return rocksdb::Slice(text.data(), text.size());
}
inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

// Keys from `first` to `last`, both included.
struct KeyRange {
  Family family;
  std::string first;
  std::string last;
};

class Database {
 public:
  static absl::StatusOr<std::unique_ptr<Database>> Open(const StoreOptions& options);
  ~Database();

  absl::StatusOr<Found> Get(Family family, absl::string_view key, ReadTier tier,
                            rocksdb::PinnableSlice* value) const;
  // Whether there is one; patches are not merged, so that it may be damaged. Blocks.
  absl::StatusOr<bool> Contains(Family family, absl::string_view key) const;
  // nullopt when there is none. Blocks.
  absl::StatusOr<std::optional<std::string>> GetCopy(Family family, absl::string_view key) const;
  // An iterator over the keys that begin with `prefix`, in order, from `start` on. Leaves the block
  // cache alone.
  class PrefixIterator;
  PrefixIterator Iterate(Family family, std::string prefix, absl::string_view start) const;
  // The same, at the last key that is not behind `key`.
  PrefixIterator FindLast(Family family, std::string prefix, absl::string_view key) const;

  // Writes a batch and, if `sync`, waits until it is on the device. Publishes the progress that the
  // batch holds. After a failure the store is read-only.
  absl::Status Commit(rocksdb::WriteBatch* batch, const storage::Progress& progress, bool sync);

  // From here on what Commit is given stays in memory (bulk_load.h). Before anything is written.
  void BeginBulkLoad() { bulk_rows_ = std::make_unique<BulkRows>(); }
  // Null without a bulk load.
  BulkRows* bulk_rows() const { return bulk_rows_.get(); }
  // As GetCopy, past what a bulk load has in memory.
  absl::StatusOr<std::optional<std::string>> GetFlushedCopy(Family family,
                                                            absl::string_view key) const;

  // Rewrites the files that hold these keys, so that of rows that were deleted or replaced before
  // the call nothing is left in any file: table, log or manifest. What an iterator that was opened
  // before still reads stays until it is gone; a backup that is being made is waited for. Cancelled
  // when `cancel` was set meanwhile. Blocks:
  // flushes everything, then a compaction for each range.
  absl::Status Purge(absl::Span<const KeyRange> ranges, std::atomic<bool>* cancel);

  storage::Progress progress() const;
  absl::Status write_status() const;
  // The first reason stays.
  void StopWrites(absl::string_view reason);

  rocksdb::ColumnFamilyHandle* handle(Family family) const {
    return handles_[static_cast<size_t>(family)];
  }
  rocksdb::DB* rocks() const { return db_.get(); }

 private:
  Database() = default;
  absl::Status OpenFamilies(const StoreOptions& options);
  absl::Status CheckFormat();
  std::unique_ptr<rocksdb::Iterator> NewIterator(Family family) const;
  absl::Status DeleteObsoleteFiles(const std::atomic<bool>& cancel);
  absl::Status ReadProgress();
  Family FamilyOf(uint32_t number) const;

  std::unique_ptr<rocksdb::Env> env_;
  absl::StatusOr<Found> GetFlushed(Family family, absl::string_view key, ReadTier tier,
                                   rocksdb::PinnableSlice* value) const;

  RequestExpiry request_expiry_;
  std::unique_ptr<BulkRows> bulk_rows_;
  std::unique_ptr<rocksdb::DB> db_;
  std::array<rocksdb::ColumnFamilyHandle*, kFamilyCount> handles_{};

  mutable std::mutex mutex_;  // guards progress_ and write_status_
  storage::Progress progress_;
  absl::Status write_status_;
};

class Database::PrefixIterator {
 public:
  bool Valid() const { return iterator_->Valid() && iterator_->key().starts_with(prefix_); }
  void Next() { iterator_->Next(); }
  void Previous() { iterator_->Prev(); }
  // To the first key that is not before `key`.
  void SkipTo(absl::string_view key) { iterator_->Seek(ToSlice(key)); }
  absl::string_view key() const { return ToView(iterator_->key()); }
  absl::string_view value() const { return ToView(iterator_->value()); }
  // Not OK: the iteration ended because a read failed.
  absl::Status status() const { return ToStatus("scan", iterator_->status()); }

 private:
  friend class Database;
  PrefixIterator(std::unique_ptr<rocksdb::Iterator> iterator, std::string prefix)
      : iterator_(std::move(iterator)), prefix_(std::move(prefix)) {}

  std::unique_ptr<rocksdb::Iterator> iterator_;
  std::string prefix_;
};

}  // namespace touchstone::store
