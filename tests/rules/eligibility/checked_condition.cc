#include "tests/rules/eligibility/checked_condition.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"

namespace touchstone::rules {

expr::Environment EnvironmentOfRuleSets() {
  expr::CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  policy.homogeneous_literals = true;
  return expr::Environment(policy);
}

absl::StatusOr<expr::ExprPtr> CheckedCondition(absl::string_view text,
                                               const expr::Environment& environment) {
  expr::ParseResult parsed = expr::Parse(text);
  expr::Issues issues = std::move(parsed.issues);
  if (parsed.expr != nullptr) {
    issues = expr::Check(*parsed.expr, environment, expr::Type(expr::TypeKind::kBool));
  }
  if (!issues.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(text, ": ", issues.front().message));
  }
  return std::move(parsed.expr);
}

}  // namespace touchstone::rules
