#pragma once

// Which rows of a decision table can hold at once, seen by their cells alone: that one input may
// follow from another is not known here.
//
// Thread safety: pure functions. Cost: one comparison of cells for each two rows, more where the
// most telling column does not part them.

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "rules/eligibility/value_set.h"

namespace touchstone::rules {

// By row: what the input may be; null: anything, or nothing at all. The sets of a column are of one
// domain. All columns have the same number of rows.
using TableColumn = std::vector<const ValueSet*>;

struct RowPair {
  uint32_t above = 0;
  uint32_t below = 0;
  friend bool operator==(RowPair a, RowPair b) = default;
};

// For each row the first one below it that holds for some of the same inputs, where there is one;
// ascending by the row above, at most `most`.
std::vector<RowPair> OverlappingRows(absl::Span<const TableColumn> columns, size_t rows,
                                     size_t most);

// For each row the first one above it that holds wherever it does, where there is one; ascending by
// the row below, at most `most`.
std::vector<RowPair> CoveredRows(absl::Span<const TableColumn> columns, size_t rows, size_t most);

}  // namespace touchstone::rules
