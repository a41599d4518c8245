#pragma once

// Rows of a CSV or JSON Lines file, compressed or not, one at a time.
//
// Only the columns that are asked for are taken; cells are text. Of JSON Lines a column is a field
// of the object: text without its quotes, numbers as written, lists and objects as JSON.
// Thread safety: for one thread. Errors: Open fails for a file that cannot be read or lacks a
// column; a broken row is a row with an error, and reading goes on with the next one.
// Cost: linear, one buffer. Limits: a row of at most kMaxRowBytes.
// CSV as in RFC 4180: comma, quotes doubled inside quotes, line breaks inside quotes.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/line_source.h"

namespace touchstone::server {

inline constexpr size_t kMaxRowBytes = kMaxLineBytes;

struct Row {
  int64_t line = 0;                // of its first line in the file, from 1
  std::vector<std::string> cells;  // by position of the columns asked for; empty where it has none
  std::string raw;                 // as it stands in the file
  std::string error;               // a sentence; empty for a row that could be read
};

// Where a row that was sent came from.
struct RowOrigin {
  int64_t line = 0;
  std::string raw;
};

class RowReader {
 public:
  // JSON Lines by the ending .jsonl or .ndjson (before .gz or .zst), else CSV with a header row.
  static absl::StatusOr<std::unique_ptr<RowReader>> Open(const std::string& path,
                                                         const std::vector<std::string>& columns);
  virtual ~RowReader() = default;

  // False at the end of the file.
  virtual bool Next(Row* row) = 0;
  // How much of the file has been read, from 0 to 1.
  virtual double fraction() const = 0;
  // Not OK when the file ended because it could not be read further (a damaged gzip).
  virtual absl::Status status() const = 0;
};

}  // namespace touchstone::server
