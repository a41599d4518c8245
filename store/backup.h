#pragma once

// Backups of a store that is in use, and of files beside it, into one directory: incremental,
// verified, and made whole or not at all.
//
// Tables of RocksDB that an earlier backup holds are shared with it; so are files beside the store
// whose path, length and time of change are the same. What a crash or a failure leaves half done is
// not listed, and is cleared away by the next Create.
//
// Thread safety: one Backups a directory, in one process; the others are refused. Its methods are
// safe from any thread, and wait for one another.
// Errors: FailedPrecondition when another process has the directory; Unavailable when the device
// refuses; DataLoss for a backup whose bytes are not what they were; NotFound for a number that is
// not there.
// Cost: Create flushes the memtables, copies what is new, then reads all that the backup leads to
// once more to verify it. Reads and writes of the store go on.
// The layout is in docs/formats/backup.md.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "store/store.h"

namespace touchstone::store {

// Where a data folder holds the store.
inline constexpr char kStoreFolder[] = "store";

struct Backup {
  uint32_t number = 0;  // counts up
  absl::Time created;
  uint64_t position = 0;  // it holds every write up to this one
  uint64_t store_bytes = 0;
  uint64_t file_bytes = 0;    // of the files beside the store
  uint64_t copied_bytes = 0;  // by Create; of what List tells, 0
};

class Backups {
 public:
  // Makes the directory when there is none.
  static absl::StatusOr<std::unique_ptr<Backups>> Open(const std::string& directory);
  ~Backups();
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;

  // `files`: paths below `data_dir`; a folder stands for all files in it. One that is being
  // appended to is taken as long as it is when its turn comes, before the store: so whatever it
  // speaks of is in the store's part. `keep`: how many backups stay, this one among them; 0: all.
  absl::StatusOr<Backup> Create(const Store& store, const std::string& data_dir,
                                const std::vector<std::string>& files, absl::Time now,
                                uint32_t keep);

  // Oldest first; those that are damaged are left out.
  std::vector<Backup> List() const;

 private:
  class Impl;
  explicit Backups(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Verifies a backup and puts it into `data_dir`, the store below kStoreFolder; 0: the latest one.
// What is there already is never written over: FailedPrecondition unless the folder is missing or
// empty. It appears there as a whole or not at all.
absl::StatusOr<Backup> RestoreBackup(const std::string& directory, uint32_t number,
                                     const std::string& data_dir);

}  // namespace touchstone::store
