#pragma once

// One line of a CSV file of a rule set (RFC 4180, but that no cell holds a line break).
//
// Thread safety: pure functions. Cost: linear.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::rules {

struct CsvCell {
  std::string text;  // of a quoted cell what the quotes enclose; of others without outer blanks
  size_t begin = 0;  // byte offsets of the cell in the line, quotes included, outer blanks not
  size_t end = 0;
};

// nullopt: a quote that does not end, or text beside a quoted cell.
std::optional<std::vector<CsvCell>> SplitCsvLine(absl::string_view line);

// The cell as it has to stand in a line.
std::string CsvCellText(absl::string_view text);

}  // namespace touchstone::rules
