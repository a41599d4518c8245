#pragma once

// Reads one YAML file of our dialect (docs/formats/rule-set.md) into a tree.
//
// Thread safety: pure function. Cost: linear in the file.

#include <optional>

#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/source_text.h"
#include "rules/ruleset/yaml_node.h"

namespace touchstone::rules {

// Nothing when the file is not YAML, is empty or nests too deeply; that is then the last finding.
// Everything else that the dialect refuses is reported and marked `broken` in the tree.
// REQUIRES: text.CheckBytes() found nothing.
std::optional<YamlNode> ReadYaml(const SourceText& text, Diagnostics& diagnostics);

}  // namespace touchstone::rules
