#pragma once

// Increments of events as operations on a record: one by one as events come, or those of a whole
// history in as few operations as its state needs.
//
// Thread safety: one thread. Errors: none.

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "absl/time/time.h"
#include "rules/expr/arena.h"
#include "rules/facts/aggregate_increments.h"
#include "store/record_patch.h"

namespace touchstone::server {

// Buckets below `keep_from` are outside of the aggregate's window and are dropped.
void AppendIncrement(const rules::AggregateIncrement& increment, absl::Time event_time,
                     int64_t keep_from, store::RecordPatch* patch);

// A history's increments, united where they end up in one place: one operation a bucket, two a
// case, one a value that `distinct` knows, one a bucket and value that `top` knows.
class IncrementTally {
 public:
  // Copies what it needs. REQUIRES: not increment.stale.
  void Add(const rules::AggregateIncrement& increment, absl::Time event_time, int64_t keep_from);
  // Appends what was added, but for the buckets that the greatest `keep_from` of their aggregate
  // leaves out.
  void AppendTo(store::RecordPatch* patch) const;

 private:
  struct Entry {
    rules::AggregateIncrement increment;
    absl::Time time;
  };
  // Of the aggregate's id, the bucket where it divides the state, and what else does.
  using Key = std::tuple<uint32_t, int64_t, std::string>;

  void Unite(Key key, const Entry& entry);

  std::map<Key, Entry> entries_;
  std::map<uint32_t, int64_t> keep_from_;  // by aggregate
  rules::expr::Arena memory_;              // of values
};

}  // namespace touchstone::server
