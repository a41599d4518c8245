#include "server/import/csv_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace touchstone::server {
namespace {

// Whether a record that is read line by line ends inside a quoted cell, and so goes on in the next
// line. A quote in the middle of a cell that did not begin with one is text.
class QuoteScan {
 public:
  bool is_open() const { return quoted_; }

  // What follows, up to the end of a line.
  void Add(const std::string& text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (quoted_) {
        if (text[i] != '"') continue;
        if (i + 1 < text.size() && text[i + 1] == '"') {
          ++i;
        } else {
          quoted_ = false;
        }
      } else if (text[i] == ',') {
        at_start_ = true;
        continue;
      } else if (at_start_ && text[i] == '"') {
        quoted_ = true;
      }
      at_start_ = false;
    }
  }

 private:
  bool at_start_ = true;  // of a cell
  bool quoted_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<RowReader>> CsvReader::Open(
    std::unique_ptr<LineSource> lines, const std::string& path,
    const std::vector<std::string>& columns) {
  auto reader = std::unique_ptr<CsvReader>(new CsvReader(std::move(lines)));
  std::string error;
  if (!reader->ReadRecord(&error) || !error.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": the first line must hold the names of the columns",
                     error.empty() ? "" : ": ", error));
  }
  std::vector<std::string> header(
      reader->fields_.begin(), reader->fields_.begin() + static_cast<long>(reader->field_count_));
  reader->width_ = header.size();
  for (const std::string& column : columns) {
    const auto found = std::find(header.begin(), header.end(), column);
    if (found == header.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, " has no column `", column,
                       "`, which the mapping uses. It has: ", absl::StrJoin(header, ", ")));
    }
    reader->positions_.push_back(static_cast<int>(found - header.begin()));
  }
  return std::unique_ptr<RowReader>(std::move(reader));
}

bool CsvReader::ReadRecord(std::string* error) {
  error->clear();
  if (!lines_->Next(&raw_)) return false;
  first_line_ = lines_->number();
  std::string more;
  QuoteScan quotes;
  quotes.Add(raw_);
  while (quotes.is_open()) {
    if (raw_.size() > kMaxRowBytes || !lines_->Next(&more)) {
      *error = "a quote is opened and not closed";
      return true;
    }
    raw_.push_back('\n');
    raw_.append(more);
    quotes.Add(more);
  }
  if (raw_.size() > kMaxRowBytes) *error = "the row is longer than 1 MiB";
  if (error->empty()) Split(error);
  return true;
}

bool CsvReader::Split(std::string* error) {
  field_count_ = 0;
  size_t at = 0;
  while (true) {
    if (field_count_ == fields_.size()) fields_.emplace_back();
    std::string& field = fields_[field_count_++];
    field.clear();
    if (at < raw_.size() && raw_[at] == '"') {
      for (++at; at < raw_.size(); ++at) {
        if (raw_[at] != '"') {
          field.push_back(raw_[at]);
        } else if (at + 1 < raw_.size() && raw_[at + 1] == '"') {
          field.push_back('"');
          ++at;
        } else {
          break;
        }
      }
      ++at;
      if (at < raw_.size() && raw_[at] != ',') {
        *error = absl::StrCat("text follows the closing quote of cell ", field_count_);
        return false;
      }
    } else {
      const size_t comma = std::min(raw_.find(',', at), raw_.size());
      field.assign(raw_, at, comma - at);
      at = comma;
    }
    if (at >= raw_.size()) return true;
    ++at;  // the comma
  }
}

bool CsvReader::Next(Row* row) {
  do {
    if (!ReadRecord(&row->error)) return false;
  } while (raw_.empty() && row->error.empty());
  row->line = first_line_;
  row->raw = raw_;
  row->cells.resize(positions_.size());
  if (row->error.empty() && field_count_ != width_) {
    row->error =
        absl::StrCat("has ", field_count_, " cells where the header has ", width_, " columns");
  }
  for (size_t i = 0; i < positions_.size(); ++i) {
    if (!row->error.empty()) {
      row->cells[i].clear();
    } else {
      row->cells[i] = fields_[static_cast<size_t>(positions_[i])];
    }
  }
  return true;
}

}  // namespace touchstone::server
