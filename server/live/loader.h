#pragma once

// From the store to what is live: compiles the active revision, binds the reference tables to its
// schema, and swaps both in together with the paused offers.
//
// Use: Reload at start and after each write that changes one of the three, before the writer is
// answered. Thread safety: all methods are safe from any thread; a Reload waits for the one under
// way, so that the last one sees the last write. Lifetime: store and live must outlive the loader.
// Errors: NotFound for a number that was never given out, DataLoss for stored bytes that cannot be
// read, FailedPrecondition for a rule set that this build no longer compiles. After a failed Reload
// what was live stays live.
// Cost: Reload reads and compiles what has changed only; a pause costs microseconds.

#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "server/live/live.h"
#include "store/store.h"

namespace touchstone::server {

// Compiled revisions and bound snapshots that are kept, beside those that are live.
inline constexpr size_t kMaxKeptRevisions = 8;
inline constexpr size_t kMaxKeptSnapshots = 4;

class LiveLoader {
 public:
  LiveLoader(const store::Store* store, Live* live) : store_(store), live_(live) {}

  // OK without an active revision: nothing is live then.
  absl::Status Reload();

  // What a receipt names: that revision, beside its offers those terms that grants keep
  // (ascending), with the reference snapshot of that version (0: empty) bound to it, nothing paused
  // and nothing incomplete. Blocks unless it was used lately.
  absl::StatusOr<std::shared_ptr<const LiveState>> Resolve(uint64_t revision,
                                                           uint64_t reference_version,
                                                           const std::vector<TermsKey>& kept_terms);

 private:
  // The most recently used first.
  template <typename Key, typename T>
  using Kept = std::list<std::pair<Key, std::shared_ptr<const T>>>;
  using SnapshotKey = std::pair<uint64_t, uint64_t>;  // revision, reference version
  using RuleSetKey = std::pair<uint64_t, std::vector<TermsKey>>;

  absl::StatusOr<std::vector<TermsKey>> LiveTerms(
      const store::storage::ActiveRevision& active) const;
  absl::StatusOr<std::shared_ptr<const rules::RuleSet>> RuleSetOf(const RuleSetKey& key);
  absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> ReferenceOf(
      const rules::Schema& schema, uint64_t revision, uint64_t reference_version);
  absl::StatusOr<std::shared_ptr<const rules::RuleSet>> CompileRevision(
      const RuleSetKey& key) const;
  absl::StatusOr<std::shared_ptr<const rules::ReferenceSnapshot>> BindSnapshot(
      const rules::Schema& schema, uint64_t reference_version) const;

  const store::Store* store_;
  Live* live_;
  std::mutex reload_mutex_;
  std::mutex kept_mutex_;  // guards the two below
  Kept<RuleSetKey, rules::RuleSet> rule_sets_;
  Kept<SnapshotKey, rules::ReferenceSnapshot> snapshots_;
};

}  // namespace touchstone::server
