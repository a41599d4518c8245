#pragma once

// What the state that a customer's record keeps for an aggregate amounts to at a moment.
// (aggregate_increments.h says what an event adds to it, docs/rules/aggregates.md what it means.)
//
// Buckets: a window of days keeps one a local day (days since 1970-01-01 in the schema's zone), a
// window of hours one an hour of UTC (so that daylight saving neither repeats nor skips one), no
// window a single bucket 0. What events add is independent of their order, so they may come late.
// Thread safety: pure functions. Cost: linear in the state; `top` also sorts it.

#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/expr/arena.h"
#include "rules/expr/value.h"
#include "rules/facts/distinct.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

// The bucket of a moment.
int64_t BucketOf(const TrailingWindow& window, absl::Time time, absl::TimeZone zone);
// The first bucket that still counts at `now`; older ones may be dropped.
int64_t FirstBucket(const TrailingWindow& window, absl::Time now, absl::TimeZone zone);

// Of AggregateForm::kBuckets: what fell on one day or hour.
struct AggregateBucket {
  int64_t number = 0;
  int64_t count = 0;
  int64_t sum = 0;
};

// Of AggregateForm::kCells: one value that is remembered of a bucket.
struct AggregateCell {
  int64_t bucket = 0;
  // When its event happened; of open and oldest_open when the first event of the case did.
  absl::Time time;
  int64_t weight = 0;   // of top: how often the value occurred
  bool closed = false;  // of open and oldest_open: by the latest event of the case
  expr::Value value;    // of open and oldest_open not needed
};

// All that is kept of one aggregate; of the spans only that of its form is read.
struct AggregateState {
  absl::Span<const AggregateBucket> buckets = {};  // ascending by number
  absl::Span<const AggregateCell> cells = {};
  absl::Span<const DistinctEntry> distinct = {};
  bool is_sketch = false;  // of `distinct`
  // Something was taken back that the state cannot give back: nothing is known until it is filled
  // again.
  bool stale = false;
};

// A moment and the bucket that it is in, for each unit of window: a decision asks the calendar
// once, not for each aggregate.
struct CurrentBuckets {
  absl::Time time;
  int64_t day = 0;
  int64_t hour = 0;

  int64_t In(const TrailingWindow& window) const;
};
CurrentBuckets BucketsAt(absl::Time now, absl::TimeZone zone);

// The aggregate's value for a known customer. Buckets after the current one do not count; of first
// and last neither does an event after `now` (what its bucket held before is not known), nor a case
// that was opened after `now`. Without events count, sum, decayed, distinct and open are 0, top is
// an empty list, the others are absent. Lists live in `memory`, texts where the cells have them.
expr::Value AggregateValue(const AggregateSpec& spec, const AggregateState& state,
                           const CurrentBuckets& now, expr::Arena& memory);

// Whether min, max, first or last takes `cell` rather than `other`.
// REQUIRES: `function` is one of these.
bool IsBetter(AggregateFunction function, const AggregateCell& cell, const AggregateCell& other);

// Less than 0, 0, more than 0: numbers, amounts of one currency and moments by size, texts by
// bytes. REQUIRES: of one kind, which is int, double, decimal, money, timestamp, bool or string.
int CompareKept(const expr::Value& a, const expr::Value& b);

}  // namespace touchstone::rules
