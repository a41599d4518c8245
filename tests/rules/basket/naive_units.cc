#include "tests/rules/basket/naive_units.h"

#include "absl/numeric/int128.h"

namespace touchstone::rules {

std::vector<int64_t> EqualParts(int64_t total, size_t count) {
  std::vector<int64_t> parts;
  for (size_t left = count; left > 0; --left) {
    const auto divisor = static_cast<int64_t>(left);
    const int64_t rounded_up = (total + divisor - 1) / divisor;
    parts.push_back(rounded_up);
    total -= rounded_up;
  }
  return parts;
}

NaiveUnits::NaiveUnits(int64_t count, int64_t total) : units_(static_cast<size_t>(count)) {
  SetNet(all(), total);
}

int64_t NaiveUnits::NetOf(UnitsFromTo units) const {
  int64_t net = 0;
  for (size_t i = units.from; i < units.to; ++i) net += units_[i].net;
  return net;
}

std::vector<UnitsFromTo> NaiveUnits::RunsOf(UnitsFromTo units) const {
  std::vector<UnitsFromTo> runs;
  for (size_t i = units.from; i < units.to; ++i) {
    if (runs.empty() || units_[i].run != units_[i - 1].run) runs.push_back({i, i});
    runs.back().to = i + 1;
  }
  return runs;
}

void NaiveUnits::TakeFromAll(int64_t amount) {
  const absl::int128 total_net = NetOf(all());
  absl::int128 net_so_far = 0;
  int64_t taken = 0;
  for (const UnitsFromTo& run : RunsOf(all())) {
    const int64_t net = NetOf(run);
    net_so_far += net;
    const auto taken_so_far =
        total_net == 0 ? 0 : static_cast<int64_t>(amount * net_so_far / total_net);
    SetNet(run, net - (taken_so_far - taken));
    taken = taken_so_far;
  }
}

void NaiveUnits::TakeFrom(UnitsFromTo units, int64_t amount) {
  Separate(units);
  SetNet(units, NetOf(units) - amount);
}

void NaiveUnits::Use(UnitsFromTo units) {
  Separate(units);
  for (size_t i = units.from; i < units.to; ++i) units_[i].used = true;
}

// What lies before them stays the run that it was, what lies behind them becomes a new one.
void NaiveUnits::Separate(UnitsFromTo units) {
  const int run = units_[units.from].run;
  for (size_t i = units.to; i < units_.size() && units_[i].run == run; ++i) units_[i].run = runs_;
  ++runs_;
  for (size_t i = units.from; i < units.to; ++i) units_[i].run = runs_;
  ++runs_;
}

void NaiveUnits::SetNet(UnitsFromTo units, int64_t net) {
  const std::vector<int64_t> parts = EqualParts(net, units.count());
  for (size_t i = units.from; i < units.to; ++i) units_[i].net = parts[i - units.from];
}

}  // namespace touchstone::rules
