#pragma once

// A look at RocksDB's write-ahead log before it is replayed.
//
// RocksDB can replay up to the first damage in silence, which would drop what was acknowledged
// behind it, or refuse every damage, which would refuse the torn end that a power cut leaves. This
// tells the two apart: each batch is synced before the next one is begun, so a batch that a later
// one follows was acknowledged, and one that none follows may never have been. What it cannot tell:
// damage to the very last batch from a torn end.
//
// Format: RocksDB's wiki, "Write Ahead Log File Format": blocks of 32 KiB, of records of a masked
// CRC-32C (4 bytes), a length (2), a type (1) and the payload, a batch in one record or several. A
// batch begins with its sequence number (8) and how many it takes (4). All little-endian.

#include <rocksdb/env.h>

#include <string>

#include "absl/status/status.h"

namespace touchstone::store {

// OK when no damage to the logs in the folder stands before an acknowledged write. DataLoss names
// the file and the byte otherwise; Unavailable when a log cannot be read.
//
// Thread safety: none but the files are touched. REQUIRES: the store is not open.
// Cost: reads every log once.
absl::Status CheckWriteLogs(rocksdb::Env* env, const std::string& path);

}  // namespace touchstone::store
