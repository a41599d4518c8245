#pragma once

// From the rule-set message to a compiled RuleSet, or to everything that is wrong with it.
//
// What this version does not act on (contact policy, limits per household, some promises…) is
// refused with the diagnostic `not_supported_yet`: nothing is ignored. Thread safety: pure
// function. Cost: 1 s for 10,000 offers at most.

#include <memory>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/rule_set.h"
#include "rules/ruleset/source_map.h"
#include "touchstone/v1/rule_set.pb.h"

namespace touchstone::rules {

struct CompileResult {
  std::shared_ptr<const RuleSet> rule_set;  // null when there are errors
  Diagnostics diagnostics;                  // errors and warnings, in order of file and line
};

// `sources` may be empty (a message without files). `today`: windows that lie before it are warned
// of. `kept_terms`: what TermsOf made of offers with `applies: granted`, each once: those
// that are not the message's own become offers beside these, for whom their grants keep them. Names
// in them are the message's: what they name and it does not have is an error, of
// `kept_terms[OFFER]`.
CompileResult Compile(const v1::RuleSet& message, const SourceMap& sources, absl::Time today,
                      absl::Span<const v1::Offer> kept_terms = {});

// The hex SHA-256 that identifies a rule set's content.
std::string ContentHash(const v1::RuleSet& message);

}  // namespace touchstone::rules
