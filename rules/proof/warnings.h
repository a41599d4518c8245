#pragma once

// What is legal in a rule set and surely wrong, or likely to cost money: warnings beside what the
// compiler finds. They never stop publishing.
//
// Each idea has a file: usage_warnings, window_warnings, amount_warnings, discount_warnings,
// wording_warnings, word_warnings, logic_warnings; the header of each says when it warns.
// "Siblings" of an offer are those of its campaign, else of the whole rule set. Thread safety: pure
// functions; no clock: `now` is an argument. Errors: none; a rule set that does not compile gets
// the compiler's findings alone. Cost: near linear in the offers (README of bench/results).

#include "absl/time/time.h"
#include "rules/ruleset/compile.h"

namespace touchstone::rules {

// Warnings in order of file and place. REQUIRES: `rule_set` was compiled from `message`.
Diagnostics FindWarnings(const v1::RuleSet& message, const RuleSet& rule_set,
                         const SourceMap& sources, absl::Time now);

// Compile, and the warnings with its findings: what everyone who validates shows.
CompileResult CompileAndWarn(const v1::RuleSet& message, const SourceMap& sources, absl::Time now);

}  // namespace touchstone::rules
