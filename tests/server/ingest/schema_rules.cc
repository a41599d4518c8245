#include "tests/server/ingest/schema_rules.h"

#include "absl/strings/str_cat.h"
#include "tests/server/rule_set_source.h"

namespace touchstone::server {

v1::RuleSetSource SchemaRules(const std::string& zone, const std::string& schema) {
  return SourceOf({{"rule_set.yaml",
                    absl::StrCat("name: History\nzone: ", zone,
                                 "\ncurrencies: [EUR, CHF]\nlocales: [en]\nchannels: [pos]\n")},
                   {"schema.yaml", schema},
                   {"segments.yaml", "segments:\n  - { name: all, otherwise: always }\n"},
                   {"placements.yaml",
                    "placements:\n  till: { channel: pos, max_offers: 1, fields: { text: {} } }\n"},
                   {"pricing.yaml", "stages: [line, order]\n"}});
}

}  // namespace touchstone::server
