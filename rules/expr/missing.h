#pragma once

// Errors that say nothing of the facts.

#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Whether an error says that something was not at hand in time (the customer's record, steps left)
// rather than that the facts are wrong.
inline bool IsMissing(ErrorCode error) {
  return error == ErrorCode::kUnavailable || error == ErrorCode::kStepLimit;
}

}  // namespace touchstone::rules::expr
