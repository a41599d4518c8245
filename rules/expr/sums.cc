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

Value SumFrom(Value sum, absl::Span<const Value> elements, Evaluation& evaluation) {
  if (!evaluation.Spend(elements.size() / kEntriesPerStep)) return StepLimitError();
  for (const Value& next : elements) {
    if (next.IsError()) return next;
    sum = next.kind() == sum.kind() ? Add(sum, next) : NoOverload();
    if (sum.IsError()) break;
  }
  return sum;
}

// Where the type of the elements is known, that of none is 0 of it; an amount of no currency yet.
template <Kind kind>
Value Zero() {
  if constexpr (kind == Kind::kUint) return Value::Uint(0);
  if constexpr (kind == Kind::kDouble) return Value::Double(0);
  if constexpr (kind == Kind::kDecimal) return Value::OfDecimal(Decimal{0});
  if constexpr (kind == Kind::kMoney) return Value::OfMoney(Money{0, Currency()});
  return Value::Int(0);
}

template <Kind kind>
Value SumOf(Value list, uint8_t /*detail*/, Evaluation& evaluation) {
  return SumFrom(Zero<kind>(), ElementsOf(list), evaluation);
}

Value ZeroOf(Kind kind) {
  switch (kind) {
    case Kind::kInt:
      return Zero<Kind::kInt>();
    case Kind::kUint:
      return Zero<Kind::kUint>();
    case Kind::kDouble:
      return Zero<Kind::kDouble>();
    case Kind::kDecimal:
      return Zero<Kind::kDecimal>();
    case Kind::kMoney:
      return Zero<Kind::kMoney>();
    default:
      return NoOverload();
  }
}

// Of elements of any kind, which must be one.
Value SumOfAny(Value list, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::Span<const Value> elements = ElementsOf(list);
  if (elements.empty()) return Value::Int(0);
  if (elements.front().IsError()) return elements.front();
  const Value zero = ZeroOf(elements.front().kind());
  return zero.IsError() ? zero : SumFrom(zero, elements, evaluation);
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
