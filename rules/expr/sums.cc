// sum: what the elements of a list come to. Leaving the range of a kind is kOverflow; money of two
// currencies is kCurrencyMismatch.

#include "rules/expr/collections.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

// As `+` adds two of them.
Value SumFrom(const Value& zero, absl::Span<const Value> elements, Evaluation& evaluation) {
  const TypedOperation& add = *FindTyped(Function::kAdd, {KindsOf(zero.kind(), zero.kind())});
  Value sum = zero;
  for (const Value& next : elements) {
    if (next.IsError()) return next;
    if (next.kind() != zero.kind()) return NoOverload();
    sum = add.binary(sum, next, static_cast<uint8_t>(Function::kAdd), evaluation);
    if (sum.IsError()) break;
  }
  return sum;
}

// An amount of no currency yet.
Value ZeroOf(Kind kind) {
  switch (kind) {
    case Kind::kInt:
      return Value::Int(0);
    case Kind::kUint:
      return Value::Uint(0);
    case Kind::kDouble:
      return Value::Double(0);
    case Kind::kDecimal:
      return Value::OfDecimal(Decimal{0});
    case Kind::kMoney:
      return Value::OfMoney(Money{0, Currency()});
    default:
      return NoOverload();
  }
}

// Of elements of any kind, which must be one.
Value SumOfAny(Value list, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::Span<const Value> elements = ElementsOf(list);
  if (elements.empty()) return Value::Int(0);
  if (!evaluation.Spend(elements.size() / kEntriesPerStep)) return StepLimitError();
  if (elements.front().IsError()) return elements.front();
  const Value zero = ZeroOf(elements.front().kind());
  return zero.IsError() ? zero : SumFrom(zero, elements, evaluation);
}

// Where the type of the elements is known, the sum of none is 0 of it.
template <Kind kind>
Value SumOf(Value list, uint8_t detail, Evaluation& evaluation) {
  return ElementsOf(list).empty() ? ZeroOf(kind) : SumOfAny(list, detail, evaluation);
}

}  // namespace

void AddSums(OperationTable& table) {
  table.Add(Function::kSum, Kind::kList, SumOf<Kind::kInt>, Kind::kInt);
  table.Add(Function::kSum, Kind::kList, SumOf<Kind::kUint>, Kind::kUint);
  table.Add(Function::kSum, Kind::kList, SumOf<Kind::kDouble>, Kind::kDouble);
  table.Add(Function::kSum, Kind::kList, SumOf<Kind::kDecimal>, Kind::kDecimal);
  table.Add(Function::kSum, Kind::kList, SumOf<Kind::kMoney>, Kind::kMoney);
  table.Add(Function::kSum, Kind::kList, SumOfAny);
}

}  // namespace touchstone::rules::expr
