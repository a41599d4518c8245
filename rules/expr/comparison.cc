#include "rules/expr/comparison.h"

#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"

namespace touchstone::rules::expr {
namespace {

// Not an OrderOf: that would hide those of the header within this namespace.
Order OrderOfText(absl::string_view a, absl::string_view b) {
  const int order = a.compare(b);
  return order < 0 ? Order::kLess : order == 0 ? Order::kEqual : Order::kGreater;
}

Order Reversed(Order order) {
  if (order == Order::kLess) return Order::kGreater;
  if (order == Order::kGreater) return Order::kLess;
  return order;
}

double AsDouble(const Value& v) {
  if (v.kind() == Kind::kInt) return static_cast<double>(v.int_value());
  if (v.kind() == Kind::kUint) return static_cast<double>(v.uint_value());
  return v.double_value();
}

Order CompareTimestamps(const Value& a, const Value& b) {
  if (a.timestamp_seconds() != b.timestamp_seconds()) {
    return OrderOf(a.timestamp_seconds(), b.timestamp_seconds());
  }
  return OrderOf(int64_t{a.timestamp_nanos()}, int64_t{b.timestamp_nanos()});
}

bool SameType(const Type& a, const Type& b) {
  if (a.kind() != b.kind()) return false;
  return a.kind() != TypeKind::kRecord || a.name() == b.name();
}

// `meter` null: not charged.
bool DeepEquals(const Value& a, const Value& b, Evaluation* meter);

bool ListsEqual(const ListData& a, const ListData& b, Evaluation* meter) {
  if (a.size != b.size) return false;
  if (meter != nullptr && !meter->Spend(a.size)) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    if (!DeepEquals(a.elements[i], b.elements[i], meter)) return false;
  }
  return true;
}

bool MapsEqual(const MapData& a, const MapData& b, Evaluation* meter) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    if (meter != nullptr && !meter->Spend(1 + b.size / 4)) return false;
    const Value* other = FindEntry(b, a.entries[i].key);
    if (other == nullptr || !DeepEquals(a.entries[i].value, *other, meter)) return false;
  }
  return true;
}

// Two absent fields are equal: records are compared as data, not evaluated.
bool RecordsEqual(const Value& a, const Value& b, Evaluation* meter) {
  if (a.record_size() != b.record_size()) return false;
  for (uint32_t i = 0; i < a.record_size(); ++i) {
    const Value& x = a.record_fields()[i];
    const Value& y = b.record_fields()[i];
    if (x.IsError() || y.IsError()) {
      if (x.IsError() != y.IsError()) return false;
    } else if (!DeepEquals(x, y, meter)) {
      return false;
    }
  }
  return true;
}

bool OptionalsEqual(const Value& a, const Value& b, Evaluation* meter) {
  const Value* x = a.optional_value();
  const Value* y = b.optional_value();
  if (x == nullptr || y == nullptr) return x == y;
  return DeepEquals(*x, *y, meter);
}

bool DeepEquals(const Value& a, const Value& b, Evaluation* meter) {
  if (a.kind() != b.kind()) {
    return IsNumber(a.kind()) && IsNumber(b.kind()) && CompareNumbers(a, b) == Order::kEqual;
  }
  switch (a.kind()) {
    case Kind::kError:
      return false;
    case Kind::kNull:
      return true;
    case Kind::kDouble:
      return a.double_value() == b.double_value();
    case Kind::kString:
    case Kind::kBytes:
      if (meter != nullptr && !meter->SpendBytes(a.string_value().size())) return false;
      return a.string_value() == b.string_value();
    case Kind::kTimestamp:
      return CompareTimestamps(a, b) == Order::kEqual;
    case Kind::kMoney:
      return AmountsEqual(a.money_value(), b.money_value());
    case Kind::kList:
      return ListsEqual(a.list_value(), b.list_value(), meter);
    case Kind::kMap:
      return MapsEqual(a.map_value(), b.map_value(), meter);
    case Kind::kRecord:
      return RecordsEqual(a, b, meter);
    case Kind::kOptional:
      return OptionalsEqual(a, b, meter);
    case Kind::kType:
      return SameType(a.type_value(), b.type_value());
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDuration:
    case Kind::kDecimal:
      return a.int_value() == b.int_value();
  }
  return false;
}

Value CompareSameKind(Relation relation, const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kTimestamp:
      return Value::Bool(Holds(relation, CompareTimestamps(a, b)));
    case Kind::kBool:
    case Kind::kDuration:
    case Kind::kDecimal:
      return Value::Bool(Holds(relation, OrderOf(a.int_value(), b.int_value())));
    case Kind::kMoney:
      return CompareAmounts(relation, a.money_value(), b.money_value());
    default:
      return NoOverload();
  }
}

}  // namespace

Relation RelationOf(Function function) {
  switch (function) {
    case Function::kNotEqual:
      return kRelationNotEqual;
    case Function::kLess:
      return kRelationLess;
    case Function::kLessEqual:
      return kRelationLess | kRelationEqual;
    case Function::kGreater:
      return kRelationGreater;
    case Function::kGreaterEqual:
      return kRelationGreater | kRelationEqual;
    default:
      return kRelationEqual;
  }
}

Relation Mirrored(Relation relation) {
  Relation mirrored = relation & (kRelationEqual | kRelationUnordered);
  if ((relation & kRelationLess) != 0) mirrored |= kRelationGreater;
  if ((relation & kRelationGreater) != 0) mirrored |= kRelationLess;
  return mirrored;
}

Order CompareNumbers(const Value& a, const Value& b) {
  if (a.kind() == Kind::kDouble || b.kind() == Kind::kDouble) {
    return OrderOf(AsDouble(a), AsDouble(b));
  }
  if (a.kind() == b.kind()) {
    return a.kind() == Kind::kInt ? OrderOf(a.int_value(), b.int_value())
                                  : OrderOf(a.uint_value(), b.uint_value());
  }
  if (a.kind() == Kind::kUint) return Reversed(CompareNumbers(b, a));
  if (a.int_value() < 0) return Order::kLess;
  return OrderOf(static_cast<uint64_t>(a.int_value()), b.uint_value());
}

Value CompareValues(Relation relation, const Value& a, const Value& b, Evaluation& evaluation) {
  if (a.IsError()) return a;
  if (b.IsError()) return b;
  if (IsNumber(a.kind()) && IsNumber(b.kind())) {
    return Value::Bool(Holds(relation, CompareNumbers(a, b)));
  }
  if (IsEquality(relation)) {
    const bool equal = EqualsWithin(a, b, evaluation);
    if (evaluation.exhausted) return StepLimitError();
    return Value::Bool(equal == (relation == kRelationEqual));
  }
  if (a.kind() != b.kind()) return NoOverload();
  if (a.kind() == Kind::kString || a.kind() == Kind::kBytes) {
    const absl::string_view x = a.string_value();
    const absl::string_view y = b.string_value();
    if (!evaluation.SpendBytes(x.size() < y.size() ? x.size() : y.size())) return StepLimitError();
    return Value::Bool(Holds(relation, OrderOfText(x, y)));
  }
  return CompareSameKind(relation, a, b);
}

bool EqualsWithin(const Value& a, const Value& b, Evaluation& evaluation) {
  return DeepEquals(a, b, &evaluation);
}

bool Equals(const Value& a, const Value& b) { return DeepEquals(a, b, nullptr); }

}  // namespace touchstone::rules::expr
