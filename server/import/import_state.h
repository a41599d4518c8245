#pragma once

// How far an import has come: its totals, its quarantine, and what a later run of the same command
// needs to go on behind what was acknowledged.
//
// An import is cut into batches, the same ones each time: their numbers say where it stands. Their
// outcomes may come in any order and take effect in that of their numbers, so that totals and
// quarantine always are those of the first so many batches. Now and then, and at the end of a run
// that fails, they are kept in a file beside the input; a run that ends well removes it.
// Thread safety: all methods are safe from any thread. Lifetime: the
// quarantine must outlive it. Errors: Open says why an earlier run cannot be gone on with; a file
// that cannot be written is told by status(), and the import goes on.

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/import/quarantine.h"

namespace touchstone::server {

// Every row is counted once: rows = imported + duplicate + left_out + quarantined.
struct ImportTotals {
  int64_t rows = 0;
  int64_t imported = 0;
  int64_t duplicate = 0;  // rows of events, grants and budgets that were there already
  int64_t left_out = 0;   // by the mapping's filters
  int64_t quarantined = 0;
  int64_t events_new = 0;
  int64_t events_duplicate = 0;
  // Of those in quarantine, by ReasonWithoutValues; the first kMaxReasons reasons.
  std::map<std::string, int64_t> reasons;
};
inline constexpr size_t kMaxReasons = 100;

struct RefusedRow {
  int64_t line = 0;
  std::string reason;
  std::string raw;
  bool by_server = false;  // who worded the reason
};

// What became of the rows of one batch.
struct BatchOutcome {
  int64_t imported = 0;
  int64_t duplicate = 0;
  int64_t left_out = 0;
  int64_t unwritten = 0;  // nothing wrong with them, but their table was refused for others
  int64_t events_new = 0;
  int64_t events_duplicate = 0;
  std::vector<RefusedRow> refused;
};

// What is kept of a run.
struct ImportProgress {
  std::string identity;  // of file, mapping and target: what has to be the same
  std::string run_id;
  int64_t start_s = 0;
  int64_t settled = 0;  // batches
  int64_t quarantine_bytes = 0;
  ImportTotals totals;

  std::string ToJson() const;
  // InvalidArgument for what is none.
  static absl::StatusOr<ImportProgress> FromJson(const std::string& json);
};

class ImportState {
 public:
  // `path`: where it is kept; empty: nowhere. `begin` is what it starts with.
  ImportState(std::string path, ImportProgress begin, Quarantine* quarantine);

  // What an earlier run of the same identity left at `path`; nothing when there is none. Of another
  // identity: nothing, and `changed` is set.
  static absl::StatusOr<std::optional<ImportProgress>> Find(const std::string& path,
                                                            const std::string& identity,
                                                            bool* changed);

  // Batches that were settled by an earlier run: they are not sent again.
  int64_t settled_before() const { return settled_before_; }
  const std::string& run_id() const { return progress_.run_id; }

  void Settle(int64_t number, BatchOutcome outcome);
  // As of the batches that are settled.
  ImportProgress progress() const;
  // Writes it now, so that it outlasts a power cut.
  void Save();
  // The run has ended well: there is nothing to go on with.
  void Forget();

  absl::Status status() const;

 private:
  using Clock = std::chrono::steady_clock;

  void Take(const BatchOutcome& outcome);
  void SaveLocked();

  const std::string path_;
  const int64_t settled_before_;
  Quarantine* const quarantine_;
  mutable std::mutex mutex_;  // guards what follows
  ImportProgress progress_;
  std::map<int64_t, BatchOutcome> early_;  // settled before an earlier one was
  Clock::time_point saved_ = Clock::now();
  absl::Status status_;
};

}  // namespace touchstone::server
