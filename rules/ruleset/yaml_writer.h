#pragma once

// A tree as YAML text that this dialect's reader, and any loader of YAML 1.1 or 1.2, reads as the
// same tree. Small collections stand in brackets on one line, the rest in indented lines.
//
// Thread safety: pure function. Limits: texts are UTF-8; keys of more than 1,000 bytes are not read
// back.

#include <string>

#include "rules/ruleset/yaml_node.h"

namespace touchstone::rules {

// REQUIRES: `root` is a collection.
std::string WriteYaml(const YamlNode& root);

}  // namespace touchstone::rules
