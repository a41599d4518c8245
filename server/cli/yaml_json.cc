#include "server/cli/yaml_json.h"

#include <optional>

#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/source_text.h"
#include "rules/ruleset/yaml_node.h"
#include "rules/ruleset/yaml_reader.h"
#include "server/json_string.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxYamlBytes = size_t{16} << 20;

void AppendNode(const rules::YamlNode& node, std::string* json) {
  switch (node.kind) {
    case rules::YamlNode::Kind::kScalar:
      if (node.Missing()) {
        json->append("null");
      } else {
        AppendJsonString(node.text, json);
      }
      return;
    case rules::YamlNode::Kind::kSequence:
      json->push_back('[');
      for (size_t i = 0; i < node.children.size(); ++i) {
        if (i > 0) json->push_back(',');
        AppendNode(node.children[i], json);
      }
      json->push_back(']');
      return;
    case rules::YamlNode::Kind::kMapping:
      json->push_back('{');
      for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
        if (i > 0) json->push_back(',');
        AppendJsonString(node.children[i].text, json);
        json->push_back(':');
        AppendNode(node.children[i + 1], json);
      }
      json->push_back('}');
      return;
  }
}

}  // namespace

absl::StatusOr<std::string> YamlToJson(absl::string_view text, const std::string& path) {
  rules::Diagnostics diagnostics;
  const rules::SourceText source(path, text);
  std::optional<rules::YamlNode> tree;
  if (source.CheckBytes(kMaxYamlBytes, diagnostics)) tree = rules::ReadYaml(source, diagnostics);
  if (!diagnostics.empty()) {
    return absl::InvalidArgumentError(rules::Render(diagnostics.front()));
  }
  if (!tree.has_value()) return absl::InvalidArgumentError(path + " is empty");
  std::string json;
  AppendNode(*tree, &json);
  return json;
}

}  // namespace touchstone::server
