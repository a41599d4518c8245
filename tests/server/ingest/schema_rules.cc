#include "tests/server/ingest/schema_rules.h"

#include "absl/strings/str_cat.h"

namespace touchstone::server {

v1::RuleSetSource SchemaRules(const std::string& zone, const std::string& schema) {
  v1::RuleSetSource source;
  const auto add = [&source](const std::string& path, const std::string& content) {
    v1::RuleSetFile* file = source.mutable_files()->add_files();
    file->set_path(path);
    file->set_content(content);
  };
  add("rule_set.yaml", absl::StrCat("name: History\nzone: ", zone,
                                    "\ncurrencies: [EUR, CHF]\nlocales: [en]\nchannels: [pos]\n"));
  add("schema.yaml", schema);
  add("segments.yaml", "segments:\n  - { name: all, otherwise: always }\n");
  add("placements.yaml",
      "placements:\n  till: { channel: pos, max_offers: 1, fields: { text: {} } }\n");
  add("pricing.yaml", "stages: [line, order]\n");
  return source;
}

}  // namespace touchstone::server
