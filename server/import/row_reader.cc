#include "server/import/row_reader.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "server/import/csv_reader.h"
#include "server/import/json_lines_reader.h"
#include "server/import/line_source.h"

namespace touchstone::server {

absl::StatusOr<std::unique_ptr<RowReader>> RowReader::Open(
    const std::string& path, const std::vector<std::string>& columns) {
  absl::StatusOr<std::unique_ptr<LineSource>> lines = LineSource::Open(path);
  if (!lines.ok()) return lines.status();
  const absl::string_view name = absl::StripSuffix(absl::StripSuffix(path, ".gz"), ".zst");
  if (absl::EndsWith(name, ".jsonl") || absl::EndsWith(name, ".ndjson")) {
    return std::unique_ptr<RowReader>(
        std::make_unique<JsonLinesReader>(*std::move(lines), columns));
  }
  return CsvReader::Open(*std::move(lines), path, columns);
}

}  // namespace touchstone::server
