#include "rules/expr/extremes.h"

#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/kind_numbers.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

Value Invalid() { return Value::Error(ErrorCode::kInvalidArgument); }

bool HasOrder(const Value& value) {
  return IsNumber(value.kind()) || value.kind() == Kind::kMoney || value.kind() == Kind::kDecimal;
}

// The greatest or least of values of any kinds, met one by one.
class AnyExtreme {
 public:
  AnyExtreme(Function function, const Value& first, Evaluation& evaluation)
      : evaluation_(evaluation),
        relation_(function == Function::kGreatest ? kRelationGreater : kRelationLess),
        best_(HasOrder(first) ? first : NoOverload()) {
    NoteCurrency(first);
  }

  void Meet(const Value& next) {
    if (best_.IsError()) return;
    if (!HasOrder(next)) {
      best_ = next.IsError() ? next : NoOverload();
      return;
    }
    NoteCurrency(next);
    const Value better = IsBetter(next);
    if (better.IsError()) {
      best_ = better;
    } else if (better.bool_value()) {
      best_ = next;
    }
  }

  // A literal that won over money is money of that currency.
  Value Result() const {
    const bool bare = best_.kind() == Kind::kMoney && best_.money_value().currency.is_none();
    if (!bare || currency_.is_none()) return best_;
    return AddMoney(best_.money_value(), Money{0, currency_});
  }

 private:
  Value IsBetter(const Value& next) const {
    if (IsNumber(next.kind()) && IsNumber(best_.kind())) {
      const Order order = CompareNumbers(next, best_);
      return order == Order::kUnordered ? Invalid() : Value::Bool(Holds(relation_, order));
    }
    return CompareValues(relation_, next, best_, evaluation_);
  }

  void NoteCurrency(const Value& value) {
    if (value.kind() != Kind::kMoney || value.money_value().currency.is_none()) return;
    currency_ = value.money_value().currency;
  }

  Evaluation& evaluation_;
  Relation relation_;
  Value best_;
  Currency currency_;
};

// Of one it is that one.
Value ExtremeOfOne(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) { return a; }

// In minor units, where the currency is one.
struct Moneys {
  static constexpr Kind kKind = Kind::kMoney;
  static int64_t Of(Value v) { return v.money_value().amount_minor; }
};

template <typename T>
bool IsComparable(const Value& a, const Value& b) {
  if constexpr (T::kKind == Kind::kMoney) {
    return a.money_value().currency == b.money_value().currency;
  }
  return true;
}

// The first of equal ones.
template <typename T>
Value Extreme(Value a, Value b, uint8_t detail, Evaluation& evaluation) {
  const auto function = static_cast<Function>(detail);
  if (!IsComparable<T>(a, b)) {
    const Value both[] = {a, b};
    return ExtremeOfAny(function, both, evaluation);
  }
  const Order order = OrderOf(T::Of(b), T::Of(a));
  if (order == Order::kUnordered) return Invalid();
  return order == (function == Function::kGreatest ? Order::kGreater : Order::kLess) ? b : a;
}

// Of elements that are expected to be of one kind.
template <typename T>
Value ExtremeOfElements(Value a, uint8_t detail, Evaluation& evaluation) {
  const absl::Span<const Value> elements = ElementsOf(a);
  if (elements.empty()) return Invalid();
  if (!evaluation.Spend(elements.size() / kEntriesPerStep)) return StepLimitError();
  Value best = elements[0];
  bool expected = best.kind() == T::kKind;
  for (size_t i = 1; i < elements.size() && expected && !best.IsError(); ++i) {
    const Value& next = elements[i];
    expected = next.kind() == T::kKind && IsComparable<T>(best, next);
    if (expected) best = Extreme<T>(best, next, detail, evaluation);
  }
  return expected ? best : ExtremeOfAny(static_cast<Function>(detail), elements, evaluation);
}

Value ExtremeOfAnyElements(Value a, uint8_t detail, Evaluation& evaluation) {
  const absl::Span<const Value> elements = ElementsOf(a);
  if (elements.empty()) return Invalid();
  if (!evaluation.Spend(elements.size() / kEntriesPerStep)) return StepLimitError();
  return ExtremeOfAny(static_cast<Function>(detail), elements, evaluation);
}

template <typename... T>
void AddKinds(OperationTable& table, Function function) {
  (table.Add(function, T::kKind, ExtremeOfOne), ...);
  (table.Add(function, T::kKind, T::kKind, Extreme<T>), ...);
  (table.Add(function, Kind::kList, ExtremeOfElements<T>, T::kKind), ...);
}

}  // namespace

Value ExtremeOfAny(Function function, absl::Span<const Value> values, Evaluation& evaluation) {
  AnyExtreme extreme(function, values[0], evaluation);
  for (const Value& next : values.subspan(1)) extreme.Meet(next);
  return extreme.Result();
}

void AddExtremes(OperationTable& table) {
  for (const Function function : {Function::kGreatest, Function::kLeast}) {
    AddKinds<Ints, Uints, Doubles, Moneys, Decimals>(table, function);
    table.Add(function, Kind::kList, ExtremeOfAnyElements);
  }
}

}  // namespace touchstone::rules::expr
