#include "rules/basket/units.h"

#include <algorithm>

#include "rules/money/proportion.h"

namespace touchstone::rules {

int64_t AmountOfUnits(int64_t total, int64_t count, int64_t from, int64_t n) {
  const int64_t each = total / count;
  const int64_t larger = total % count;  // so many come to one more
  return each * n + std::min(from + n, larger) - std::min(from, larger);
}

void UnitRuns::Start(absl::Span<const BasketLine> lines, absl::Span<const LineTotals> totals) {
  runs_.clear();
  for (uint32_t i = 0; i < lines.size(); ++i) {
    runs_.push_back({.line = i, .count = lines[i].units(), .net_minor = totals[i].net_minor});
  }
}

int64_t UnitRuns::NetOf(const UnitSlice& slice) const {
  const UnitRun& run = runs_[slice.run];
  return AmountOfUnits(run.net_minor, run.count, slice.from, slice.count);
}

void UnitRuns::TakeFromLine(uint32_t line, int64_t line_net_minor, int64_t amount_minor) {
  if (runs_[line].next == kNoRun) return Take(line, amount_minor);
  Proportion proportion(amount_minor, line_net_minor);
  for (uint32_t run = line; run != kNoRun; run = runs_[run].next) {
    runs_[run].net_minor -= proportion.Next(runs_[run].net_minor);
  }
}

void UnitRuns::AppendUsed(std::string* key) const {
  const auto append = [key](int64_t number) {
    key->append(reinterpret_cast<const char*>(&number), sizeof number);
  };
  for (uint32_t line = 0; line < runs_.size() && runs_[line].first == 0; ++line) {
    // Runs that are used lie side by side as often as not: what counts is where they begin and end.
    bool used = false;
    for (uint32_t run = line; run != kNoRun; run = runs_[run].next) {
      if (runs_[run].used == used) continue;
      used = !used;
      append(line);
      append(runs_[run].first);
    }
  }
}

uint32_t UnitRuns::Split(const UnitSlice& slice) {
  if (slice.from + slice.count < runs_[slice.run].count) {
    SplitAt(slice.run, slice.from + slice.count);
  }
  return slice.from == 0 ? slice.run : SplitAt(slice.run, slice.from);
}

// The run that begins at the position.
uint32_t UnitRuns::SplitAt(uint32_t run, int64_t position) {
  const auto added = static_cast<uint32_t>(runs_.size());
  UnitRun back = runs_[run];
  UnitRun& front = runs_[run];
  front.net_minor = AmountOfUnits(back.net_minor, back.count, 0, position);
  front.count = position;
  front.next = added;
  back.net_minor -= front.net_minor;
  back.first += position;
  back.count -= position;
  runs_.push_back(back);
  return added;
}

}  // namespace touchstone::rules
