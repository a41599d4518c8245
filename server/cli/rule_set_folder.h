#pragma once

// Reads the files of a rule-set folder from disk. Errors: NotFound when there is no such folder,
// and a sentence that names the file for anything that cannot be read. Hidden files are left out.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/ruleset/files.h"

namespace touchstone::server {

// In order of path.
absl::StatusOr<std::vector<rules::SourceFile>> ReadRuleSetFolder(const std::string& folder);

}  // namespace touchstone::server
