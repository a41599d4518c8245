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

// a, a.b, .a.b.c: nothing but names and dots.
bool IsDottedName(const Expr& expr);
// The text of a dotted name, leading dot included. REQUIRES: IsDottedName(expr).
std::string DottedName(const Expr& expr);

}  // namespace touchstone::rules::expr
