#pragma once

// What one evaluation carries through the evaluator: facts, memory and budget. Internal to the
// evaluator. Not thread safe: one thread, one Evaluation.

#include "rules/expr/arena.h"
#include "rules/expr/program.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Work over text is charged by its length: a step is about the work of visiting one node.
inline constexpr size_t kBytesPerStep = 16;

struct Evaluation {
  const Frame& frame;
  Scratch& scratch;
  Value* locals = nullptr;  // macro and bind variables, by local index
  // Set for good when the budget runs out: whatever is absorbed on the way up, the result of the
  // whole evaluation is kStepLimit then.
  bool exhausted = false;

  Arena& arena() { return scratch.arena(); }
  Calendar& calendar() { return scratch.calendar(); }

  bool Spend(uint64_t steps) {
    if (scratch.Spend(steps)) return true;
    exhausted = true;
    return false;
  }
  bool SpendBytes(size_t bytes) { return Spend(bytes / kBytesPerStep); }
};

inline Value StepLimitError() { return Value::Error(ErrorCode::kStepLimit); }
// Of an error met earlier and one met later where either could still be absorbed.
inline Value LeadingError(const Value& earlier, const Value& later) {
  return later.error() == ErrorCode::kUnavailable ? later : earlier;
}
inline Value NoOverload() { return Value::Error(ErrorCode::kNoOverload); }

}  // namespace touchstone::rules::expr
