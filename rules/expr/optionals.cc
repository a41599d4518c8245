#include "rules/expr/optionals.h"

#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"

namespace touchstone::rules::expr {
namespace {

using Arguments = absl::Span<const Value>;

// What an optional holds; null for none. Anything else holds itself.
const Value* Held(const Value& operand) {
  return operand.kind() == Kind::kOptional ? operand.optional_value() : &operand;
}

// A number that is a position, if not of this list: [1, 2][?7] is none, [1, 2][?0.5] an error.
bool IsWhole(const Value& index) {
  if (index.kind() != Kind::kDouble) return IsNumber(index.kind());
  const double d = index.double_value();
  return d >= -9007199254740992.0 && d <= 9007199254740992.0 &&
         static_cast<double>(static_cast<int64_t>(d)) == d;
}

// The default value of its type, as CEL has it: what a field is that nobody set.
bool IsZero(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDuration:
    case Kind::kDecimal:
      return value.int_value() == 0;
    case Kind::kDouble:
      return value.double_value() == 0;
    case Kind::kString:
    case Kind::kBytes:
      return value.string_value().empty();
    case Kind::kTimestamp:
      return value.timestamp_seconds() == 0 && value.timestamp_nanos() == 0;
    case Kind::kMoney:
      return value.money_value().amount_minor == 0;
    case Kind::kList:
      return value.list_value().size == 0;
    case Kind::kMap:
      return value.map_value().size == 0;
    case Kind::kRecord:
      for (uint32_t i = 0; i < value.record_size(); ++i) {
        if (!value.record_fields()[i].IsAbsent()) return false;
      }
      return true;
    case Kind::kOptional:
      return value.optional_value() == nullptr;
    case Kind::kError:
    case Kind::kType:
      return false;
  }
  return false;
}

Value EndOfList(Function function, const Value& list, Evaluation& evaluation) {
  if (list.kind() != Kind::kList) return NoOverload();
  const ListData& data = list.list_value();
  if (data.size == 0) return OptionalNone();
  return OptionalOf(data.elements[function == Function::kFirst ? 0 : data.size - 1], evaluation);
}

Value Unwrap(const Value& list, Evaluation& evaluation) {
  if (list.kind() != Kind::kList) return NoOverload();
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

Value OptionalIndex(const Value& container, const Value& index, Evaluation& evaluation) {
  const Value* held = Held(container);
  if (held == nullptr) return OptionalNone();
  if (held->kind() == Kind::kList && !IsWhole(index)) {
    return IsNumber(index.kind()) ? Value::Error(ErrorCode::kNoSuchKey) : NoOverload();
  }
  const Value found = Index(*held, index, evaluation);
  const bool missing = found.IsError() && found.error() == ErrorCode::kNoSuchKey;
  return missing ? OptionalNone() : OptionalOf(found, evaluation);
}

Value CallOptional(Function function, Arguments arguments, Evaluation& evaluation) {
  if (arguments.size() != 1) return NoOverload();
  const Value& a = arguments[0];
  switch (function) {
    case Function::kOptionalOf:
      return OptionalOf(a, evaluation);
    case Function::kOptionalOfNonZeroValue:
      return IsZero(a) ? OptionalNone() : OptionalOf(a, evaluation);
    case Function::kHasValue:
      if (a.kind() != Kind::kOptional) return NoOverload();
      return Value::Bool(a.optional_value() != nullptr);
    case Function::kValue:
      if (a.kind() != Kind::kOptional) return NoOverload();
      return a.optional_value() == nullptr ? Value::Absent() : *a.optional_value();
    case Function::kFirst:
    case Function::kLast:
      return EndOfList(function, a, evaluation);
    case Function::kOptionalUnwrap:
    case Function::kUnwrapOpt:
      return Unwrap(a, evaluation);
    default:
      return NoOverload();
  }
}

}  // namespace touchstone::rules::expr
