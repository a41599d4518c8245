#include "tests/oracles/json_fields.h"

#include <string_view>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace touchstone::rules {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

std::string JsonText(element value) {
  std::string_view text;
  int64_t integer = 0;
  double number = 0;
  if (value.get(text) == simdjson::SUCCESS) return std::string(text);
  if (value.get(integer) == simdjson::SUCCESS) return absl::StrCat(integer);
  if (value.get(number) == simdjson::SUCCESS) return absl::StrCat(number);
  return "";
}

std::vector<std::string> JsonTexts(element value) {
  array items;
  if (value.get(items) != simdjson::SUCCESS) return {JsonText(value)};
  std::vector<std::string> texts;
  for (const element item : items) texts.push_back(JsonText(item));
  return texts;
}

std::optional<element> JsonFields::Find(const std::string& key) {
  read_.insert(key);
  element value;
  if (object_.at_key(key).get(value) != simdjson::SUCCESS || value.is_null()) return std::nullopt;
  return value;
}

std::string JsonFields::Text(const std::string& key) {
  const std::optional<element> value = Find(key);
  return value.has_value() ? JsonText(*value) : "";
}

std::vector<std::string> JsonFields::Texts(const std::string& key) {
  const std::optional<element> value = Find(key);
  return value.has_value() ? JsonTexts(*value) : std::vector<std::string>();
}

int64_t JsonFields::Int(const std::string& key, int64_t otherwise) {
  const std::string text = Text(key);
  int64_t number = otherwise;
  if (!text.empty() && !absl::SimpleAtoi(text, &number)) {
    unknown_.push_back(absl::StrCat("`", key, "` of ", where_, " is ", text));
  }
  return number;
}

bool JsonFields::Flag(const std::string& key, bool otherwise) {
  bool flag = otherwise;
  const std::optional<element> value = Find(key);
  if (value.has_value() && value->get(flag) != simdjson::SUCCESS) {
    unknown_.push_back(absl::StrCat("`", key, "` of ", where_, " is not a bool"));
  }
  return flag;
}

std::vector<JsonFields> JsonFields::Objects(const std::string& key, const std::string& where) {
  const std::optional<element> value = Find(key);
  std::vector<JsonFields> objects;
  if (!value.has_value()) return objects;
  array items;
  object one;
  if (value->get(one) == simdjson::SUCCESS) objects.emplace_back(one, where, unknown_);
  if (value->get(items) != simdjson::SUCCESS) return objects;
  for (const element item : items) {
    if (item.get(one) == simdjson::SUCCESS) objects.emplace_back(one, where, unknown_);
  }
  return objects;
}

std::vector<std::pair<std::string, element>> JsonFields::Members() {
  std::vector<std::pair<std::string, element>> members;
  for (const auto& member : object_) {
    read_.emplace(member.key);
    members.emplace_back(std::string(member.key), member.value);
  }
  return members;
}

void JsonFields::Done() {
  for (const auto& member : object_) {
    const std::string key(member.key);
    if (read_.contains(key) || member.value.is_null()) continue;
    unknown_.push_back(absl::StrCat("`", key, "` of ", where_));
  }
}

}  // namespace touchstone::rules
