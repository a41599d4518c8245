#include "rules/expr/comparison.h"

#include <utility>

#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"
#include "rules/expr/equality.h"
#include "rules/expr/kind_numbers.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

// The detail of what follows is a Relation.

// An integer and a double meet as doubles, as CEL pins it.
template <typename A, typename B>
Order OrderOfNumbers(const Value& a, const Value& b) {
  if constexpr (A::kKind == B::kKind) {
    return OrderOf(A::Of(a), B::Of(b));
  } else if constexpr (A::kKind == Kind::kDouble || B::kKind == Kind::kDouble) {
    return OrderOf(static_cast<double>(A::Of(a)), static_cast<double>(B::Of(b)));
  } else {
    if (std::cmp_less(A::Of(a), B::Of(b))) return Order::kLess;
    return std::cmp_equal(A::Of(a), B::Of(b)) ? Order::kEqual : Order::kGreater;
  }
}

// REQUIRES: b is a number, too.
template <typename A>
Order OrderWith(const Value& a, const Value& b) {
  switch (b.kind()) {
    case Kind::kInt:
      return OrderOfNumbers<A, Ints>(a, b);
    case Kind::kUint:
      return OrderOfNumbers<A, Uints>(a, b);
    default:
      return OrderOfNumbers<A, Doubles>(a, b);
  }
}

template <typename A, typename B>
Value Compare(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  return Value::Bool(Holds(relation, OrderOfNumbers<A, B>(a, b)));
}

Value CompareTimes(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  const bool same_second = a.timestamp_seconds() == b.timestamp_seconds();
  const Order order = same_second
                          ? OrderOf(int64_t{a.timestamp_nanos()}, int64_t{b.timestamp_nanos()})
                          : OrderOf(a.timestamp_seconds(), b.timestamp_seconds());
  return Value::Bool(Holds(relation, order));
}

Value CompareTexts(Value a, Value b, uint8_t relation, Evaluation& evaluation) {
  const absl::string_view x = a.string_value();
  const absl::string_view y = b.string_value();
  const bool equality = IsEquality(relation);
  if (!evaluation.SpendBytes(equality || x.size() < y.size() ? x.size() : y.size())) {
    return StepLimitError();
  }
  if (equality) return Value::Bool((x == y) == (relation == kRelationEqual));
  return Value::Bool(Holds(relation, OrderOf(int64_t{x.compare(y)}, int64_t{0})));
}

Value CompareMoneys(Value a, Value b, uint8_t relation, Evaluation& /*evaluation*/) {
  const Money x = a.money_value();
  const Money y = b.money_value();
  if (x.currency == y.currency) {
    return Value::Bool(Holds(relation, OrderOf(x.amount_minor, y.amount_minor)));
  }
  if (!IsEquality(relation)) return CompareAmounts(relation, x, y);
  return Value::Bool(AmountsEqual(x, y) == (relation == kRelationEqual));
}

// What has no order is equal or not.
Value EqualityAnswer(uint8_t relation, bool equal, const Evaluation& evaluation) {
  if (evaluation.exhausted) return StepLimitError();
  return Value::Bool(equal == (relation == kRelationEqual));
}

template <Kind kind>
Value CompareUnordered(Value a, Value b, uint8_t relation, Evaluation& evaluation) {
  if (!IsEquality(relation)) return NoOverload();
  return EqualityAnswer(relation, EqualOfKind<kind>(a, b, &evaluation), evaluation);
}

// Of elements that are expected to be of one kind.
template <Kind kind>
bool ElementsEqual(const Value& a, const Value& b, Evaluation* meter) {
  return a.kind() == kind ? EqualToKind<kind>(a, b, meter) : DeepEquals(a, b, meter);
}

template <auto Equal>
bool ListsEqualBy(const ListData& a, const ListData& b, Evaluation* meter) {
  if (a.size != b.size) return false;
  if (meter != nullptr && !meter->Spend(a.size)) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    if (!Equal(a.elements[i], b.elements[i], meter)) return false;
  }
  return true;
}

