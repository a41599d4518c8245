#pragma once

// See row_reader.h.

#include <simdjson.h>

#include "server/import/line_source.h"
#include "server/import/row_reader.h"

namespace touchstone::server {

class JsonLinesReader : public RowReader {
 public:
  JsonLinesReader(std::unique_ptr<LineSource> lines, std::vector<std::string> columns)
      : lines_(std::move(lines)), columns_(std::move(columns)) {}

  bool Next(Row* row) override;
  double fraction() const override { return lines_->fraction(); }
  absl::Status status() const override { return lines_->status(); }

 private:
  void Parse(Row* row);

  std::unique_ptr<LineSource> lines_;
  std::vector<std::string> columns_;
  simdjson::ondemand::parser parser_;
  simdjson::padded_string padded_;
};

}  // namespace touchstone::server
