#pragma once

// Turns "name(arguments)" into a node: a macro, a known function, or a call of an unknown name that
// the checker will report. Internal to rules/expr.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/ast.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

struct CallSyntax {
  const Expr* receiver;  // null: written without one
  std::string name;
  SourceSpan span;  // of the whole call
  SourceSpan name_span;
};

ExprPtr BuildCall(const CallSyntax& call, ExprPtr receiver, std::vector<ExprPtr> arguments,
                  Issues& issues);

// How the printer writes a macro with this many variables.
absl::string_view MacroName(Macro macro, size_t variables);

// a, a.b, .a.b.c, a.?b: nothing but names and dots, of which some may be optional.
bool IsDottedName(const Expr& expr);
// The text of a dotted name, leading dot included, without question marks. REQUIRES:
// IsDottedName(expr).
std::string DottedName(const Expr& expr);
// Whether some dot of a dotted name is optional. REQUIRES: IsDottedName(expr).
bool HasOptionalDot(const Expr& expr);

}  // namespace touchstone::rules::expr
