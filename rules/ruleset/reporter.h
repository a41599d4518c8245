#pragma once

// Collects what the compiler finds, at field paths of the message.
//
// Thread safety: one thread. Lifetime: refers to the SourceMap.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/source.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/diagnostic_codes.h"
#include "rules/ruleset/source_map.h"

namespace touchstone::rules {

class Reporter {
 public:
  explicit Reporter(const SourceMap& sources) : sources_(sources) {}

  void Error(const DiagnosticCode& code, absl::string_view path, absl::string_view message,
             absl::string_view hint = "");
  // `span`: the part of the field's text that it is about.
  void Warning(const DiagnosticCode& code, absl::string_view path, absl::string_view message,
               absl::string_view hint = "", std::optional<expr::SourceSpan> span = std::nullopt);
  // "key is not supported yet: what instead".
  void NotSupportedYet(absl::string_view path, absl::string_view key, absl::string_view instead);
  // A name that is not among those declared: `kind` is "placement", `known` what there is.
  void Unknown(const DiagnosticCode& code, absl::string_view path, absl::string_view kind,
               absl::string_view name, const std::vector<std::string>& known);
  // What parser and checker found in the expression at `path`.
  void ExpressionIssues(absl::string_view path, const expr::Issues& issues);

  int errors() const { return errors_; }
  // In order of file and place, else as found.
  Diagnostics TakeSorted();

 private:
  const SourceMap& sources_;
  Diagnostics diagnostics_;
  int errors_ = 0;
};

}  // namespace touchstone::rules
