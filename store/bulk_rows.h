#pragma once

// Rows that were written and are in memory only, over what a database has: until a bulk load puts
// them into sorted files.
//
// Thread safety: all methods are safe from any thread; Add from one at a time.
// Errors: as the reads of the database beneath.
// Cost: a hash look-up a row; a record that has patches is read merged.

#include <rocksdb/write_batch.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <shared_mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "store/family.h"

namespace touchstone::store {

class BulkRows {
 public:
  struct Row {
    enum class Kind : uint8_t {
      kValue,    // `value`, and then `patches`
      kDeleted,  // nothing, and then `patches`
      kPatched,  // what the database has, and then `patches`
      kKept,     // `value`, which is what the database has, and then `patches`
    };
    Kind kind = Kind::kPatched;
    std::string value;
    std::string patches;
  };
  using Rows = absl::flat_hash_map<std::string, Row>;

  // Takes the rows of a batch. `family_of`: of a column family's number.
  absl::Status Add(const rocksdb::WriteBatch& batch, absl::FunctionRef<Family(uint32_t)> family_of);
  void Put(Family family, absl::string_view key, absl::string_view value);
  void Delete(Family family, absl::string_view key);

  // Keeps a row of the database that was read, since it will be read and changed again.
  void Keep(Family family, absl::string_view key, absl::string_view value);

  // What is known here: nullopt when the database has to say; else the row, or that there is none.
  // `below` reads the database, for a record that has patches.
  using Below = absl::FunctionRef<absl::StatusOr<std::optional<std::string>>()>;
  absl::StatusOr<std::optional<std::optional<std::string>>> Find(Family family,
                                                                 absl::string_view key,
                                                                 Below below) const;
  // Whether the row is there; nullopt when the database has to say.
  std::optional<bool> Contains(Family family, absl::string_view key) const;

  // About as much memory as they take.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  bool empty() const;

  // REQUIRES for these two: nobody adds rows meanwhile.
  const Rows& rows(Family family) const { return rows_[static_cast<size_t>(family)]; }
  void Clear();

  // Whether it is other than what the database has.
  static bool IsChanged(const Row& row) {
    return row.kind != Row::Kind::kKept || !row.patches.empty();
  }
  // The row as it stands in the end; nullopt: there is none.
  static absl::StatusOr<std::optional<std::string>> Final(const Row& row, Below below);

 private:
  class Collector;
  void PutLocked(Family family, absl::string_view key, absl::string_view value);
  void DeleteLocked(Family family, absl::string_view key);
  void MergeLocked(Family family, absl::string_view key, absl::string_view patch);
  Row& Touch(Family family, absl::string_view key);

  mutable std::shared_mutex mutex_;
  std::array<Rows, kFamilyCount> rows_;
  std::atomic<size_t> bytes_{0};
};

}  // namespace touchstone::store
