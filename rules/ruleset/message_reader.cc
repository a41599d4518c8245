#include "rules/ruleset/message_reader.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "rules/ruleset/cel_fields.h"
#include "rules/ruleset/message_shape.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr absl::string_view KindName(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kScalar:
      return "a single value";
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMapping:
      return "a mapping of keys to values";
  }
  return "";
}

bool IsBlank(absl::string_view text) {
  return text.find_first_not_of(" \r\n\t") == absl::string_view::npos;
}

// A decimal integer without sign but `-`, leading zeros or separators.
bool IsPlainInteger(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Adds to a repeated field or sets a singular one.
void Store(Message& message, const FieldDescriptor& field, const std::string& value) {
  const Reflection& reflection = *message.GetReflection();
  if (field.is_repeated()) {
    reflection.AddString(&message, &field, value);
  } else {
    reflection.SetString(&message, &field, value);
  }
}

Message& Place(Message& message, const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? *reflection.AddMessage(&message, &field)
                             : *reflection.MutableMessage(&message, &field);
}

// Free text that a comment sign may well be meant to be part of.
bool HoldsFreeText(const FieldDescriptor& field) {
  return IsCelField(field.full_name()) ||
         absl::StartsWith(field.full_name(), "touchstone.v1.LocalizedText.");
}

}  // namespace

std::string NearestWord(absl::string_view word, const std::vector<std::string>& candidates) {
  constexpr size_t kLongestWord = 64;
  if (word.size() > kLongestWord) return "";
  std::string nearest;
  size_t fewest = std::max<size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : candidates) {
    // One row of the table of Wagner and Fischer.
    std::vector<size_t> row(candidate.size() + 1);
    for (size_t j = 0; j <= candidate.size(); ++j) row[j] = j;
    for (size_t i = 1; i <= word.size(); ++i) {
      size_t diagonal = row[0];
      row[0] = i;
      for (size_t j = 1; j <= candidate.size(); ++j) {
        const size_t substituted = diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
      }
    }
    if (row.back() < fewest && row.back() < candidate.size()) {
      fewest = row.back();
      nearest = candidate;
    }
  }
  return nearest;
}

MessageReader::PathScope::PathScope(std::string& path, absl::string_view field)
    : path_(path), length_(path.size()) {
  absl::StrAppend(&path, path.empty() ? "" : ".", field);
}

MessageReader::PathScope::PathScope(std::string& path, absl::string_view field,
                                    absl::string_view key)
    : path_(path), length_(path.size()) {
  absl::StrAppend(&path, field, "[", key, "]");
}

void MessageReader::Report(absl::string_view code, const YamlNode& node, absl::string_view message,
                           absl::string_view hint) {
  if (node.broken) return;
  Diagnostic diagnostic = text_.Error(code, node.range, message, hint);
  diagnostic.field_path = path_;
  AddFinding(std::move(diagnostic), diagnostics_);
}

// A finding about a list or a mapping underlines its key.
void MessageReader::Note(const YamlNode& key, const YamlNode& value) {
  SourceMap::Place place;
  place.file = text_.file();
  place.verbatim = value.kind == YamlNode::Kind::kScalar && value.verbatim && !value.broken;
  const TextRange& range = place.verbatim ? value.range : key.range;
  place.line = range.line;
  place.column = range.column;
  place.width = range.line == range.end_line ? range.end_column - range.column : 0;
  place.text_column = value.text_column;
  if (!place.verbatim) place.text = value.text;
  sources_.Add(path_, std::move(place));
}

void MessageReader::ReadMessage(const YamlNode& node, absl::string_view path, Message& message) {
  path_ = std::string(path);
  YamlNode top;
  top.range = node.children.empty() ? node.range : node.children.front().range;
  if (!path_.empty()) Note(top, top);
  Read(node, message);
}

void MessageReader::ReadField(const YamlNode& node, absl::string_view path,
                              const FieldDescriptor& field, Message& message) {
  path_ = std::string(path);
  ReadValue(node, field, message);
}

bool MessageReader::CheckKind(const YamlNode& node, YamlNode::Kind kind, absl::string_view hint) {
  if (node.broken) return false;
  if (node.Missing()) {
    Report("empty_value", node,
           absl::StrCat("nothing stands here, where ", KindName(kind), " is meant"),
           "leave the key out, or write its value");
    return false;
  }
  if (node.kind == kind) return true;
  Report("wrong_shape", node,
         absl::StrCat(KindName(node.kind), " stands here, where ", KindName(kind), " is meant"),
         hint);
  return false;
}

