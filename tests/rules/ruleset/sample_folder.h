#pragma once

// Rule sets that tests load: folders beside the tests, and the smallest one, built in memory.

#include <string>
#include <vector>

#include "rules/ruleset/files.h"

namespace touchstone::rules {

// The text of a file of the source tree.
std::string ReadSourceFile(const std::string& path);

// All files of tests/rules/ruleset/NAME.
std::vector<SourceFile> SampleFolder(const std::string& name);

// The four required files and nothing else, without findings.
std::vector<SourceFile> SmallestFolder();

// SmallestFolder with `file` added, or in place of the file of its path.
std::vector<SourceFile> SmallestFolderWith(SourceFile file);

}  // namespace touchstone::rules
