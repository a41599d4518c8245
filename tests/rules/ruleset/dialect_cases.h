#pragma once

// Every finding of the file reader: what brings it about, where it points and what it says to do.
// The documentation test checks that each code is in docs/formats/rule-set.md.

#include <string>
#include <vector>

namespace touchstone::rules {

struct DialectCase {
  const char* name;
  const char* path;
  std::string bytes;
  const char* code;
  int line;  // 0: about the file as a whole
  int column;
  const char* hint;  // part of it
};

// Each is the only finding of SmallestFolderWith its file.
const std::vector<DialectCase>& DialectCases();

}  // namespace touchstone::rules
