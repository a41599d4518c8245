#include "rules/expr/optionals.h"

#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

// What an optional holds; null for none. Anything else holds itself.
const Value* Held(const Value& operand) {
  return operand.kind() == Kind::kOptional ? operand.optional_value() : &operand;
}

// A number that is a position, if not of this list: [1, 2][?7] is none, [1, 2][?0.5] an error.
template <Kind kind>
bool IsWhole(const Value& index) {
  if constexpr (kind != Kind::kDouble) return true;
  const double d = index.double_value();
  return d >= -9007199254740992.0 && d <= 9007199254740992.0 &&
         static_cast<double>(static_cast<int64_t>(d)) == d;
}

// What a lookup finds, as an optional.
template <auto Lookup>
Value Found(Value container, Value key, uint8_t detail, Evaluation& evaluation) {
  const Value found = Lookup(container, key, detail, evaluation);
  const bool missing = found.IsError() && found.error() == ErrorCode::kNoSuchKey;
  return missing ? OptionalNone() : OptionalOf(found, evaluation);
}

template <Kind kind>
Value FoundInList(Value list, Value index, uint8_t detail, Evaluation& evaluation) {
  if (!IsWhole<kind>(index)) return Value::Error(ErrorCode::kNoSuchKey);
  return Found<ElementOfList<kind>>(list, index, detail, evaluation);
}

// By an index or key of the kind in what an optional holds.
template <Kind kind>
Value FoundInHeld(Value optional, Value key, uint8_t detail, Evaluation& evaluation) {
  const Value* held = optional.optional_value();
  if (held == nullptr) return OptionalNone();
  if (held->kind() == Kind::kMap) {
    return Found<EntryOfMap<kind>>(*held, key, detail, evaluation);
  }
  if constexpr (IsNumber(kind)) {
    if (held->kind() == Kind::kList) return FoundInList<kind>(*held, key, detail, evaluation);
  }
  return NoOverload();
}

// The default value of its type, as CEL has it: what a field is that nobody set.
template <Kind kind>
bool IsZero(const Value& value) {
  if constexpr (kind == Kind::kNull) {
    return true;
  } else if constexpr (kind == Kind::kDouble) {
    return value.double_value() == 0;
  } else if constexpr (kind == Kind::kString || kind == Kind::kBytes) {
    return value.string_value().empty();
  } else if constexpr (kind == Kind::kTimestamp) {
    return value.timestamp_seconds() == 0 && value.timestamp_nanos() == 0;
  } else if constexpr (kind == Kind::kMoney) {
    return value.money_value().amount_minor == 0;
  } else if constexpr (kind == Kind::kList) {
    return value.list_value().size == 0;
  } else if constexpr (kind == Kind::kMap) {
    return value.map_value().size == 0;
  } else if constexpr (kind == Kind::kRecord) {
    for (uint32_t i = 0; i < value.record_size(); ++i) {
      if (!value.record_fields()[i].IsAbsent()) return false;
    }
    return true;
  } else if constexpr (kind == Kind::kOptional) {
    return value.optional_value() == nullptr;
  } else if constexpr (kind == Kind::kType) {
    return false;
  } else {
    return value.int_value() == 0;
  }
}

Value Wrap(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  return OptionalOf(a, evaluation);
}

template <Kind kind>
Value WrapNonZero(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  return IsZero<kind>(a) ? OptionalNone() : OptionalOf(a, evaluation);
}

Value HasValue(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Bool(a.optional_value() != nullptr);
}

Value ValueOf(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return a.optional_value() == nullptr ? Value::Absent() : *a.optional_value();
}

Value First(Value list, uint8_t /*detail*/, Evaluation& evaluation) {
  const ListData& data = list.list_value();
  return data.size == 0 ? OptionalNone() : OptionalOf(data.elements[0], evaluation);
}

Value Last(Value list, uint8_t /*detail*/, Evaluation& evaluation) {
  const ListData& data = list.list_value();
  return data.size == 0 ? OptionalNone() : OptionalOf(data.elements[data.size - 1], evaluation);
}