template <auto Find>
bool MapsEqualBy(const MapData& a, const MapData& b, Evaluation* meter) {
  if (a.size != b.size) return false;
  for (uint32_t i = 0; i < a.size; ++i) {
    if (meter != nullptr && !meter->Spend(1 + b.size / kEntriesPerStep)) return false;
    const Value* other = Find(b, a.entries[i].key);
    if (other == nullptr || !DeepEquals(a.entries[i].value, *other, meter)) return false;
  }
  return true;
}

template <auto Equal>
bool OptionalsEqualBy(const Value& a, const Value& b, Evaluation* meter) {
  const Value* x = a.optional_value();
  const Value* y = b.optional_value();
  if (x == nullptr || y == nullptr) return x == y;
  return Equal(*x, *y, meter);
}

const Value* FindAnyEntry(const MapData& map, const Value& key) { return FindEntry(map, key); }

// Of a key that is expected to be of the kind.
template <Kind kind>
const Value* FindExpectedEntry(const MapData& map, const Value& key) {
  return key.kind() == kind ? FindEntryOf<kind>(map, key) : FindEntry(map, key);
}

template <Kind kind>
Value CompareLists(Value a, Value b, uint8_t relation, Evaluation& evaluation) {
  if (!IsEquality(relation)) return NoOverload();
  const bool equal = ListsEqualBy<ElementsEqual<kind>>(a.list_value(), b.list_value(), &evaluation);
  return EqualityAnswer(relation, equal, evaluation);
}

template <Kind kind>
Value CompareOptionals(Value a, Value b, uint8_t relation, Evaluation& evaluation) {
  if (!IsEquality(relation)) return NoOverload();
  return EqualityAnswer(relation, OptionalsEqualBy<ElementsEqual<kind>>(a, b, &evaluation),
                        evaluation);
}

template <Kind key>
Value CompareMaps(Value a, Value b, uint8_t relation, Evaluation& evaluation) {
  if (!IsEquality(relation)) return NoOverload();
  const bool equal = MapsEqualBy<FindExpectedEntry<key>>(a.map_value(), b.map_value(), &evaluation);
  return EqualityAnswer(relation, equal, evaluation);
}

template <typename A, typename... B>
void AddNumbers(OperationTable& table) {
  (table.Add(Function::kEqual, A::kKind, B::kKind, Compare<A, B>), ...);
}

template <Kind... kinds>
void AddContainers(OperationTable& table, KindList<kinds...> /*of elements and keys*/) {
  using enum Kind;
  (table.Add(Function::kEqual, kList, kList, CompareLists<kinds>, kinds), ...);
  (table.Add(Function::kEqual, kOptional, kOptional, CompareOptionals<kinds>, kinds), ...);
  (table.Add(Function::kEqual, kMap, kMap, CompareMaps<kinds>, kinds), ...);
}

template <Kind... kinds>
void AddUnordered(OperationTable& table) {
  (table.Add(Function::kEqual, kinds, kinds, CompareUnordered<kinds>), ...);
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
  switch (a.kind()) {
    case Kind::kInt:
      return OrderWith<Ints>(a, b);
    case Kind::kUint:
      return OrderWith<Uints>(a, b);
    default:
      return OrderWith<Doubles>(a, b);
  }
}

Value CompareValues(Relation relation, const Value& a, const Value& b, Evaluation& evaluation) {
  if (a.IsError()) return a;
  if (b.IsError()) return b;
  if (IsNumber(a.kind()) && IsNumber(b.kind())) {
    return Value::Bool(Holds(relation, CompareNumbers(a, b)));
  }
  if (IsEquality(relation)) {
    return EqualityAnswer(relation, EqualsWithin(a, b, evaluation), evaluation);
  }
  if (a.kind() != b.kind()) return NoOverload();
  switch (a.kind()) {
    case Kind::kString:
    case Kind::kBytes:
      return CompareTexts(a, b, relation, evaluation);
    case Kind::kTimestamp:
      return CompareTimes(a, b, relation, evaluation);
    case Kind::kBool:
      return Compare<Bools, Bools>(a, b, relation, evaluation);
    case Kind::kDuration:
      return Compare<Durations, Durations>(a, b, relation, evaluation);
    case Kind::kDecimal:
      return Compare<Decimals, Decimals>(a, b, relation, evaluation);
    case Kind::kMoney:
      return CompareMoneys(a, b, relation, evaluation);
    default:
      return NoOverload();
  }
}

