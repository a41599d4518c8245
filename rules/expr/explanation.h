#pragma once

// A condition explained: its formula, part by part, with the value of each part on given facts, the
// parts that decide it, and words for its atoms ("customer.spend_90d is 112.40 EUR, needs at least
// 300.00").
//
// The value of the whole is what Program::Evaluate gives; the parts are evaluated one by one with
// the plain evaluator. Thread safety: pure functions. Cost: plans every atom anew and allocates
// freely; for explanations, never on the way to an answer. Errors: as Program::Compile.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

struct ExplainedPart {
  enum class Kind : uint8_t {
    kAll,     // a && b && ...
    kAny,     // a || b || ...
    kNot,     // !a
    kChoice,  // a ? b : c
    kAtom,    // anything else; has no parts
  };
  Kind kind = Kind::kAtom;
  SourceSpan span;  // in the text that was parsed
  Value value;      // a bool or an error
  // Whether it is one of the parts that decide the whole; see MarkDecisive.
  bool decisive = false;
  std::string text;   // kAtom: canonical, cut where it is long
  std::string words;  // kAtom: what it saw and, where that is not what it takes, what it needs
  std::vector<ExplainedPart> parts;
};

// Facts whose values are not told: words say that they are set and no more.
using HidesFact = std::function<bool(Slot)>;

// REQUIRES: `checked` has passed Check against `environment` as a condition.
absl::StatusOr<ExplainedPart> Explain(const Expr& checked, const Environment& environment,
                                      const Frame& frame, const HidesFact& hides);

// Marks what decides `root`, and nothing else in it. The root does, and of a part that does:
// of an && that is false the first part that is, and of an || that is true the first that is; of an
// && that is true and of an || that is false every part; of an error in either the first part that
// ended in it; what stands behind !; the condition of a choice and, unless that is an error, the
// side taken.
// So the values of the decisive atoms alone give the value of the root, whatever the others are,
// and none of them can be left out.
void MarkDecisive(ExplainedPart& root);

// The first as written; null when there is none, which is so only below a part that does not
// decide.
const ExplainedPart* FirstDecisiveAtom(const ExplainedPart& root);

// Of the whole tree, `root` included.
size_t CountParts(const ExplainedPart& root);

}  // namespace touchstone::rules::expr
