#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/files.h"
#include "rules/ruleset/message_writer.h"
#include "rules/ruleset/product_list.h"
#include "rules/ruleset/table_rows.h"
#include "rules/ruleset/yaml_writer.h"

namespace touchstone::rules {
namespace {

YamlNode Keyed(std::string key, YamlNode value) {
  YamlNode node;
  node.kind = YamlNode::Kind::kMapping;
  node.children.push_back(TextNode(std::move(key)));
  node.children.push_back(std::move(value));
  return node;
}

YamlNode Field(const v1::RuleSet& message, const std::string& name) {
  return WriteField(message, *message.GetDescriptor()->FindFieldByName(name));
}

// tests/reference/TABLE.yaml by table.
std::map<std::string, YamlNode> ReferenceTables(const v1::RuleSet& message) {
  std::map<std::string, YamlNode> tables;
  for (const v1::ReferenceRow& row : message.test_reference()) {
    YamlNode& table = tables[row.table()];
    table.kind = YamlNode::Kind::kMapping;
    table.children.push_back(TextNode(row.key()));
    table.children.push_back(WriteField(row, *row.GetDescriptor()->FindFieldByName("fields")));
  }
  return tables;
}

// One file an entry, in order of name.
template <typename Map, typename Write>
void AddCsvFiles(absl::string_view folder, const Map& entries, Write write,
                 std::vector<SourceFile>& files) {
  const std::map<std::string, typename Map::mapped_type> sorted(entries.begin(), entries.end());
  for (const auto& [name, entry] : sorted) {
    files.push_back({absl::StrCat(folder, name, ".csv"), write(entry)});
  }
}

}  // namespace

std::vector<SourceFile> ExportRuleSetFiles(const v1::RuleSet& message) {
  std::vector<SourceFile> files;
  const auto add = [&files](std::string path, const YamlNode& root) {
    files.push_back({std::move(path), WriteYaml(root)});
  };
  if (message.has_settings()) add("rule_set.yaml", WriteMessage(message.settings()));
  if (message.has_schema()) add("schema.yaml", WriteMessage(message.schema()));
  add("segments.yaml", Keyed("segments", Field(message, "segments")));
  add("placements.yaml", Keyed("placements", Field(message, "placements")));
  if (message.has_pricing()) add("pricing.yaml", WriteMessage(message.pricing()));
  if (!message.audiences().empty()) add("audiences.yaml", Field(message, "audiences"));
  if (!message.tables().empty()) add("tables.yaml", Field(message, "tables"));
  if (!message.budgets().empty()) add("budgets.yaml", Field(message, "budgets"));
  if (!message.campaigns().empty()) add("campaigns.yaml", Field(message, "campaigns"));
  if (message.has_policy()) add("policy.yaml", WriteMessage(message.policy()));
  for (const v1::Offer& offer : message.offers()) {
    add(absl::StrCat("offers/", offer.offer(), ".yaml"), WriteMessage(offer));
  }
  if (!message.tests().empty()) add("tests/golden.yaml", Field(message, "tests"));
  for (const auto& [table, root] : ReferenceTables(message)) {
    add(absl::StrCat("tests/reference/", table, ".yaml"), root);
  }
  AddCsvFiles("tables/", message.table_rows(), WriteTableRows, files);
  AddCsvFiles("lists/", message.lists(), WriteProductList, files);
  return files;
}

}  // namespace touchstone::rules