Value Unwrap(Value list, uint8_t /*detail*/, Evaluation& evaluation) {
  const ListData& data = list.list_value();
  if (!evaluation.Spend(data.size)) return StepLimitError();
  Value* elements = evaluation.arena().NewArray<Value>(data.size);
  uint32_t taken = 0;
  for (uint32_t i = 0; i < data.size; ++i) {
    if (data.elements[i].kind() != Kind::kOptional) return NoOverload();
    const Value* held = data.elements[i].optional_value();
    if (held != nullptr) elements[taken++] = *held;
  }
  return NewList(elements, taken, evaluation);
}

template <Kind... kinds>
void AddForAll(OperationTable& table, KindList<kinds...> /*all*/) {
  (table.Add(Function::kOptionalOf, kinds, Wrap), ...);
  (table.Add(Function::kOptionalOfNonZeroValue, kinds, WrapNonZero<kinds>), ...);
  (table.Add(Function::kOptionalIndex, Kind::kMap, kinds, Found<EntryOfMap<kinds>>), ...);
  for (const Function function : {Function::kIndex, Function::kOptionalIndex}) {
    (table.Add(function, Kind::kOptional, kinds, FoundInHeld<kinds>), ...);
  }
}

}  // namespace

Value OptionalOf(const Value& value, Evaluation& evaluation) {
  if (value.IsError()) return value;
  Value* held = evaluation.arena().NewArray<Value>(1);
  *held = value;
  return Value::Optional(held);
}

Value OptionalOfPresent(const Value& value, Evaluation& evaluation) {
  return value.IsAbsent() ? OptionalNone() : OptionalOf(value, evaluation);
}

Value OptionalSelect(const Value& operand, absl::string_view field, Evaluation& evaluation) {
  if (operand.IsError()) return operand;
  const Value* held = Held(operand);
  if (held == nullptr) return OptionalNone();
  if (held->kind() != Kind::kMap) return NoOverload();
  const MapData& map = held->map_value();
  if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
  const Value* found = FindEntry(map, field);
  return found == nullptr ? OptionalNone() : OptionalOf(*found, evaluation);
}

Value OptionalField(const Value& operand, uint16_t field, Evaluation& evaluation) {
  if (operand.IsError()) return operand;
  const Value* held = Held(operand);
  if (held == nullptr) return OptionalNone();
  if (held->kind() != Kind::kRecord) return NoOverload();
  if (field >= held->record_size()) return OptionalNone();
  return OptionalOfPresent(held->record_fields()[field], evaluation);
}

Value OptionalHas(const Value& operand, absl::string_view field, Evaluation& evaluation) {
  const Value* held = Held(operand);
  return held == nullptr ? Value::Bool(false) : Select(*held, field, /*test=*/true, evaluation);
}

Value OptionalHas(const Value& operand, uint16_t field, Evaluation& evaluation) {
  const Value found = OptionalField(operand, field, evaluation);
  return found.IsError() ? found : Value::Bool(found.optional_value() != nullptr);
}

void AddOptionals(OperationTable& table) {
  using enum Kind;
  AddForAll(table, AllKinds());
  table.Add(Function::kOptionalIndex, kList, kInt, FoundInList<kInt>);
  table.Add(Function::kOptionalIndex, kList, kUint, FoundInList<kUint>);
  table.Add(Function::kOptionalIndex, kList, kDouble, FoundInList<kDouble>);
  table.Add(Function::kHasValue, kOptional, HasValue);
  table.Add(Function::kValue, kOptional, ValueOf);
  table.Add(Function::kFirst, kList, First);
  table.Add(Function::kLast, kList, Last);
  table.Add(Function::kOptionalUnwrap, kList, Unwrap);
  table.Add(Function::kUnwrapOpt, kList, Unwrap);
}

}  // namespace touchstone::rules::expr
