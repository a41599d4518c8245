#pragma once

// Text to a checked tree, for tests. Thread safety: pure.

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"

namespace touchstone::rules {

// An environment that checks as rule sets do.
expr::Environment EnvironmentOfRuleSets();

// InvalidArgument with the first finding.
absl::StatusOr<expr::ExprPtr> CheckedCondition(absl::string_view text,
                                               const expr::Environment& environment);

}  // namespace touchstone::rules
