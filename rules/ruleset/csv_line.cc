#include "rules/ruleset/csv_line.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace touchstone::rules {
namespace {

// What the quotes enclose that begin at `at`, which is then the place behind them; false when they
// do not end.
bool ReadQuoted(absl::string_view line, size_t& at, std::string& text) {
  for (++at; at < line.size(); ++at) {
    if (line[at] != '"') {
      text += line[at];
      continue;
    }
    ++at;
    if (at == line.size() || line[at] != '"') return true;
    text += '"';
  }
  return false;
}

size_t SkipBlanks(absl::string_view line, size_t at) {
  while (at < line.size() && line[at] == ' ') ++at;
  return at;
}

}  // namespace

std::optional<std::vector<CsvCell>> SplitCsvLine(absl::string_view line) {
  std::vector<CsvCell> cells;
  size_t at = 0;
  while (true) {
    CsvCell cell;
    at = cell.begin = SkipBlanks(line, at);
    if (at < line.size() && line[at] == '"') {
      if (!ReadQuoted(line, at, cell.text)) return std::nullopt;
      cell.end = at;
      at = SkipBlanks(line, at);
      if (at < line.size() && line[at] != ',') return std::nullopt;
    } else {
      at = std::min(line.find(',', at), line.size());
      cell.text =
          std::string(absl::StripTrailingAsciiWhitespace(line.substr(cell.begin, at - cell.begin)));
      cell.end = cell.begin + cell.text.size();
    }
    cells.push_back(std::move(cell));
    if (at == line.size()) return cells;
    ++at;
  }
}

std::string CsvCellText(absl::string_view text) {
  const bool plain = text.find_first_of("\",;") == absl::string_view::npos &&
                     absl::StripAsciiWhitespace(text) == text;
  if (plain) return std::string(text);
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\"", "\"\""}}), "\"");
}

}  // namespace touchstone::rules
