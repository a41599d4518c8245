#include "server/cli/columns.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace touchstone::server {

void Columns::Add(std::vector<std::string> cells) {
  widths_.resize(align_.size());
  for (size_t i = 0; i < cells.size(); ++i) widths_[i] = std::max(widths_[i], cells[i].size());
  rows_.push_back(std::move(cells));
}

std::string Columns::Text(const std::string& indent) const {
  std::string text;
  for (const std::vector<std::string>& row : rows_) {
    std::string line = indent;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string blanks(widths_[i] - row[i].size(), ' ');
      const bool right = align_[i] == Align::kRight;
      absl::StrAppend(&line, i == 0 ? "" : "  ", right ? blanks : "", row[i],
                      right || i + 1 == row.size() ? "" : blanks);
    }
    line.resize(line.find_last_not_of(' ') + 1);  // the last cell may be empty
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

}  // namespace touchstone::server