bool DeepEquals(const Value& a, const Value& b, Evaluation* meter) {
  switch (a.kind()) {
    case Kind::kError:
      return false;
    case Kind::kNull:
      return EqualToKind<Kind::kNull>(a, b, meter);
    case Kind::kBool:
      return EqualToKind<Kind::kBool>(a, b, meter);
    case Kind::kInt:
      return EqualToKind<Kind::kInt>(a, b, meter);
    case Kind::kUint:
      return EqualToKind<Kind::kUint>(a, b, meter);
    case Kind::kDouble:
      return EqualToKind<Kind::kDouble>(a, b, meter);
    case Kind::kString:
      return EqualToKind<Kind::kString>(a, b, meter);
    case Kind::kBytes:
      return EqualToKind<Kind::kBytes>(a, b, meter);
    case Kind::kTimestamp:
      return EqualToKind<Kind::kTimestamp>(a, b, meter);
    case Kind::kDuration:
      return EqualToKind<Kind::kDuration>(a, b, meter);
    case Kind::kMoney:
      return EqualToKind<Kind::kMoney>(a, b, meter);
    case Kind::kDecimal:
      return EqualToKind<Kind::kDecimal>(a, b, meter);
    case Kind::kList:
      return EqualToKind<Kind::kList>(a, b, meter);
    case Kind::kMap:
      return EqualToKind<Kind::kMap>(a, b, meter);
    case Kind::kRecord:
      return EqualToKind<Kind::kRecord>(a, b, meter);
    case Kind::kOptional:
      return EqualToKind<Kind::kOptional>(a, b, meter);
    case Kind::kType:
      return EqualToKind<Kind::kType>(a, b, meter);
  }
  return false;
}

bool ListsEqual(const ListData& a, const ListData& b, Evaluation* meter) {
  return ListsEqualBy<DeepEquals>(a, b, meter);
}

bool MapsEqual(const MapData& a, const MapData& b, Evaluation* meter) {
  return MapsEqualBy<FindAnyEntry>(a, b, meter);
}

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
  return OptionalsEqualBy<DeepEquals>(a, b, meter);
}

bool TypesEqual(const Type& a, const Type& b) {
  if (a.kind() != b.kind()) return false;
  return a.kind() != TypeKind::kRecord || a.name() == b.name();
}

bool EqualsWithin(const Value& a, const Value& b, Evaluation& evaluation) {
  return DeepEquals(a, b, &evaluation);
}

bool Equals(const Value& a, const Value& b) { return DeepEquals(a, b, nullptr); }

void AddComparisons(OperationTable& table) {
  using enum Kind;
  AddNumbers<Ints, Ints, Uints, Doubles>(table);
  AddNumbers<Uints, Ints, Uints, Doubles>(table);
  AddNumbers<Doubles, Ints, Uints, Doubles>(table);
  AddNumbers<Bools, Bools>(table);
  AddNumbers<Durations, Durations>(table);
  AddNumbers<Decimals, Decimals>(table);
  for (const Kind text : {kString, kBytes}) {
    table.Add(Function::kEqual, text, text, CompareTexts);
  }
  table.Add(Function::kEqual, kTimestamp, kTimestamp, CompareTimes);
  table.Add(Function::kEqual, kMoney, kMoney, CompareMoneys);
  AddUnordered<kNull, kType, kRecord, kList, kMap, kOptional>(table);
  AddContainers(table, AllKinds());
}

}  // namespace touchstone::rules::expr
