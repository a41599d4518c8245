#include "server/import/json_lines_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace touchstone::server {
namespace {

namespace ondemand = simdjson::ondemand;

// The value as a cell; false when it is not well formed.
bool TakeValue(ondemand::value value, std::string* cell) {
  ondemand::json_type type;
  if (value.type().get(type) != simdjson::SUCCESS) return false;
  std::string_view text;
  switch (type) {
    case ondemand::json_type::string:
      if (value.get_string().get(text) != simdjson::SUCCESS) return false;
      break;
    case ondemand::json_type::array: {
      ondemand::array array;
      if (value.get_array().get(array) != simdjson::SUCCESS) return false;
      if (array.raw_json().get(text) != simdjson::SUCCESS) return false;
      break;
    }
    case ondemand::json_type::object: {
      ondemand::object object;
      if (value.get_object().get(object) != simdjson::SUCCESS) return false;
      if (object.raw_json().get(text) != simdjson::SUCCESS) return false;
      break;
    }
    case ondemand::json_type::null:
      text = "";
      break;
    default: {
      const std::string_view token = value.raw_json_token();
      text = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
      break;
    }
  }
  cell->assign(text);
  return true;
}

}  // namespace

bool JsonLinesReader::Next(Row* row) {
  do {
    if (!lines_->Next(&row->raw)) return false;
  } while (row->raw.find_first_not_of(" \t") == std::string::npos);
  row->line = lines_->number();
  row->error.clear();
  row->cells.assign(columns_.size(), std::string());
  if (row->raw.size() > kMaxRowBytes) {
    row->error = "the row is longer than 1 MiB";
  } else {
    Parse(row);
  }
  return true;
}

void JsonLinesReader::Parse(Row* row) {
  padded_ = simdjson::padded_string(row->raw);
  ondemand::document document;
  ondemand::object object;
  if (parser_.iterate(padded_).get(document) != simdjson::SUCCESS ||
      document.get_object().get(object) != simdjson::SUCCESS) {
    row->error = "is not a JSON object";
    return;
  }
  for (auto field : object) {
    std::string_view name;
    ondemand::value value;
    if (field.unescaped_key().get(name) != simdjson::SUCCESS ||
        field.value().get(value) != simdjson::SUCCESS) {
      row->error = "is not well-formed JSON";
      return;
    }
    const auto column = std::find(columns_.begin(), columns_.end(), name);
    if (column == columns_.end()) continue;
    if (!TakeValue(value, &row->cells[static_cast<size_t>(column - columns_.begin())])) {
      row->error = absl::StrCat("the field `", *column, "` is not well-formed JSON");
      return;
    }
  }
  const char* rest = nullptr;
  if (document.current_location().get(rest) == simdjson::SUCCESS) {
    row->error = "text follows the JSON object";
  }
}

}  // namespace touchstone::server
