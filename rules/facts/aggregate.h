#pragma once

// Aggregates at both ends: what one event adds to a customer's buckets, and what the buckets amount
// to at a moment.
//
// Buckets: a window of days keeps one a local day (days since 1970-01-01 in the schema's zone), a
// window of hours one an hour of UTC (so that daylight saving neither repeats nor skips one), no
// window a single bucket 0. Counts and sums add up per bucket, so events may come late and in any
// order; `last` keeps the latest time per bucket.
// Thread safety: pure functions; one Scratch per thread. Errors: an expression that goes wrong, or
// money in another currency than the aggregate's, adds nothing and is counted in `skipped`.

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"
#include "rules/facts/reference.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

// One event, bound to the rows of its EventLayout; a line row needs its declared fields only, the
// product's columns are filled in from the reference rows.
struct EventFacts {
  const EventSpec* type = nullptr;
  absl::Time time;
  absl::Span<const expr::Value> row;                      // slot kSlotEventTime is set from `time`
  absl::Span<const absl::Span<const expr::Value>> lines;  // declared fields, in order
  // A cancellation: takes back what the event itself has added. `last` cannot be taken back.
  bool takes_back = false;
};

// What is added to one bucket of one aggregate; which of count, sum and last counts depends on the
// aggregate's function.
struct AggregateIncrement {
  uint32_t aggregate = 0;  // AggregateSpec::id
  int64_t bucket = 0;
  int64_t count = 0;  // events
  int64_t sum = 0;    // minor units, thousandths or whole numbers
  absl::Time last = absl::InfinitePast();
};

struct EventIncrements {
  std::vector<AggregateIncrement> increments;  // in order of Schema::aggregates
  int skipped = 0;                             // aggregates' evaluations that added nothing
};

// `count` counts the event once and `last` takes its time once, when `where` holds for it, or for
// any of its lines if it reads `line`; `sum` adds once a line if it or its `where` reads `line`.
EventIncrements IncrementsOf(const Schema& schema, const EventFacts& event,
                             const ReferenceTable& products, expr::Scratch& scratch);

// The bucket of a moment.
int64_t BucketOf(const TrailingWindow& window, absl::Time time, absl::TimeZone zone);
// The first bucket that still counts at `now`; older ones may be dropped.
int64_t FirstBucket(const TrailingWindow& window, absl::Time now, absl::TimeZone zone);

// What a customer's record holds of one bucket.
struct AggregateBucket {
  int64_t number = 0;
  int64_t count = 0;
  int64_t sum = 0;
  absl::Time last = absl::InfinitePast();
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

// The aggregate's value for a known customer: buckets in any order, numbers distinct; those after
// the current one do not count, nor does a `last` after `now`: the one before it is not known.
// Without events a count or a sum is 0 and `last` is absent.
expr::Value AggregateValue(const AggregateSpec& spec, absl::Span<const AggregateBucket> buckets,
                           const CurrentBuckets& now);

}  // namespace touchstone::rules
