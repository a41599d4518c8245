#pragma once

// Text to tree. Thread safety: pure function. Bad input, whatever it is, gives issues; never a
// crash, bounded by the named limits of ast.h. Source: google/cel-spec doc/langdef.md, syntax
// section.

#include "absl/strings/string_view.h"
#include "rules/expr/ast.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

struct ParseResult {
  ExprPtr expr;   // null when there are issues
  Issues issues;  // in source order, at most limits::kMaxIssues
};

ParseResult Parse(absl::string_view source);

}  // namespace touchstone::rules::expr
