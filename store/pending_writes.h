#pragma once

// The store as Apply sees it: what is committed, under what the entries of the current batch wrote.
//
// Thread safety: for the writer's thread.
// Errors: a read may fail as Database::GetCopy does; writes are only collected.
// Cost: a read of a row that the batch wrote is one hash look-up.

#include <rocksdb/write_batch.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/database.h"

namespace touchstone::store {

class PendingWrites {
 public:
  explicit PendingWrites(Database* database);

  // nullopt when there is none.
  absl::StatusOr<std::optional<std::string>> Get(Family family, absl::string_view key);
  // Whether a record is there. It costs no look-up where that was found lately.
  absl::StatusOr<bool> ContainsRecord(absl::string_view key);
  void Put(Family family, absl::string_view key, absl::string_view value);
  void Delete(Family family, absl::string_view key);
  // Applies a patch to a record. REQUIRES: it passed ValidatePatch.
  void MergeRecord(absl::string_view key, absl::string_view patch);
  // The same, for a patch that may make the record: without one, the record is written whole, which
  // saves every later read the merge.
  void MakeOrMergeRecord(absl::string_view key, absl::string_view patch);

  // Committed rows only. REQUIRES: empty() when the entry began.
  const Database& committed() const { return *database_; }

  storage::Progress& progress() { return progress_; }

  // An entry either stays as a whole or is undone as a whole.
  void BeginEntry();
  void KeepEntry();
  void UndoEntry();

  bool empty() const { return rows_.empty(); }
  size_t batch_bytes() const { return batch_.GetDataSize(); }
  // Writes all of it. REQUIRES: no entry is open.
  absl::Status Commit(bool sync);
  // Forgets all of it, for the next batch.
  void Clear();

 private:
  struct Row {
    enum class Base : uint8_t { kCommitted, kValue, kDeleted };
    Base base = Base::kCommitted;
    std::string value;    // when base is kValue
    std::string patches;  // on top of base
    uint64_t entry = 0;   // that changed it last
  };
  // Rows keep their place, so that what undoes a change need not look for them.
  using Rows = absl::node_hash_map<std::string, Row>;

  // The row, to be changed by the open entry.
  Row& Touch(Family family, absl::string_view key);
  absl::string_view NameOf(Family family, absl::string_view key);
  Rows::iterator Find(Family family, absl::string_view key);
  std::string& PlaceOf(absl::string_view record_key);

  // Direct-mapped; a customer to whom something is shown is often shown something again.
  static constexpr size_t kPresentRecords = 131072;

  Database* database_;
  rocksdb::WriteBatch batch_;
  storage::Progress progress_;
  Rows rows_;         // by family and key
  std::string name_;  // of the row that was looked for last
  // Keys of records that were found among what is committed, and were not deleted since.
  std::vector<std::string> present_;
  uint64_t entry_ = 0;  // the open one, or the last that was open
  // What the open entry changed, as it was before; nothing when it was not there.
  std::vector<std::pair<Rows::value_type*, std::optional<Row>>> undo_;
  storage::Progress undo_progress_;
};

}  // namespace touchstone::store
