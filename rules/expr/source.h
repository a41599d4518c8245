#pragma once

// Where in an expression's text something is, and what was found to be wrong with it there.

#include <cstdint>
#include <string>
#include <vector>

namespace touchstone::rules::expr {

// Byte offsets into the source text, end exclusive.
struct SourceSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// A finding of the parser or the checker. `code` is stable and documented ("unknown_name");
// `message` says what is wrong in one sentence; `hint` says what to do and may be empty.
struct Issue {
  std::string code;
  SourceSpan span;
  std::string message;
  std::string hint;
};

using Issues = std::vector<Issue>;

}  // namespace touchstone::rules::expr
