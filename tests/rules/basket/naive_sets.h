#pragma once

// Complete sets formed unit by unit and set by set: the model that sets.h is checked against.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "rules/basket/benefit.h"

namespace touchstone::rules {

// A unit that may be in a set. They come in the order of the grouping.
struct NaiveSupplyUnit {
  size_t run = 0;
  uint8_t parts = 0;  // bit i: it may serve in part i
};

struct NaiveSetUnit {
  size_t unit = 0;  // index into the supply
  size_t part = 0;
  bool is_got = false;
};

// Sets one after another whose units come, part by part, from the same runs. Units come in the
// order in which they are drawn: by part, and in a part in the order of the grouping.
struct NaiveSetBatch {
  int64_t sets = 0;
  std::vector<NaiveSetUnit> units = {};
};

// How many sets can be made, found by making one more until units are missing.
int64_t CountSetsByTrying(const SetSpec& spec, absl::Span<const NaiveSupplyUnit> supply);

std::vector<NaiveSetBatch> FormSets(const SetSpec& spec, absl::Span<const NaiveSupplyUnit> supply);

}  // namespace touchstone::rules
