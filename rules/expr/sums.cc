// sum: what the elements of a list come to. Leaving the range of a kind is kOverflow; money of two
// currencies is kCurrencyMismatch.

#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"
#include "rules/expr/kind_numbers.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }

absl::Span<const Value> ElementsOf(const Value& list) {
  return absl::MakeConstSpan(list.list_value().elements, list.list_value().size);
}

template <typename T>
Value AddCounts(const Value& a, const Value& b) {
  auto sum = T::Of(a);
  return __builtin_add_overflow(T::Of(a), T::Of(b), &sum) ? Overflow() : T::Make(sum);
}

// REQUIRES: of one kind.
Value Add(const Value& a, const Value& b) {
  switch (a.kind()) {
    case Kind::kInt:
      return AddCounts<Ints>(a, b);
    case Kind::kUint:
      return AddCounts<Uints>(a, b);
    case Kind::kDouble:
      return Value::Double(a.double_value() + b.double_value());
    case Kind::kDecimal:
      return AddCounts<Decimals>(a, b);
    case Kind::kMoney:
      return AddMoney(a.money_value(), b.money_value());
    default:
      return NoOverload();
  }
}

Value SumFrom(Value sum, absl::Span<const Value> elements) {
  for (const Value& next : elements) {
    if (next.IsError()) return next;
    sum = next.kind() == sum.kind() ? Add(sum, next) : NoOverload();
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
  return zero.IsError() ? zero : SumFrom(zero, elements);
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
