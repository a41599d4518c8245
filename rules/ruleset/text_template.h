#pragma once

// Texts with placeholders: "Beans -20%: you saved {benefit.amount}".
//
// `{benefit.amount}` and `{benefit.percent}` are the offer's, `{customer.NAME}`, `{request.NAME}`
// and `{store.NAME}` scalar facts; `{near_miss.spend}`, `{near_miss.units}`, `{near_miss.from}`
// and `{near_miss.card}` what is missing, in a text of a near miss; `{{` is a brace. A closing
// brace alone is itself. Thread safety: pure but for the reporter. Errors: reported at `path`; the
// template is then empty.

#include "absl/strings/string_view.h"
#include "rules/ruleset/expressions.h"
#include "rules/ruleset/reporter.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

enum class TextKind : uint8_t { kTreatment, kNearMiss };

// `benefit`: of the offer, or null.
TextTemplate CompileText(absl::string_view path, absl::string_view text, TextKind kind,
                         const BenefitSpec* benefit, const FactLayout& layout,
                         ExpressionCompiler& expressions, Reporter& reporter);

// Characters (code points) that the text has before any fact is filled in: no result is shorter.
size_t LiteralCharacters(const TextTemplate& text);

}  // namespace touchstone::rules
