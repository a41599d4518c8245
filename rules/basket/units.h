#pragma once

// The units of a basket's lines, kept as runs of units that are alike: of one line, with the same
// left to pay, used in a set or not.
//
// An amount over units is split with its larger parts on the first ones, so that units [from, from
// + n) of a line come to the same whether they are a run of their own or part of a longer one.
// Thread safety: one thread. Cost: O(lines) to start, O(1) to split; no heap allocation once the
// memory has grown.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "rules/basket/basket.h"

namespace touchstone::rules {

inline constexpr uint32_t kNoRun = UINT32_MAX;

struct UnitRun {
  uint32_t line = 0;
  uint32_t next = kNoRun;  // of the same line, in the order of its units
  int64_t first = 0;       // position in the line
  int64_t count = 0;
  int64_t net_minor = 0;  // of all of them
  bool used = false;      // in a set
};

// Some units of a run.
struct UnitSlice {
  uint32_t run = 0;
  int64_t from = 0;  // position in the run
  int64_t count = 0;
};

// What units [from, from + n) of `count` come to that come to `total` together. REQUIRES: count >
// 0.
int64_t AmountOfUnits(int64_t total, int64_t count, int64_t from, int64_t n);

class UnitRuns {
 public:
  // One run a line. REQUIRES: what was taken so far was taken from whole lines.
  void Start(absl::Span<const BasketLine> lines, absl::Span<const LineTotals> totals);
  void Clear() { runs_.clear(); }
  bool empty() const { return runs_.empty(); }

  // The first run of line i is run i.
  const UnitRun& operator[](uint32_t run) const { return runs_[run]; }
  int64_t NetOf(const UnitSlice& slice) const;

  // Takes an amount from a run, or from all runs of a line in proportion to what is left of each.
  void Take(uint32_t run, int64_t amount_minor) { runs_[run].net_minor -= amount_minor; }
  void TakeFromLine(uint32_t line, int64_t line_net_minor, int64_t amount_minor);
  void Use(uint32_t run) { runs_[run].used = true; }
  // Which units are used, as bytes: equal exactly where the same ones are.
  void AppendUsed(std::string* key) const;

  // Makes the slice a run of its own and returns it. Slices of the same run that lie before it stay
  // valid, those behind it do not.
  uint32_t Split(const UnitSlice& slice);

 private:
  uint32_t SplitAt(uint32_t run, int64_t position);

  std::vector<UnitRun> runs_;
};

}  // namespace touchstone::rules
