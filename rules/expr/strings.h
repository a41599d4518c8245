#pragma once

// Functions over strings and bytes: the standard library's and those of the strings extension.
// Internal to the evaluator. Positions count code points; results live in the evaluation's arena.

#include "absl/types/span.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// REQUIRES: both strings or both bytes.
Value ConcatenateText(const Value& a, const Value& b, Evaluation& evaluation);
// size() of a string, bytes, list or map.
Value Size(const Value& value, Evaluation& evaluation);
// contains, startsWith, endsWith.
Value FindAffix(Function function, const Value& text, const Value& part, Evaluation& evaluation);
Value ContainsText(absl::string_view text, absl::string_view part, Evaluation& evaluation);
// matches() with a pattern that is known only now. Charged as if it were compiled on every call.
Value MatchesPattern(absl::string_view text, absl::string_view pattern, Evaluation& evaluation);

// The strings extension: kCharAt to kTrim. REQUIRES: no argument is an error.
Value CallStringExtension(Function function, absl::Span<const Value> arguments,
                          Evaluation& evaluation);

}  // namespace touchstone::rules::expr