void MessageReader::Read(const YamlNode& node, Message& message) {
  switch (ShapeOf(*message.GetDescriptor())) {
    case MessageShape::kRecord:
      return ReadRecord(node, message);
    case MessageShape::kLiteral:
      return ReadLiteral(node, message);
    case MessageShape::kLocalizedText:
      return ReadLocalizedText(node, message);
    case MessageShape::kWrapper: {
      const FieldDescriptor& field = *message.GetDescriptor()->field(0);
      const PathScope scope(path_, field.name());
      return ReadValue(node, field, message);
    }
  }
}

void MessageReader::ReadRecord(const YamlNode& node, Message& message) {
  if (!CheckKind(node, YamlNode::Kind::kMapping, "write `key: value` pairs here")) return;
  for (size_t i = 0; i < node.children.size(); i += 2) {
    const YamlNode& key = node.children[i];
    const YamlNode& value = node.children[i + 1];
    if (key.broken) continue;
    const FieldDescriptor* field = FindAuthoredField(*message.GetDescriptor(), key.text);
    if (field == nullptr) {
      ReportUnknownKey(node, key, value, message);
      continue;
    }
    const PathScope scope(path_, key.text);
    Note(key, value);
    if (CheckOneof(key, *field, message)) ReadValue(value, *field, message);
  }
}

void MessageReader::ReportUnknownKey(const YamlNode& mapping, const YamlNode& key,
                                     const YamlNode& value, const Message& message) {
  const Descriptor& descriptor = *message.GetDescriptor();
  std::vector<std::string> known;
  for (int i = 0; i < descriptor.field_count(); ++i) {
    known.push_back(AuthoredKey(*descriptor.field(i)));
  }
  const std::string nearest = NearestWord(key.text, known);
  std::string hint = nearest.empty()
                         ? absl::StrCat("the keys here are ", absl::StrJoin(known, ", "))
                         : absl::StrCat("did you mean `", nearest, "`?");
  if (mapping.flow && value.Missing()) {
    hint = "a comma ends a value inside { }: put quotes around a value that holds one";
  }
  Report("unknown_key", key, absl::StrCat("`", key.text, "` is not a key here"), hint);
}

bool MessageReader::CheckOneof(const YamlNode& key, const FieldDescriptor& field,
                               const Message& message) {
  const google::protobuf::OneofDescriptor* oneof = field.real_containing_oneof();
  if (oneof == nullptr) return true;
  const FieldDescriptor* other = message.GetReflection()->GetOneofFieldDescriptor(message, oneof);
  if (other == nullptr) return true;
  Report("conflicting_keys", key,
         absl::StrCat("`", AuthoredKey(field), "` cannot stand beside `", AuthoredKey(*other), "`"),
         "keep one of the two");
  return false;
}

void MessageReader::ReadLiteral(const YamlNode& node, Message& message) {
  if (node.broken) return;
  const Descriptor& descriptor = *message.GetDescriptor();
  const char* form = node.kind == YamlNode::Kind::kScalar     ? "text"
                     : node.kind == YamlNode::Kind::kSequence ? "list"
                                                              : "record";
  const FieldDescriptor& field = *descriptor.FindFieldByName(form);
  if (node.kind == YamlNode::Kind::kScalar) return ReadScalar(node, field, message);
  const PathScope scope(path_, form);
  Read(node, Place(message, field));
}

void MessageReader::ReadLocalizedText(const YamlNode& node, Message& message) {
  const Descriptor& descriptor = *message.GetDescriptor();
  const FieldDescriptor& text = *descriptor.FindFieldByName("text");
  if (node.kind == YamlNode::Kind::kScalar) return ReadScalar(node, text, message);
  YamlNode by_locale = node;
  if (node.kind == YamlNode::Kind::kMapping) {
    for (size_t i = 0; i < node.children.size(); i += 2) {
      if (node.children[i].broken || node.children[i].text != kOtherLocales) continue;
      const PathScope scope(path_, "text");
      Note(node.children[i], node.children[i + 1]);
      ReadScalar(node.children[i + 1], text, message);
      by_locale.children[i].broken = true;
    }
  }
  const PathScope scope(path_, "by_locale");
  ReadMapping(by_locale, *descriptor.FindFieldByName("by_locale"), message);
}

