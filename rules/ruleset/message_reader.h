#pragma once

// From a YAML tree to the fields of a message, by reflection: keys are field names, every scalar is
// read by the type of its field, every field's place is noted.
//
// Thread safety: one reader, one thread. Ownership: keeps references to what it is made of. Errors:
// findings; what cannot be read is left out of the message, the rest is read on.

#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "rules/ruleset/source_map.h"
#include "rules/ruleset/source_text.h"
#include "rules/ruleset/yaml_node.h"

namespace touchstone::rules {

class MessageReader {
 public:
  MessageReader(const SourceText& text, SourceMap& sources, Diagnostics& diagnostics)
      : text_(text), sources_(sources), diagnostics_(diagnostics) {}

  // Reads a whole message that stands at `path`, in the form that its shape asks for.
  void ReadMessage(const YamlNode& node, absl::string_view path,
                   google::protobuf::Message& message);

  // Reads `node` as the value of one field of `message`: a scalar, a sequence (added to what the
  // field holds), a mapping or a message. `path` is that of the field.
  void ReadField(const YamlNode& node, absl::string_view path,
                 const google::protobuf::FieldDescriptor& field,
                 google::protobuf::Message& message);

  void Report(absl::string_view code, const YamlNode& node, absl::string_view message,
              absl::string_view hint);

 private:
  using Message = google::protobuf::Message;
  using FieldDescriptor = google::protobuf::FieldDescriptor;

  // Appends to path_ for as long as it lives.
  class PathScope {
   public:
    PathScope(std::string& path, absl::string_view field);
    PathScope(std::string& path, absl::string_view field, absl::string_view key);
    ~PathScope() { path_.resize(length_); }
    PathScope(const PathScope&) = delete;
    PathScope& operator=(const PathScope&) = delete;

   private:
    std::string& path_;
    const size_t length_;
  };

  // All of these read what stands at path_.
  void Read(const YamlNode& node, Message& message);
  void ReadRecord(const YamlNode& node, Message& message);
  void ReadLiteral(const YamlNode& node, Message& message);
  void ReadLocalizedText(const YamlNode& node, Message& message);
  void ReadValue(const YamlNode& node, const FieldDescriptor& field, Message& message);
  void ReadSequence(const YamlNode& node, const FieldDescriptor& field, Message& message);
  void ReadMapping(const YamlNode& node, const FieldDescriptor& field, Message& message);
  void ReadScalar(const YamlNode& node, const FieldDescriptor& field, Message& message);

  bool CheckScalar(const YamlNode& node, const FieldDescriptor& field);
  bool CheckKind(const YamlNode& node, YamlNode::Kind kind, absl::string_view hint);
  bool CheckOneof(const YamlNode& key, const FieldDescriptor& field, const Message& message);
  void ReportUnknownKey(const YamlNode& mapping, const YamlNode& key, const YamlNode& value,
                        const Message& message);
  void Note(const YamlNode& key, const YamlNode& value);

  const SourceText& text_;
  SourceMap& sources_;
  Diagnostics& diagnostics_;
  std::string path_;
};

// The candidate nearest to `word` by edits, when it is near enough to be meant.
std::string NearestWord(absl::string_view word, const std::vector<std::string>& candidates);

}  // namespace touchstone::rules
