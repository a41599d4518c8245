#include "rules/ruleset/product_list.h"

#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kHeader = "sku";

// The text of a row of one cell; nothing when it is not one.
std::optional<std::string> ReadCell(absl::string_view row) {
  if (row.find('"') == absl::string_view::npos) {
    const bool one_cell = row.find_first_of(",;") == absl::string_view::npos;
    if (!one_cell || absl::StripAsciiWhitespace(row) != row) return std::nullopt;
    return std::string(row);
  }
  if (row.size() < 2 || row.front() != '"' || row.back() != '"') return std::nullopt;
  const absl::string_view inside = row.substr(1, row.size() - 2);
  std::string cell;
  for (size_t i = 0; i < inside.size(); ++i) {
    cell += inside[i];
    if (inside[i] != '"') continue;
    if (i + 1 == inside.size() || inside[i + 1] != '"') return std::nullopt;
    ++i;
  }
  return cell;
}

TextRange WholeLine(const SourceText& text, int line) {
  return {line, 1, line, static_cast<int>(CountCharacters(text.Line(line))) + 1};
}

}  // namespace

void ReadProductList(const SourceText& text, v1::ProductList& list, Diagnostics& diagnostics) {
  if (ReadCell(text.Line(1)) != kHeader) {
    AddFinding(text.Error("csv_header", WholeLine(text, 1), "the first row is not the header `sku`",
                          "write `sku` in the first row and one SKU in each other"),
               diagnostics);
    return;
  }
  // The break after the last row begins no row.
  const int lines =
      text.Line(text.line_count()).empty() ? text.line_count() - 1 : text.line_count();
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
          text.Error("csv_row", WholeLine(text, line), "this row is not one SKU",
                     "write one SKU a row, without spaces around it and without further columns"),
          diagnostics);
      continue;
    }
    const auto [first, inserted] = rows.emplace(*sku, line);
    if (!inserted) {
      AddFinding(text.Error("duplicate_sku", WholeLine(text, line),
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
  for (const std::string& sku : list.skus()) {
    if (ReadCell(sku) == sku) {
      absl::StrAppend(&out, sku, "\n");
    } else {
      absl::StrAppend(&out, "\"", absl::StrReplaceAll(sku, {{"\"", "\"\""}}), "\"\n");
    }
  }
  return out;
}

}  // namespace touchstone::rules
