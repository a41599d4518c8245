#pragma once

// The units of a line one by one: the model that units.h is checked against.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace touchstone::rules {

struct UnitsFromTo {
  size_t from = 0;
  size_t to = 0;  // the one behind the last

  size_t count() const { return to - from; }
};

class NaiveUnits {
 public:
  NaiveUnits() = default;
  NaiveUnits(int64_t count, int64_t total);

  size_t count() const { return units_.size(); }
  UnitsFromTo all() const { return {0, units_.size()}; }
  int64_t NetOf(UnitsFromTo units) const;
  bool is_used(size_t unit) const { return units_[unit].used; }
  // Units of one run have had the same done to them.
  int run(size_t unit) const { return units_[unit].run; }
  // Neighbours of one run, the first of them first.
  std::vector<UnitsFromTo> RunsOf(UnitsFromTo units) const;

  // From all runs in proportion to what is left of each, cent by cent from the first unit on.
  void TakeFromAll(int64_t amount);
  // Makes them a run of their own and takes the amount from it. REQUIRES: they are of one run.
  void TakeFrom(UnitsFromTo units, int64_t amount);
  // Makes them a run of their own that is used. REQUIRES: they are of one run.
  void Use(UnitsFromTo units);

 private:
  struct Unit {
    int64_t net = 0;
    bool used = false;
    int run = 0;
  };

  void Separate(UnitsFromTo units);
  void SetNet(UnitsFromTo units, int64_t net);

  std::vector<Unit> units_;
  int runs_ = 1;
};

// `total` in `count` equal parts; what is left over, a cent each, is with the first ones.
std::vector<int64_t> EqualParts(int64_t total, size_t count);

}  // namespace touchstone::rules
