#pragma once

// What was found in a rule set, for a marketer: where, what is wrong, what to do.
//
// Thread safety: plain data.

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::rules {

enum class Severity : unsigned char { kError, kWarning };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string code;        // stable, in docs/rules/diagnostics.md: "unknown_name"
  std::string file;        // "offers/beans-20.yaml"; empty for a rule set that came as a message
  int line = 0;            // 1-based; 0 without a file
  int column = 0;          // 1-based, in characters of the line
  std::string field_path;  // "offers[beans-20].eligible", "segments[loyal].when"
  std::string message;     // one sentence
  std::string hint;        // what to do; may be empty
  std::string excerpt;     // the source line, empty without a file
  int excerpt_begin = 0;   // columns of the offending text in `excerpt`, 1-based, end exclusive
  int excerpt_end = 0;
};

using Diagnostics = std::vector<Diagnostic>;

bool HasErrors(const Diagnostics& diagnostics);

// Adds a finding, or as the last one that more are left out: broken files may hold millions.
inline constexpr size_t kMaxFindings = 1'000;
void AddFinding(Diagnostic finding, Diagnostics& diagnostics);

// Sets excerpt, excerpt_begin and excerpt_end. `begin` and `end` are columns of `line`; of a line
// that is longer than the limit only the part around `begin` is kept.
inline constexpr int kMaxExcerptCharacters = 240;
void SetExcerpt(Diagnostic& diagnostic, absl::string_view line, int begin, int end);

// "offers/beans-20.yaml:14:11: error: … [unknown_name]", then the excerpt underlined, then the
// hint.
std::string Render(const Diagnostic& diagnostic);

}  // namespace touchstone::rules
