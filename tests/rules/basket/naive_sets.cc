#include "tests/rules/basket/naive_sets.h"

#include <optional>

namespace touchstone::rules {
namespace {

using Supply = absl::Span<const NaiveSupplyUnit>;

bool MayServe(const NaiveSupplyUnit& unit, size_t part) { return (unit.parts >> part & 1) != 0; }

// Seats are what the parts lack; units are matched with them one by one, along paths that reseat
// those that sit already (Berge).
class Seating {
 public:
  Seating(Supply supply, const std::vector<int64_t>& lacking) : supply_(supply) {
    for (size_t part = 0; part < lacking.size(); ++part) {
      seats_.insert(seats_.end(), static_cast<size_t>(lacking[part]), part);
    }
  }

  bool FillsAllSeats() {
    if (seats_.size() > supply_.size()) return false;
    seat_of_unit_.assign(supply_.size(), std::nullopt);
    for (size_t seat = 0; seat < seats_.size(); ++seat) {
      tried_.assign(supply_.size(), false);
      if (!Fill(seat)) return false;
    }
    return true;
  }

 private:
  bool Fill(size_t seat) {
    for (size_t unit = 0; unit < supply_.size(); ++unit) {
      if (tried_[unit] || !MayServe(supply_[unit], seats_[seat])) continue;
      tried_[unit] = true;
      if (seat_of_unit_[unit] && !Fill(*seat_of_unit_[unit])) continue;
      seat_of_unit_[unit] = seat;
      return true;
    }
    return false;
  }

  Supply supply_;
  std::vector<size_t> seats_;  // the part of each
  std::vector<std::optional<size_t>> seat_of_unit_;
  std::vector<bool> tried_;
};

std::vector<int64_t> UnitsFor(const SetSpec& spec, int64_t sets) {
  std::vector<int64_t> units;
  for (const SetPart& part : spec.parts) units.push_back(sets * part.units);
  return units;
}

using SetByPart = std::vector<std::vector<size_t>>;  // units of each part

// All units of each part: each unit goes to the first part that leaves enough for the others.
SetByPart GiveOut(const SetSpec& spec, Supply supply, int64_t sets) {
  SetByPart given(spec.parts.size());
  std::vector<int64_t> lacking = UnitsFor(spec, sets);
  for (size_t unit = 0; unit < supply.size(); ++unit) {
    for (size_t part = 0; part < spec.parts.size(); ++part) {
      if (!MayServe(supply[unit], part) || lacking[part] == 0) continue;
      --lacking[part];
      if (Seating(supply.subspan(unit + 1), lacking).FillsAllSeats()) {
        given[part].push_back(unit);
        break;
      }
      ++lacking[part];
    }
  }
  return given;
}

// The runs by part; nothing when a part draws from several.
std::optional<std::vector<size_t>> RunsByPart(const SetByPart& set, Supply supply) {
  std::vector<size_t> runs;
  for (const std::vector<size_t>& units : set) {
    runs.push_back(supply[units.front()].run);
    for (const size_t unit : units) {
      if (supply[unit].run != runs.back()) return std::nullopt;
    }
  }
  return runs;
}

// Sets one after another that draw from the same runs.
struct Pool {
  int64_t sets = 0;
  SetByPart units;
  std::optional<std::vector<size_t>> runs;
};

void AddSet(const SetByPart& set, Supply supply, std::vector<Pool>& pools) {
  const std::optional<std::vector<size_t>> runs = RunsByPart(set, supply);
  if (pools.empty() || !runs || pools.back().runs != runs) {
    pools.push_back({1, set, runs});
    return;
  }
  ++pools.back().sets;
  for (size_t part = 0; part < set.size(); ++part) {
    std::vector<size_t>& units = pools.back().units[part];
    units.insert(units.end(), set[part].begin(), set[part].end());
  }
}

// The units that are next in each part.
SetByPart NextSet(const SetSpec& spec, const SetByPart& given, int64_t sets_before) {
  SetByPart set;
  for (size_t part = 0; part < given.size(); ++part) {
    const auto first = given[part].begin() + sets_before * spec.parts[part].units;
    set.emplace_back(first, first + spec.parts[part].units);
  }
  return set;
}

// Of one part the benefit is about the cheapest units of all sets of the batch, which are alike.
bool IsGot(const SetSpec& spec, size_t part, size_t position, const Pool& pool) {
  if (spec.parts.size() > 1) return spec.parts[part].is_got;
  if (spec.cheapest_got == 0) return true;
  const auto got = static_cast<size_t>(pool.sets * spec.cheapest_got);
  const size_t units = pool.units[part].size();
  return spec.grouping == Grouping::kDearestFirst ? position >= units - got : position < got;
}

NaiveSetBatch BatchOf(const SetSpec& spec, const Pool& pool) {
  NaiveSetBatch batch{.sets = pool.sets};
  for (size_t part = 0; part < pool.units.size(); ++part) {
    for (size_t i = 0; i < pool.units[part].size(); ++i) {
      batch.units.push_back({pool.units[part][i], part, IsGot(spec, part, i, pool)});
    }
  }
  return batch;
}

// The cheapest units of all are got, the dearest are bought.
NaiveSetBatch FormCheapestOfAll(const SetSpec& spec, Supply supply, int64_t sets) {
  std::vector<size_t> units;
  for (size_t i = 0; i < supply.size(); ++i) {
    if (MayServe(supply[i], 0)) units.push_back(i);
  }
  const auto got = static_cast<size_t>(sets * spec.cheapest_got);
  const auto bought = static_cast<size_t>(sets * spec.parts.front().units) - got;
  NaiveSetBatch batch{.sets = sets};
  for (size_t i = 0; i < got; ++i) batch.units.push_back({units[i], 0, true});
  for (size_t i = units.size() - bought; i < units.size(); ++i) {
    batch.units.push_back({units[i], 0, false});
  }
  return batch;
}

}  // namespace

int64_t CountSetsByTrying(const SetSpec& spec, Supply supply) {
  int64_t sets = 0;
  while (sets < spec.at_most && Seating(supply, UnitsFor(spec, sets + 1)).FillsAllSeats()) ++sets;
  return sets;
}

std::vector<NaiveSetBatch> FormSets(const SetSpec& spec, Supply supply) {
  const int64_t sets = CountSetsByTrying(spec, supply);
  if (sets == 0) return {};
  if (spec.grouping == Grouping::kCheapestOfAll && spec.parts.size() == 1 &&
      spec.cheapest_got > 0) {
    return {FormCheapestOfAll(spec, supply, sets)};
  }
  const SetByPart given = GiveOut(spec, supply, sets);
  std::vector<Pool> pools;
  for (int64_t i = 0; i < sets; ++i) AddSet(NextSet(spec, given, i), supply, pools);
  std::vector<NaiveSetBatch> batches;
  for (const Pool& pool : pools) batches.push_back(BatchOf(spec, pool));
  return batches;
}

}  // namespace touchstone::rules
