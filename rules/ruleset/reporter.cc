#include "rules/ruleset/reporter.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/naming.h"

namespace touchstone::rules {

void Reporter::Error(const DiagnosticCode& code, absl::string_view path, absl::string_view message,
                     absl::string_view hint) {
  ++errors_;
  diagnostics_.push_back(sources_.At(Severity::kError, code.code, path, message, hint));
}

void Reporter::Warning(const DiagnosticCode& code, absl::string_view path,
                       absl::string_view message, absl::string_view hint,
                       std::optional<expr::SourceSpan> span) {
  diagnostics_.push_back(sources_.At(Severity::kWarning, code.code, path, message, hint, span));
}

void Reporter::NotSupportedYet(absl::string_view path, absl::string_view key,
                               absl::string_view instead) {
  Error(codes::kNotSupportedYet, path,
        absl::StrCat("this version does not act on ", key, " yet, and nothing is ignored"),
        instead);
}

void Reporter::Unknown(const DiagnosticCode& code, absl::string_view path, absl::string_view kind,
                       absl::string_view name, const std::vector<std::string>& known) {
  // The search for a near name is linear: one that never ends helps nobody who has this many.
  constexpr int kMostHints = 200;
  Error(code, path, absl::StrCat("there is no ", kind, " `", name, "`"),
        errors_ < kMostHints ? HintFor(name, known) : "");
}

void Reporter::ExpressionIssues(absl::string_view path, const expr::Issues& issues) {
  for (const expr::Issue& issue : issues) {
    ++errors_;
    diagnostics_.push_back(
        sources_.At(Severity::kError, issue.code, path, issue.message, issue.hint, issue.span));
  }
}

Diagnostics Reporter::TakeSorted() {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.file, a.line, a.column) < std::tie(b.file, b.line, b.column);
                   });
  return std::move(diagnostics_);
}

}  // namespace touchstone::rules
