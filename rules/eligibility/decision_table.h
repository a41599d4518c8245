#pragma once

// Rows of cells, and the first row whose cells all hold: the index over conditions, asked for rows
// of a table in place of offers.
//
// A cell that ends in an error does not hold. Where what was missing in time (expr::IsMissing)
// might have made a row hold that stands above the first one that does, the answer is open.
//
// Thread safety: const once built; one scratch per thread. Ownership: owns its programs; refers to
// nothing else. Cost: as the index; row by row where an input is missing or has no key.

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/types/span.h"
#include "rules/eligibility/index.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

class DecisionTable {
 public:
  struct Hit {
    enum class Kind : uint8_t { kRow, kNoRow, kOpen };
    Kind kind = Kind::kNoRow;
    uint32_t row = 0;                                       // kRow
    expr::ErrorCode error = expr::ErrorCode::kUnavailable;  // kOpen: what was missing
    friend bool operator==(const Hit& a, const Hit& b) = default;
  };
  // The conditions of cells, one for all cells that say the same of the same input.
  struct Cells {
    std::vector<expr::Program> programs;
    std::vector<std::vector<uint32_t>> of_row;  // indexes into `programs`; none: the row holds
  };

  // `conditions`: by row, what its cells come to together; of those, `subjects`.
  DecisionTable(absl::Span<const ConditionRows> conditions, std::deque<Subject> subjects,
                Cells cells);

  Hit FirstRow(const expr::Frame& frame, expr::Scratch& expr, EligibilityScratch& scratch) const;
  // The same, row by row and by the plain evaluator.
  Hit FirstRowPlainly(const expr::Frame& frame, expr::Scratch& expr) const;

  size_t rows() const { return cells_.of_row.size(); }
  // The slots that its cells read, ascending.
  absl::Span<const expr::Slot> slots() const { return slots_; }
  // About what FirstRow costs, in steps of the evaluator; programs count theirs beside it.
  uint64_t steps() const { return 1 + index_.steps(); }

 private:
  // kRow when all its cells hold, kOpen when those that do not are missing, else kNoRow.
  Hit AskPlainly(uint32_t row, const expr::Frame& frame, expr::Scratch& expr) const;

  EligibilityIndex index_;
  Cells cells_;
  std::vector<expr::Slot> slots_;
};

}  // namespace touchstone::rules
