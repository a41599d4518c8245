#pragma once

// The cells of an aggregate, taken apart so that increments can change them.
//
// Thread safety: for one thread at a time. Errors: none.
// Lifetime: texts stay in the bytes of the record and of the patches, which must outlive the state.
// Cost: an increment is linear in the cells at worst, and allocates when there is a new one.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "store/aggregate_view.h"
#include "store/cell_value.h"

namespace touchstone::store {

class CellState {
 public:
  static constexpr AggregateView::Kind kKind = AggregateView::Kind::kCells;

  explicit CellState(CellRule rule) : rule_(rule) {}
  explicit CellState(const AggregateView& view);

  // The rule that the operation AddToCells is for. REQUIRES: well formed.
  static CellRule RuleOf(absl::string_view operation) {
    return static_cast<CellRule>(operation[4]);
  }

  // The operation AddToCells, of this rule. REQUIRES: well formed. True: there was no room, and a
  // cell was dropped.
  bool Add(absl::string_view operation);

  CellRule rule() const { return rule_; }
  bool empty() const { return cells_.empty(); }
  void AppendTo(std::string* out) const;

 private:
  struct Cell {  // fields as in CellView
    int32_t bucket;
    int64_t time_us;
    int64_t number;
    bool closed;
    CellValue value;
  };

  void AddToBucket(const Cell& added);
  void AddWeight(const Cell& added);
  void AddCase(const Cell& added);
  bool IsBetter(const Cell& a, const Cell& b) const;
  bool DropBeyondRoom();
  std::vector<Cell>::iterator LeastWeightOfLowestBucket();
  std::vector<Cell>::iterator LeastRecentCase();

  CellRule rule_;
  std::vector<Cell> cells_;  // as in AggregateView
};

}  // namespace touchstone::store
