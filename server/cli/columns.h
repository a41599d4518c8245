#pragma once

// Rows of cells, printed under one another: each column as wide as its widest cell.
//
// Width counts bytes, so only the last column should hold text beyond ASCII; it is not padded.
// Thread safety: none.

#include <string>
#include <utility>
#include <vector>

namespace touchstone::server {

enum class Align { kLeft, kRight };

class Columns {
 public:
  // One for each column.
  explicit Columns(std::vector<Align> align) : align_(std::move(align)) {}

  // REQUIRES: one cell for each column.
  void Add(std::vector<std::string> cells);

  // A line for each row: `indent`, then the cells, two blanks between them.
  std::string Text(const std::string& indent) const;

 private:
  std::vector<Align> align_;
  std::vector<size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace touchstone::server
