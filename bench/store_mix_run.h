#pragma once

// Reads and updates of the store that mixed_store.h makes, in one process, while it is left alone,
// compacted or backed up.
//
// Reads are by key and may wait for the device; updates are durable, submitted and not waited for.
// Open loop: each thread begins its operations at moments fixed in advance, and latency counts from
// these. Closed loop: one after the other. Every record that is read is checked.
// Thread safety: one run at a time. Blocks. Limits: named below.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bench/latency_histogram.h"

namespace touchstone::bench {

// Updates under way beyond which a thread waits.
inline constexpr int kUpdatesUnderWay = 1024;

enum class MixPhase : uint8_t {
  kQuiet,
  kCompaction,  // of all records, one compaction after the other
  kBackup,      // of everything, one backup after the other
};
absl::string_view MixPhaseName(MixPhase phase);
std::optional<MixPhase> FindMixPhase(absl::string_view name);

enum class CustomerDraw : uint8_t {
  kUniform,
  kZipf,  // with exponent 0.99, over customers in no order
};

struct StoreMixOptions {
  std::string folder;         // the store, and backups of it
  std::string store_options;  // a file; empty: none
  uint64_t customers = 1'000'000;
  size_t cache_mib = 512;
  CustomerDraw draw = CustomerDraw::kUniform;
  double update_share = 0.1;
  std::optional<double> rate_per_second;  // open loop, of all threads together
  int threads = 2;
  uint64_t seed = 1;
  absl::Duration warm_up = absl::Seconds(10);   // reads as fast as they go, before the first phase
  absl::Duration measured = absl::Seconds(20);  // of each phase; what runs beside it ends first
  std::vector<MixPhase> phases = {MixPhase::kQuiet, MixPhase::kCompaction, MixPhase::kBackup};
};

struct MixPhaseResult {
  MixPhase phase = MixPhase::kQuiet;
  absl::Duration elapsed;
  uint64_t reads = 0;
  uint64_t updates = 0;        // acknowledged
  uint64_t failed = 0;         // of either; answers that are wrong among them
  uint64_t runs = 0;           // compactions or backups
  LatencyHistogram read;       // from the intended moment
  LatencyHistogram read_call;  // of the call alone
  LatencyHistogram update;     // from the intended moment until it is durable
  // Open loop: what a thread that does nothing is late at its moments, as often as a reading one.
  // Reads cannot be faster; what it is late without a load is the machine's.
  LatencyHistogram yardstick;
  int64_t resident_bytes = 0;  // at most, of the process
};

struct StoreMixResult {
  std::vector<MixPhaseResult> phases;
  uint64_t record_bytes = 0;        // of one
  uint64_t store_bytes = 0;         // of tables, before the first phase
  uint64_t table_reader_bytes = 0;  // indexes and filters, which are outside of the cache
};

// InvalidArgument for an option outside its limits.
absl::Status CheckStoreMixOptions(const StoreMixOptions& options);

// REQUIRES: the options are within their limits, and the folder holds a store of so many customers.
absl::StatusOr<StoreMixResult> RunStoreMix(const StoreMixOptions& options);

// Where the store is in the folder.
std::string StorePath(const StoreMixOptions& options);

}  // namespace touchstone::bench
