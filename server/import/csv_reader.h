#pragma once

// See row_reader.h.

#include "server/import/line_source.h"
#include "server/import/row_reader.h"

namespace touchstone::server {

class CsvReader : public RowReader {
 public:
  static absl::StatusOr<std::unique_ptr<RowReader>> Open(std::unique_ptr<LineSource> lines,
                                                         const std::string& path,
                                                         const std::vector<std::string>& columns);

  bool Next(Row* row) override;
  double fraction() const override { return lines_->fraction(); }
  absl::Status status() const override { return lines_->status(); }

 private:
  explicit CsvReader(std::unique_ptr<LineSource> lines) : lines_(std::move(lines)) {}

  // Reads one record into raw_ and fields_; false at the end of the file.
  bool ReadRecord(std::string* error);
  bool Split(std::string* error);

  std::unique_ptr<LineSource> lines_;
  std::vector<int> positions_;  // in the file, by column asked for
  size_t width_ = 0;            // cells that the header has
  int64_t first_line_ = 0;
  std::string raw_;
  std::vector<std::string> fields_;
  size_t field_count_ = 0;
};

}  // namespace touchstone::server
