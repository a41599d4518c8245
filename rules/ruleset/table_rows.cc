#include "rules/ruleset/table_rows.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/ruleset/csv_line.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

SourceMap::Place PlaceOf(const SourceText& text, const TextRange& range) {
  SourceMap::Place place;
  place.file = text.file();
  place.line = range.line;
  place.column = range.column;
  place.width = range.end_column - range.column;
  return place;
}

// Columns of places in a line that are asked for in order, so that it is gone through once.
class LineColumns {
 public:
  explicit LineColumns(absl::string_view line) : line_(line) {}

  int At(size_t byte) {
    column_ += static_cast<int>(CountCharacters(line_.substr(byte_, byte - byte_)));
    byte_ = byte;
    return column_;
  }

 private:
  const absl::string_view line_;
  size_t byte_ = 0;
  int column_ = 1;
};

std::string CsvLine(const google::protobuf::RepeatedPtrField<std::string>& cells) {
  // A line of one empty cell would be no line.
  if (cells.size() == 1 && cells[0].empty()) return "\"\"\n";
  return absl::StrCat(absl::StrJoin(cells, ",",
                                    [](std::string* out, const std::string& cell) {
                                      absl::StrAppend(out, CsvCellText(cell));
                                    }),
                      "\n");
}

}  // namespace

std::string TableRowPath(absl::string_view name, size_t row) {
  return absl::StrCat("table_rows[", name, "].rows[", row, "]");
}

std::string TableCellPath(absl::string_view name, size_t row, size_t cell) {
  return absl::StrCat(TableRowPath(name, row), ".cells[", cell, "]");
}

void ReadTableRows(const SourceText& text, absl::string_view name, v1::DecisionTableRows& rows,
                   SourceMap& sources, Diagnostics& diagnostics) {
  const int lines = text.row_count();
  if (lines - 1 > kMaxTableRows) {
    AddFinding(text.FileError("list_too_long",
                              absl::StrCat("the table has more than ", kMaxTableRows, " rows"),
                              "split it into several tables"),
               diagnostics);
    return;
  }
  for (int line = 1; line <= std::max(lines, 1); ++line) {
    const absl::string_view content = text.Line(line);
    sources.AddLine(text.file(), line, std::string(content));
    const TextRange whole = text.WholeLine(line);
    std::optional<std::vector<CsvCell>> cells = SplitCsvLine(content);
    // Some spreadsheets write semicolons, which would make one column of all.
    const bool is_one_of_several = line == 1 && cells.has_value() && cells->size() == 1 &&
                                   content.find(';') != absl::string_view::npos;
    const bool fits = cells.has_value() && !content.empty() && !is_one_of_several &&
                      (line == 1 || cells->size() == static_cast<size_t>(rows.columns_size()));
    if (!fits) {
      AddFinding(text.Error("csv_row", whole,
                            line == 1 ? "this is not a row of column names"
                                      : "this row does not have one cell for each column",
                            "separate cells by commas; put a cell that holds one in double quotes"),
                 diagnostics);
      if (line == 1) return;
      continue;
    }
    if (line == 1 && cells->size() > kMaxTableColumns) {
      AddFinding(
          text.FileError("list_too_long",
                         absl::StrCat("the table has more than ", kMaxTableColumns, " columns"),
                         "split it into several tables"),
          diagnostics);
      return;
    }
    if (line == 1) {
      sources.Add(absl::StrCat("table_rows[", name, "]"), PlaceOf(text, whole));
      for (CsvCell& cell : *cells) *rows.add_columns() = std::move(cell.text);
      continue;
    }
    const auto row = static_cast<size_t>(rows.rows_size());
    sources.Add(TableRowPath(name, row), PlaceOf(text, whole));
    v1::DecisionTableRow& added = *rows.add_rows();
    LineColumns columns(content);
    for (size_t i = 0; i < cells->size(); ++i) {
      CsvCell& cell = (*cells)[i];
      const int begin = columns.At(cell.begin);
      const int end = columns.At(cell.end);
      sources.Add(TableCellPath(name, row, i), PlaceOf(text, {line, begin, line, end}));
      *added.add_cells() = std::move(cell.text);
    }
  }
}

std::string WriteTableRows(const v1::DecisionTableRows& rows) {
  std::string out = CsvLine(rows.columns());
  for (const v1::DecisionTableRow& row : rows.rows()) absl::StrAppend(&out, CsvLine(row.cells()));
  return out;
}

}  // namespace touchstone::rules
