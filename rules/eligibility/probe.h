#pragma once

// What a question "which offers?" brings along, and how it reads a subject. For the index and the
// scan alike.
//
// Thread safety: one thread.

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "rules/eligibility/subject.h"
#include "rules/eligibility/value_key.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

struct EligibilityProbe {
  const expr::Frame& frame;
  expr::Scratch& expr;  // of programs: their steps and their memory
  // Whether the condition of an offer is true, as the plain evaluator has it. Asked where a value
  // has no key (ValueKey::State::kForeign), so that no set can tell.
  absl::FunctionRef<bool(uint32_t offer)> plain;
  bool step_limit_reached = false;  // set when a program ran out of steps
};

// REQUIRES: a subject that is no list of elements.
ValueKey Ask(const Subject& subject, EligibilityProbe& probe);

}  // namespace touchstone::rules
