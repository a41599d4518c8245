#pragma once

// What one event adds to a customer's aggregates.
//
// Thread safety: pure functions; one Scratch per thread. Lifetime: values point into the event's
// rows or the scratch. Errors: an evaluation that goes wrong adds nothing and is counted in
// `skipped`, as are money in another currency than the aggregate's, a text of more than
// kMaxKeptTextBytes bytes where the text itself is kept, and a double that is no number.
// Cost: one evaluation an aggregate, or one a line where it is about lines.

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"
#include "rules/facts/reference.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

inline constexpr size_t kMaxKeptTextBytes = 128;
// Of the values that the lines of one event give `top`, so many that are most frequent count (of
// equal ones the lesser), and so many cases of `open`, in order of name.
inline constexpr size_t kMaxValuesOfEvent = 256;

// One event, bound to the rows of its EventLayout; a line row needs its declared fields only, the
// product's columns are filled in from the reference rows.
struct EventFacts {
  const EventSpec* type = nullptr;
  absl::Time time;
  absl::Span<const expr::Value> row;                      // slot kSlotEventTime is set from `time`
  absl::Span<const absl::Span<const expr::Value>> lines;  // declared fields, in order
  bool takes_back = false;  // a cancellation: takes back what the event itself has added
};

// What is added to one aggregate; which members count depends on its form.
struct AggregateIncrement {
  const AggregateSpec* aggregate = nullptr;
  int64_t bucket = 0;
  // kBuckets.
  int64_t count = 0;
  int64_t sum = 0;  // minor units, thousandths or whole numbers
  // kCells. The value as it is kept: money in the aggregate's currency, a moment in whole
  // microseconds, the name of a case as a text.
  expr::Value value;
  int64_t weight = 0;   // of top: how many lines have the value
  bool closes = false;  // of open and oldest_open
  // kDistinct.
  uint64_t hash = 0;
  // The event is taken back and the aggregate's state cannot follow: it is not known until it is
  // filled again from the events. Nothing else is set then.
  bool stale = false;
};

struct EventIncrements {
  std::vector<AggregateIncrement> increments;  // in order of Schema::aggregates
  int skipped = 0;                             // evaluations that added nothing
};

// `count` counts the event once when `where` holds for it, or for any of its lines if it reads
// `line`. The others take one value an event, or one a line if they or their conditions read
// `line`; of these an event adds to min, max, first and last the best one, to the others each.
// Resets the scratch.
EventIncrements IncrementsOf(const Schema& schema, const EventFacts& event,
                             const ReferenceTable& products, expr::Scratch& scratch);

}  // namespace touchstone::rules
