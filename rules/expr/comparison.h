#pragma once

// Order and equality of values, as CEL defines them: one number line for int, uint and double,
// deep equality of lists and maps, NaN equal to nothing. Internal to the evaluator.

#include <cstdint>

#include "rules/expr/evaluation.h"
#include "rules/expr/functions.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

enum class Order : uint8_t { kLess = 0, kEqual = 1, kGreater = 2, kUnordered = 3 };

// A relation is the set of orders for which it holds, so that deciding it is a shift.
using Relation = uint8_t;
inline constexpr Relation kRelationLess = 1;
inline constexpr Relation kRelationEqual = 2;
inline constexpr Relation kRelationGreater = 4;
inline constexpr Relation kRelationUnordered = 8;
inline constexpr Relation kRelationNotEqual = kRelationLess | kRelationGreater | kRelationUnordered;

inline bool IsComparison(Function function) {
  return function >= Function::kEqual && function <= Function::kGreaterEqual;
}
// REQUIRES: IsComparison.
Relation RelationOf(Function function);
// The relation r' with (a r b) == (b r' a).
Relation Mirrored(Relation relation);

inline bool Holds(Relation relation, Order order) {
  return ((relation >> static_cast<uint8_t>(order)) & 1) != 0;
}
inline bool IsEquality(Relation relation) {
  return relation == kRelationEqual || relation == kRelationNotEqual;
}

inline Order OrderOf(int64_t a, int64_t b) {
  return static_cast<Order>(static_cast<uint8_t>(a > b) + static_cast<uint8_t>(a >= b));
}
inline Order OrderOf(uint64_t a, uint64_t b) {
  return static_cast<Order>(static_cast<uint8_t>(a > b) + static_cast<uint8_t>(a >= b));
}
inline Order OrderOf(double a, double b) {
  if (a < b) return Order::kLess;
  if (a == b) return Order::kEqual;
  return a > b ? Order::kGreater : Order::kUnordered;
}

constexpr bool IsNumber(Kind kind) {
  return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble;
}
// REQUIRES: IsNumber of both. An integer meets a double as a double, as CEL's conformance suite
// pins it (so equality is not transitive beyond 2^53).
Order CompareNumbers(const Value& a, const Value& b);

// Bool, or the error of an operand, or kNoOverload for an order that does not exist.
Value CompareValues(Relation relation, const Value& a, const Value& b, Evaluation& evaluation);

// Equals, charged to the evaluation; when the budget runs out the answer is meaningless and
// evaluation.exhausted is set.
bool EqualsWithin(const Value& a, const Value& b, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
