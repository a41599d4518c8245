#pragma once

// The standard library's functions over strings and bytes. Internal to the evaluator. Results live
// in the evaluation's arena.

#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// REQUIRES: both strings or both bytes.
Value ConcatenateText(const Value& a, const Value& b, Evaluation& evaluation);
// contains, startsWith, endsWith.
Value FindAffix(Function function, const Value& text, const Value& part, Evaluation& evaluation);
Value ContainsText(absl::string_view text, absl::string_view part, Evaluation& evaluation);
// matches() with a pattern that is known only now. Charged as if it were compiled on every call.
Value MatchesPattern(absl::string_view text, absl::string_view pattern, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
