#pragma once

// Functions on operands whose kinds the checker has proved: one small function each, without a look
// at any kind. The planner picks one where every operand has a type of its own; operands that may
// be anything keep Call and CompareValues. Internal to the evaluator.
//
// Each does what Call does for those kinds: same results, same errors, same steps. The evaluator
// looks at the kinds once before, since a stored value may be older than its schema.

#include <cstdint>
#include <optional>

#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// `detail` is the Relation of a comparison, else the Function. By value: both operands, the detail
// and the evaluation travel in registers. REQUIRES: operands of the kinds it was found for.
using TypedUnary = Value (*)(Value a, uint8_t detail, Evaluation& evaluation);
using TypedBinary = Value (*)(Value a, Value b, uint8_t detail, Evaluation& evaluation);

// Of what kind the values of a type are; nullopt when the type does not say.
std::optional<Kind> KindOf(const Type& type);

// Null when there is none.
TypedUnary FindTypedUnary(Function function, Kind a);
TypedBinary FindTypedBinary(Function function, Kind a, Kind b);
// For == != < <= > >=.
TypedBinary FindTypedComparison(Kind a, Kind b);

// Two kinds in one number, so that both are compared at once.
inline uint16_t KindsOf(Kind a, Kind b) {
  return static_cast<uint16_t>(static_cast<uint16_t>(a) << 8 | static_cast<uint16_t>(b));
}

}  // namespace touchstone::rules::expr
