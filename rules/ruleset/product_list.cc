#include "rules/ruleset/product_list.h"

#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "rules/ruleset/csv_line.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kHeader = "sku";

// The text of a row of one cell; nothing when it is not one.
std::optional<std::string> ReadCell(absl::string_view row) {
  std::optional<std::vector<CsvCell>> cells = SplitCsvLine(row);
  if (!cells.has_value() || cells->size() != 1) return std::nullopt;
  const CsvCell& cell = cells->front();
  if (cell.begin != 0 || cell.end != row.size()) return std::nullopt;
  const bool quoted = !row.empty() && row.front() == '"';
  if (!quoted && row.find_first_of("\";") != absl::string_view::npos) return std::nullopt;
  return cell.text;
}

}  // namespace

void ReadProductList(const SourceText& text, v1::ProductList& list, Diagnostics& diagnostics) {
  if (ReadCell(text.Line(1)) != kHeader) {
    AddFinding(text.Error("csv_header", text.WholeLine(1), "the first row is not the header `sku`",
                          "write `sku` in the first row and one SKU in each other"),
               diagnostics);
    return;
  }
  const int lines = text.row_count();
  if (lines - 1 > kMaxProductListSkus) {
    AddFinding(text.FileError("list_too_long",
                              absl::StrCat("the list has more than ", kMaxProductListSkus, " SKUs"),
                              "split it into several lists"),
               diagnostics);
    return;
  }
  absl::flat_hash_map<std::string, int> rows;
  for (int line = 2; line <= lines; ++line) {
    const std::optional<std::string> sku = ReadCell(text.Line(line));
    if (!sku.has_value() || sku->empty()) {
      AddFinding(
          text.Error("csv_row", text.WholeLine(line), "this row is not one SKU",
                     "write one SKU a row, without spaces around it and without further columns"),
          diagnostics);
      continue;
    }
    const auto [first, inserted] = rows.emplace(*sku, line);
    if (!inserted) {
      AddFinding(text.Error("duplicate_sku", text.WholeLine(line),
                            absl::StrCat("`", *sku, "` already stands on line ", first->second),
                            "remove the row"),
                 diagnostics);
      continue;
    }
    list.add_skus(*sku);
  }
}

std::string WriteProductList(const v1::ProductList& list) {
  std::string out = absl::StrCat(kHeader, "\n");
  for (const std::string& sku : list.skus()) absl::StrAppend(&out, CsvCellText(sku), "\n");
  return out;
}

}  // namespace touchstone::rules
