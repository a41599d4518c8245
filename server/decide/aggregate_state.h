#pragma once

// The state of an aggregate from a record to what the rules make a value of.
//
// Thread safety: one a thread. Lifetime: what Read gives points into the reader (until the next
// Read), the record and `memory`. Cost: linear in the state; no heap allocation after warm-up.

#include <optional>
#include <vector>

#include "rules/expr/arena.h"
#include "rules/facts/aggregate.h"
#include "store/aggregate_view.h"

namespace touchstone::server {

// What the record keeps for an aggregate of cells. REQUIRES: FormOf(function) is kCells.
store::CellRule CellRuleOf(rules::AggregateFunction function);

class AggregateStateReader {
 public:
  // nullopt when the record's state is none of this aggregate's form, and so not its state.
  std::optional<rules::AggregateState> Read(const store::AggregateView& view,
                                            const rules::AggregateSpec& spec,
                                            rules::expr::Arena& memory);

 private:
  rules::AggregateState ReadBuckets(const store::AggregateView& view);
  rules::AggregateState ReadCells(const store::AggregateView& view,
                                  const rules::AggregateSpec& spec, rules::expr::Arena& memory);
  rules::AggregateState ReadDistinct(const store::AggregateView& view);

  std::vector<rules::AggregateBucket> buckets_;
  std::vector<rules::AggregateCell> cells_;
  std::vector<rules::DistinctEntry> distinct_;
};

}  // namespace touchstone::server
