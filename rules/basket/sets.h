#pragma once

// Which units of a basket make complete sets.
//
// How many sets there are is exact: the least, over all choices of parts, of what may serve in any
// of them by what they need (the condition of Gale for a transport problem to have a solution).
// Units are then given out in order: each to the first part that leaves enough for the others.
// Thread safety: one thread a planner. Cost: O(runs), times 2^parts where units may serve in more
// than one part; no heap allocation once the memory has grown.

#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "rules/basket/benefit.h"
#include "rules/basket/units.h"

namespace touchstone::rules {

// Units that are not used yet. They come in the order of the grouping.
struct SetSupply {
  uint32_t run = 0;
  int64_t count = 0;
  uint8_t parts = 0;  // bit i: they may serve in part i; not 0
};

struct SetSlice {
  UnitSlice units;
  bool is_got = false;  // the benefit is about them
};

// Sets of the same runs, one after another.
struct SetBatch {
  int64_t sets = 0;
  uint32_t first_slice = 0;
  uint32_t slices = 0;
};

class SetPlanner {
 public:
  // At most so many sets, nor more than the spec says. REQUIRES: units of the whole supply are at
  // most 10^13.
  void Plan(const SetSpec& spec, absl::Span<const SetSupply> supply,
            int64_t most_sets = std::numeric_limits<int64_t>::max());

  int64_t sets() const { return sets_; }
  absl::Span<const SetBatch> batches() const { return batches_; }
  absl::Span<const SetSlice> slices() const { return slices_; }  // no two have a unit in common

 private:
  static constexpr size_t kPartSets = size_t{1} << kMaxSetParts;

  // Slices in order, taken from the front.
  struct Queue {
    std::vector<UnitSlice> slices;
    size_t front = 0;

    int64_t front_count() const { return slices[front].count; }
    UnitSlice Take(int64_t count);  // of the front slice
  };

  void CountSets(const SetSpec& spec, absl::Span<const SetSupply> supply, int64_t most_sets);
  void GiveOut(const SetSpec& spec, absl::Span<const SetSupply> supply);
  int64_t MostFor(size_t part, uint8_t parts, int64_t count) const;
  void Give(size_t part, const SetSupply& supply, int64_t from, int64_t count);
  void DrawSets(const SetSpec& spec);
  int64_t EqualSets(const SetSpec& spec, int64_t left) const;
  void DrawEqualSets(const SetSpec& spec, int64_t sets);
  void DrawMixedSet(const SetSpec& spec);
  void DrawCheapestOfAll(const SetSpec& spec, absl::Span<const SetSupply> supply);
  void Draw(size_t part, int64_t count, bool is_got);
  void BeginBatch(int64_t sets);
  void EndBatch();

  int64_t sets_ = 0;
  std::vector<SetBatch> batches_;
  std::vector<SetSlice> slices_;
  std::array<Queue, kMaxSetParts> queues_;    // by part
  std::array<int64_t, kMaxSetParts> needed_;  // by part: units that it still lacks
  std::array<int64_t, kPartSets> supplied_;   // by set of parts: units that may serve in any
  std::array<int64_t, kPartSets> slack_;      // the same, less what they lack together
  size_t part_sets_ = 0;                      // of this spec, the empty one included
};

}  // namespace touchstone::rules
