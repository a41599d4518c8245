#pragma once

// A look at RocksDB's write-ahead log before it is replayed.
//
// RocksDB can replay up to the first damage in silence, which would drop what was acknowledged
// behind it, or refuse every damage, which would refuse the torn end that a power cut leaves. This
// tells the two apart: each batch is synced before the next one is begun, so a batch that a later
// one follows was acknowledged, and one that none follows may never have been. What it cannot tell:
// damage to the very last batch from a torn end; and a log that counts from one that was recovered
// with its torn end and remains until it is deleted.
//
// Format: RocksDB's wiki, "Write Ahead Log File Format": blocks of 32 KiB, of records of a masked
// CRC-32C (4 bytes), a length (2), a type (1) and the payload, a batch in one record or several. A
// batch begins with its sequence number (8) and how many it takes (4). All little-endian.

#include <rocksdb/env.h>

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace touchstone::store {

struct WriteLogs {
  // DataLoss, with the file and the byte, when damage stands before a later batch. Nothing is lost
  // all the same where recovery comes to `next_sequence`: then that log does not count any more.
  absl::Status damage;
  uint64_t next_sequence = 0;  // behind the last whole batch
};

// Of the logs in the folder. Unavailable when one cannot be read.
//
// Thread safety: none but the files are touched. REQUIRES: the store is not open.
// Cost: reads every log once.
absl::StatusOr<WriteLogs> ReadWriteLogs(rocksdb::Env* env, const std::string& path);

}  // namespace touchstone::store
