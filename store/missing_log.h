#pragma once

// A log that RocksDB misses without need.
//
// RocksDB 7.8 notes in its manifest which logs are whole, and which are obsolete. Where a log is
// noted as whole just after it became obsolete, and a new manifest is begun with that note, the
// other note stays behind: once the log is deleted, as it should be, the store is refused, until
// the next flush begins the manifest anew. (RocksDB's pull request 10892, in 7.9.) Manifests here
// are begun anew at each change, so that this is met by whoever copies a store, or kills its
// process, while small memtables are flushed.

#include <rocksdb/db.h>

#include <string>
#include <vector>

namespace touchstone::store {

// Whether a store was refused only since a log is missing of which all rows are in tables. Such a
// store may be opened once without track_and_verify_wals_in_manifest, which forgets all notes of
// logs. What is not found out: whether a later log is missing as well.
//
// Changes nothing. Thread safety: none but the files are touched. REQUIRES: the store is not open.
// Cost: nothing unless `refused` is of a missing log; else that of replaying the logs.
bool MissesOnlyAFlushedLog(const rocksdb::Status& refused, const rocksdb::DBOptions& db_options,
                           const std::string& path,
                           const std::vector<rocksdb::ColumnFamilyDescriptor>& families);

}  // namespace touchstone::store