void MessageReader::ReadValue(const YamlNode& node, const FieldDescriptor& field,
                              Message& message) {
  if (field.is_map()) return ReadMapping(node, field, message);
  if (field.is_repeated()) return ReadSequence(node, field, message);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return ReadScalar(node, field, message);
  }
  // `key:` with nothing after it must not count as an empty message.
  if (node.Missing() && !node.broken) {
    return Report("empty_value", node, "nothing stands here",
                  "leave the key out, or write {} for one without keys");
  }
  if (!node.broken) Read(node, Place(message, field));
}

void MessageReader::ReadSequence(const YamlNode& node, const FieldDescriptor& field,
                                 Message& message) {
  if (!CheckKind(node, YamlNode::Kind::kSequence, "write [ ] around the elements")) return;
  const FieldDescriptor* id = field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
                                  ? IdField(*field.message_type())
                                  : nullptr;
  absl::flat_hash_set<absl::string_view> ids;
  int index = message.GetReflection()->FieldSize(message, &field);
  for (const YamlNode& element : node.children) {
    std::string name = absl::StrCat(index++);
    for (size_t i = 0; id != nullptr && i + 1 < element.children.size(); i += 2) {
      const YamlNode& value = element.children[i + 1];
      const bool is_id =
          element.kind == YamlNode::Kind::kMapping && element.children[i].text == id->name();
      if (is_id && !value.text.empty() && ids.insert(value.text).second) name = value.text;
    }
    const PathScope scope(path_, "", name);
    Note(element, element);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      Read(element, Place(message, field));
    } else {
      ReadScalar(element, field, message);
    }
  }
}

void MessageReader::ReadMapping(const YamlNode& node, const FieldDescriptor& field,
                                Message& message) {
  if (!CheckKind(node, YamlNode::Kind::kMapping, "write `name: value` pairs here")) return;
  const FieldDescriptor& key_field = *field.message_type()->map_key();
  const FieldDescriptor& value_field = *field.message_type()->map_value();
  for (size_t i = 0; i < node.children.size(); i += 2) {
    const YamlNode& key = node.children[i];
    const YamlNode& value = node.children[i + 1];
    if (key.broken) continue;
    const PathScope scope(path_, "", key.text);
    Note(key, value);
    if (value.broken) continue;
    if (value_field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && value.Missing()) {
      Report("empty_value", value, "nothing stands here",
             "leave the key out, or write {} for one without keys");
      continue;
    }
    Message& entry = *message.GetReflection()->AddMessage(&message, &field);
    Store(entry, key_field, key.text);
    ReadValue(value, value_field, entry);
  }
}

bool MessageReader::CheckScalar(const YamlNode& node, const FieldDescriptor& field) {
  const bool cel = IsCelField(field.full_name());
  if (cel && !node.broken && node.kind == YamlNode::Kind::kScalar && IsBlank(node.text)) {
    Report("empty_condition", node, absl::StrCat("`", AuthoredKey(field), "` is empty"),
           field.has_presence() ? absl::StrCat("leave `", AuthoredKey(field), "` out")
                                : "write the expression");
    return false;
  }
  absl::string_view hint = "write one value";
  if (cel) hint = "put quotes around a condition that begins with `{` or `[`";
  if (!CheckKind(node, YamlNode::Kind::kScalar, hint)) return false;
  if (node.commented && HoldsFreeText(field)) {
    Report("needs_quotes", node,
           "YAML takes what follows ` #` here for a comment and not for part of the value",
           "put quotes around the value; a comment goes on a line of its own");
    return false;
  }
  return true;
}

void MessageReader::ReadScalar(const YamlNode& node, const FieldDescriptor& field,
                               Message& message) {
  if (!CheckScalar(node, field)) return;
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return Store(message, field, node.text);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (node.text == "true" || node.text == "false") {
        return reflection.SetBool(&message, &field, node.text == "true");
      }
      return Report("invalid_bool", node, absl::StrCat("`", node.text, "` is not true or false"),
                    "write true or false");
    default: {
      const bool wide = field.cpp_type() == FieldDescriptor::CPPTYPE_INT64;
      int64_t value = 0;
      int32_t narrow = 0;
      const bool fits =
          wide ? absl::SimpleAtoi(node.text, &value) : absl::SimpleAtoi(node.text, &narrow);
      if (!IsPlainInteger(node.text) || !fits) {
        return Report("invalid_int", node,
                      absl::StrCat("`", node.text, "` is not a whole number that fits here"),
                      "write digits only, such as 12");
      }
      return wide ? reflection.SetInt64(&message, &field, value)
                  : reflection.SetInt32(&message, &field, narrow);
    }
  }
}

}  // namespace touchstone::rules
