#include "rules/basket/sets.h"

#include <algorithm>

namespace touchstone::rules {
namespace {

bool IsOnePart(uint8_t parts) { return (parts & (parts - 1)) == 0; }

int64_t UnitsOf(const SetSpec& spec, size_t part_set) {
  int64_t units = 0;
  for (size_t part = 0; part < spec.parts.size(); ++part) {
    if ((part_set >> part & 1) != 0) units += spec.parts[part].units;
  }
  return units;
}

// Of a set of one part, the units before those that the benefit is about, in the order in which
// they are drawn.
int64_t GotFrom(const SetSpec& spec) {
  const bool first = spec.cheapest_got == 0 || spec.grouping != Grouping::kDearestFirst;
  return first ? 0 : spec.parts.front().units - spec.cheapest_got;
}

int64_t GotUnits(const SetSpec& spec) {
  return spec.cheapest_got == 0 ? spec.parts.front().units : spec.cheapest_got;
}

}  // namespace

UnitSlice SetPlanner::Queue::Take(int64_t count) {
  UnitSlice& slice = slices[front];
  const UnitSlice taken = {slice.run, slice.from, count};
  slice.from += count;
  slice.count -= count;
  if (slice.count == 0) ++front;
  return taken;
}

void SetPlanner::Plan(const SetSpec& spec, absl::Span<const SetSupply> supply, int64_t most_sets) {
  batches_.clear();
  slices_.clear();
  CountSets(spec, supply, most_sets);
  if (sets_ == 0) return;
  const bool one_part = spec.parts.size() == 1;
  if (one_part && spec.grouping == Grouping::kCheapestOfAll && spec.cheapest_got > 0) {
    DrawCheapestOfAll(spec, supply);
    return;
  }
  GiveOut(spec, supply);
  DrawSets(spec);
}

void SetPlanner::CountSets(const SetSpec& spec, absl::Span<const SetSupply> supply,
                           int64_t most_sets) {
  part_sets_ = size_t{1} << spec.parts.size();
  std::fill_n(supplied_.begin(), part_sets_, 0);
  for (const SetSupply& units : supply) {
    for (size_t part_set = 1; part_set < part_sets_; ++part_set) {
      if ((part_set & units.parts) != 0) supplied_[part_set] += units.count;
    }
  }
  sets_ = std::min(spec.at_most, most_sets);
  for (size_t part_set = 1; part_set < part_sets_; ++part_set) {
    sets_ = std::min(sets_, supplied_[part_set] / UnitsOf(spec, part_set));
  }
}

void SetPlanner::GiveOut(const SetSpec& spec, absl::Span<const SetSupply> supply) {
  for (size_t part = 0; part < spec.parts.size(); ++part) {
    queues_[part].slices.clear();
    queues_[part].front = 0;
    needed_[part] = sets_ * spec.parts[part].units;
  }
  for (size_t part_set = 1; part_set < part_sets_; ++part_set) {
    slack_[part_set] = supplied_[part_set] - sets_ * UnitsOf(spec, part_set);
  }
  for (const SetSupply& units : supply) {
    int64_t given = 0;
    for (size_t part = 0; part < spec.parts.size(); ++part) {
      if ((units.parts >> part & 1) == 0) continue;
      const int64_t count = MostFor(part, units.parts, units.count - given);
      if (count == 0) continue;
      Give(part, units, given, count);
      given += count;
    }
  }
}

// How many of `count` units that may serve in `parts` can go to this one, so that the others can
// still have what they lack.
int64_t SetPlanner::MostFor(size_t part, uint8_t parts, int64_t count) const {
  int64_t most = std::min(count, needed_[part]);
  if (IsOnePart(parts)) return most;
  for (size_t part_set = 1; part_set < part_sets_; ++part_set) {
    const bool is_theirs = (part_set & parts) != 0 && (part_set >> part & 1) == 0;
    if (is_theirs) most = std::min(most, slack_[part_set]);
  }
  return most;
}

void SetPlanner::Give(size_t part, const SetSupply& supply, int64_t from, int64_t count) {
  queues_[part].slices.push_back({supply.run, from, count});
  needed_[part] -= count;
  for (size_t part_set = 1; part_set < part_sets_; ++part_set) {
    const bool is_theirs = (part_set & supply.parts) != 0 && (part_set >> part & 1) == 0;
    if (is_theirs) slack_[part_set] -= count;
  }
}

void SetPlanner::DrawSets(const SetSpec& spec) {
  for (int64_t left = sets_; left > 0;) {
    const int64_t equal = EqualSets(spec, left);
    if (equal > 0) {
      DrawEqualSets(spec, equal);
      left -= equal;
    } else {
      DrawMixedSet(spec);
      --left;
    }
  }
}

// How many sets the front slices are enough for, each part's by itself.
int64_t SetPlanner::EqualSets(const SetSpec& spec, int64_t left) const {
  int64_t equal = left;
  for (size_t part = 0; part < spec.parts.size(); ++part) {
    equal = std::min(equal, queues_[part].front_count() / spec.parts[part].units);
  }
  return equal;
}

void SetPlanner::DrawEqualSets(const SetSpec& spec, int64_t sets) {
  BeginBatch(sets);
  if (spec.parts.size() == 1) {
    const int64_t got = sets * GotUnits(spec);
    const int64_t bought = sets * spec.parts.front().units - got;
    // The units of a run are alike, so that it does not matter which of them are got.
    if (GotFrom(spec) > 0) Draw(0, bought, false);
    Draw(0, got, true);
    if (GotFrom(spec) == 0) Draw(0, bought, false);
  } else {
    for (size_t part = 0; part < spec.parts.size(); ++part) {
      Draw(part, sets * spec.parts[part].units, spec.parts[part].is_got);
    }
  }
  EndBatch();
}

void SetPlanner::DrawMixedSet(const SetSpec& spec) {
  BeginBatch(1);
  if (spec.parts.size() == 1) {
    const int64_t before = GotFrom(spec);
    const int64_t got = GotUnits(spec);
    Draw(0, before, false);
    Draw(0, got, true);
    Draw(0, spec.parts.front().units - before - got, false);
  } else {
    for (size_t part = 0; part < spec.parts.size(); ++part) {
      Draw(part, spec.parts[part].units, spec.parts[part].is_got);
    }
  }
  EndBatch();
}

// The cheapest units of all are got, the dearest are bought, and those between them are in no set.
void SetPlanner::DrawCheapestOfAll(const SetSpec& spec, absl::Span<const SetSupply> supply) {
  BeginBatch(sets_);
  const int64_t got = sets_ * spec.cheapest_got;
  const int64_t in_sets = sets_ * spec.parts.front().units;
  Queue& queue = queues_.front();
  queue.slices.clear();
  queue.front = 0;
  for (const SetSupply& units : supply) queue.slices.push_back({units.run, 0, units.count});
  Draw(0, got, true);
  for (int64_t between = supplied_[1] - in_sets; between > 0;) {
    between -= queue.Take(std::min(between, queue.front_count())).count;
  }
  Draw(0, in_sets - got, false);
  EndBatch();
}

void SetPlanner::Draw(size_t part, int64_t count, bool is_got) {
  Queue& queue = queues_[part];
  while (count > 0) {
    const UnitSlice taken = queue.Take(std::min(count, queue.front_count()));
    slices_.push_back({taken, is_got});
    count -= taken.count;
  }
}

void SetPlanner::BeginBatch(int64_t sets) {
  batches_.push_back({.sets = sets, .first_slice = static_cast<uint32_t>(slices_.size())});
}

void SetPlanner::EndBatch() {
  SetBatch& batch = batches_.back();
  batch.slices = static_cast<uint32_t>(slices_.size()) - batch.first_slice;
}

}  // namespace touchstone::rules
