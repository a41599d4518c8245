#pragma once

// A condition from one of its forms, text or visual builder (builder_form.h), to both, with the
// findings that validation has of it.
//
// Thread safety: pure functions. Cost: linear in the names of the rule set and in the condition;
// for authoring, never on the way to an answer.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "rules/facts/layout.h"
#include "rules/ruleset/diagnostic.h"
#include "rules/ruleset/rule_set.h"
#include "touchstone/v1/builder_form.pb.h"

namespace touchstone::rules {

struct ConvertedCondition {
  std::string text;                          // canonical; empty when there are errors
  std::optional<v1::BuilderCondition> form;  // nullopt: errors, or text only
  Diagnostics diagnostics;
};

// `scope`: which names of the rule set it may use. `field`: what findings call the text; their
// columns and excerpts are those of the text.
ConvertedCondition ConvertConditionText(const RuleSet& rule_set, Scope scope,
                                        absl::string_view field, absl::string_view text);

// The same of a form, which comes back as the text is read: groups within groups of their kind as
// one. What BuilderFormText refuses is a finding at the place in the form, in `field`; all others
// are at `field`, with the text of the form as their excerpt.
ConvertedCondition ConvertConditionForm(const RuleSet& rule_set, Scope scope,
                                        absl::string_view field, const v1::BuilderCondition& form);

}  // namespace touchstone::rules
