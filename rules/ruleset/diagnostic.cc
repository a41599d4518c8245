#include "rules/ruleset/diagnostic.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::rules {

bool HasErrors(const Diagnostics& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

void AddFinding(Diagnostic finding, Diagnostics& diagnostics) {
  if (diagnostics.size() > kMaxFindings) return;
  if (diagnostics.size() == kMaxFindings) {
    finding = Diagnostic{};
    finding.code = "too_many_findings";
    finding.message = absl::StrCat("there are more than ", kMaxFindings, " findings");
    finding.hint = "mend these first; the rest is left out";
  }
  diagnostics.push_back(std::move(finding));
}

void SetExcerpt(Diagnostic& diagnostic, absl::string_view line, int begin, int end) {
  const int length = static_cast<int>(CountCharacters(line));
  begin = std::clamp(begin, 1, length + 1);
  end = std::clamp(end, begin + 1, std::max(length + 1, begin + 1));
  // A window of a very long line that starts a little before the offending text.
  int skipped = 0;
  if (length > kMaxExcerptCharacters) {
    constexpr int kLead = kMaxExcerptCharacters / 4;
    skipped = std::clamp(begin - 1 - kLead, 0, length - kMaxExcerptCharacters);
    line.remove_prefix(BytesOfCharacters(line, static_cast<size_t>(skipped)));
    line = line.substr(0, BytesOfCharacters(line, kMaxExcerptCharacters));
  }
  diagnostic.excerpt = std::string(line);
  diagnostic.excerpt_begin = begin - skipped;
  diagnostic.excerpt_end = std::min(end - skipped, kMaxExcerptCharacters + 2);
}

std::string Render(const Diagnostic& diagnostic) {
  std::string out;
  if (!diagnostic.file.empty()) {
    absl::StrAppend(&out, diagnostic.file, ":");
    if (diagnostic.line > 0) {
      absl::StrAppend(&out, diagnostic.line, ":", diagnostic.column, ":");
    }
    absl::StrAppend(&out, " ");
  } else if (!diagnostic.field_path.empty()) {
    absl::StrAppend(&out, diagnostic.field_path, ": ");
  }
  absl::StrAppend(&out, diagnostic.severity == Severity::kError ? "error: " : "warning: ",
                  diagnostic.message, " [", diagnostic.code, "]\n");
  if (!diagnostic.excerpt.empty()) {
    const auto before = static_cast<size_t>(std::max(diagnostic.excerpt_begin - 1, 0));
    const auto under =
        static_cast<size_t>(std::max(diagnostic.excerpt_end - diagnostic.excerpt_begin, 1));
    absl::StrAppend(&out, "  ", diagnostic.excerpt, "\n  ", std::string(before, ' '),
                    std::string(under, '^'), "\n");
  }
  if (!diagnostic.hint.empty()) absl::StrAppend(&out, "  hint: ", diagnostic.hint, "\n");
  return out;
}

}  // namespace touchstone::rules
