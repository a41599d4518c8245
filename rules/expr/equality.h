#pragma once

// Equality where the kind of one side is known. Internal to the evaluator. `meter` is charged for
// texts and collections; null: nothing is. When its budget runs out the answer is meaningless and
// exhausted is set.

#include "rules/expr/amounts.h"
#include "rules/expr/comparison.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Deep equality of what may be anything; an error equals nothing.
bool DeepEquals(const Value& a, const Value& b, Evaluation* meter);
// What the kinds hold that hold other values.
bool ListsEqual(const ListData& a, const ListData& b, Evaluation* meter);
bool MapsEqual(const MapData& a, const MapData& b, Evaluation* meter);
// Two absent fields are equal: records are compared as data, not evaluated.
bool RecordsEqual(const Value& a, const Value& b, Evaluation* meter);
bool OptionalsEqual(const Value& a, const Value& b, Evaluation* meter);
// Of records the name counts, too.
bool TypesEqual(const Type& a, const Type& b);

// REQUIRES: both are of the kind.
template <Kind kind>
inline bool EqualOfKind(const Value& a, const Value& b, Evaluation* meter) {
  if constexpr (kind == Kind::kNull) {
    return true;
  } else if constexpr (kind == Kind::kDouble) {
    return a.double_value() == b.double_value();
  } else if constexpr (kind == Kind::kString || kind == Kind::kBytes) {
    if (meter != nullptr && !meter->SpendBytes(a.string_value().size())) return false;
    return a.string_value() == b.string_value();
  } else if constexpr (kind == Kind::kTimestamp) {
    return a.timestamp_seconds() == b.timestamp_seconds() &&
           a.timestamp_nanos() == b.timestamp_nanos();
  } else if constexpr (kind == Kind::kMoney) {
    return AmountsEqual(a.money_value(), b.money_value());
  } else if constexpr (kind == Kind::kList) {
    return ListsEqual(a.list_value(), b.list_value(), meter);
  } else if constexpr (kind == Kind::kMap) {
    return MapsEqual(a.map_value(), b.map_value(), meter);
  } else if constexpr (kind == Kind::kRecord) {
    return RecordsEqual(a, b, meter);
  } else if constexpr (kind == Kind::kOptional) {
    return OptionalsEqual(a, b, meter);
  } else if constexpr (kind == Kind::kType) {
    return TypesEqual(a.type_value(), b.type_value());
  } else {
    static_assert(kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint ||
                  kind == Kind::kDuration || kind == Kind::kDecimal);
    return a.int_value() == b.int_value();
  }
}

// REQUIRES: a is of the kind; b may be anything.
template <Kind kind>
inline bool EqualToKind(const Value& a, const Value& b, Evaluation* meter) {
  if (b.kind() == kind) return EqualOfKind<kind>(a, b, meter);
  if constexpr (IsNumber(kind)) {
    return IsNumber(b.kind()) && CompareNumbers(a, b) == Order::kEqual;
  }
  return false;
}

}  // namespace touchstone::rules::expr
