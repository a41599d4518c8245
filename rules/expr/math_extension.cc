#include "rules/expr/math_extension.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"
#include "rules/expr/comparison.h"
#include "rules/expr/numbers.h"

namespace touchstone::rules::expr {
namespace {

using Arguments = absl::Span<const Value>;

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr int kFractionBits = 52;
constexpr int kExponentBias = 1023;
constexpr uint64_t kExponentMask = 0x7FF;

Value Invalid() { return Value::Error(ErrorCode::kInvalidArgument); }

bool IsNotANumber(double x) { return x != x; }
bool IsInfinite(double x) {
  return x == std::numeric_limits<double>::infinity() ||
         x == -std::numeric_limits<double>::infinity();
}

// The whole part, with the sign of `x`; infinities and NaN as they are.
double Truncated(double x) {
  const uint64_t bits = std::bit_cast<uint64_t>(x);
  const int exponent = static_cast<int>((bits >> kFractionBits) & kExponentMask) - kExponentBias;
  if (exponent < 0) return std::bit_cast<double>(bits & kSignBit);
  if (exponent >= kFractionBits) return x;
  const uint64_t fraction = (uint64_t{1} << (kFractionBits - exponent)) - 1;
  return std::bit_cast<double>(bits & ~fraction);
}

// What follows adds at most one to a whole number below 2^52, which is exact.
double Ceiling(double x) {
  const double whole = Truncated(x);
  return x > whole ? whole + 1 : whole;
}

double Floor(double x) {
  const double whole = Truncated(x);
  return x < whole ? whole - 1 : whole;
}

double Rounded(double x) {
  const double whole = Truncated(x);
  const double rest = x - whole;
  if (rest >= 0.5) return whole + 1;
  return rest <= -0.5 ? whole - 1 : whole;
}

Value OfDouble(Function function, const Value& value) {
  if (value.kind() != Kind::kDouble) return NoOverload();
  const double x = value.double_value();
  switch (function) {
    case Function::kCeil:
      return Value::Double(Ceiling(x));
    case Function::kFloor:
      return Value::Double(Floor(x));
    case Function::kRound:
      return Value::Double(Rounded(x));
    case Function::kTrunc:
      return Value::Double(Truncated(x));
    case Function::kIsNan:
      return Value::Bool(IsNotANumber(x));
    case Function::kIsInf:
      return Value::Bool(IsInfinite(x));
    default:
      return Value::Bool(!IsNotANumber(x) && !IsInfinite(x));
  }
}

Value SquareRoot(const Value& value) {
  switch (value.kind()) {
    case Kind::kInt:
      return Value::Double(std::sqrt(static_cast<double>(value.int_value())));
    case Kind::kUint:
      return Value::Double(std::sqrt(static_cast<double>(value.uint_value())));
    case Kind::kDouble:
      return Value::Double(std::sqrt(value.double_value()));
    default:
      return NoOverload();
  }
}

Value Absolute(const Value& value) {
  switch (value.kind()) {
    case Kind::kUint:
      return value;
    case Kind::kDouble:
      return Value::Double(
          std::bit_cast<double>(std::bit_cast<uint64_t>(value.double_value()) & ~kSignBit));
    case Kind::kInt:
    case Kind::kMoney:
    case Kind::kDecimal: {
      const int64_t count =
          value.kind() == Kind::kMoney ? value.money_value().amount_minor : value.int_value();
      return count < 0 ? NegateValue(value) : value;
    }
    default:
      return NoOverload();
  }
}

Value Sign(const Value& value) {
  switch (value.kind()) {
    case Kind::kInt:
      return Value::Int((value.int_value() > 0 ? 1 : 0) - (value.int_value() < 0 ? 1 : 0));
    case Kind::kUint:
      return Value::Uint(value.uint_value() > 0 ? 1 : 0);
    case Kind::kDouble: {
      const double x = value.double_value();
      if (IsNotANumber(x)) return value;
      return Value::Double(x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0);
    }
    default:
      return NoOverload();
  }
}

// A result with the kind of `like`: int or uint.
Value OfBits(uint64_t bits, const Value& like) {
  return like.kind() == Kind::kUint ? Value::Uint(bits) : Value::Int(static_cast<int64_t>(bits));
}

bool IsWholeNumber(const Value& value) {
  return value.kind() == Kind::kInt || value.kind() == Kind::kUint;
}

Value Bitwise(Function function, const Value& a, const Value& b) {
  if (!IsWholeNumber(a) || a.kind() != b.kind()) return NoOverload();
  const uint64_t x = a.uint_value();
  const uint64_t y = b.uint_value();
  if (function == Function::kBitAnd) return OfBits(x & y, a);
  return OfBits(function == Function::kBitOr ? x | y : x ^ y, a);
}

Value Shifted(Function function, const Value& value, const Value& by) {
  if (!IsWholeNumber(value) || by.kind() != Kind::kInt) return NoOverload();
  const int64_t places = by.int_value();
  if (places < 0) return Invalid();
  if (places >= 64) return OfBits(0, value);
  const uint64_t bits = value.uint_value();
  return OfBits(function == Function::kBitShiftLeft ? bits << places : bits >> places, value);
}

bool HasOrder(const Value& value) {
  return IsNumber(value.kind()) || value.kind() == Kind::kMoney || value.kind() == Kind::kDecimal;
}

// The greatest or least of values met one by one.
class Extreme {
 public:
  Extreme(Function function, const Value& first)
      : relation_(function == Function::kGreatest ? kRelationGreater : kRelationLess),
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
    return AddAmounts(best_, Value::OfMoney(Money{0, currency_}));
  }

 private:
  Value IsBetter(const Value& next) const {
    if (IsNumber(next.kind()) && IsNumber(best_.kind())) {
      const Order order = CompareNumbers(next, best_);
      return order == Order::kUnordered ? Invalid() : Value::Bool(Holds(relation_, order));
    }
    if (next.kind() != best_.kind()) return NoOverload();
    if (next.kind() == Kind::kMoney) {
      return CompareAmounts(relation_, next.money_value(), best_.money_value());
    }
    return Value::Bool(Holds(relation_, OrderOf(next.int_value(), best_.int_value())));
  }

  void NoteCurrency(const Value& value) {
    if (value.kind() != Kind::kMoney || value.money_value().currency.is_none()) return;
    currency_ = value.money_value().currency;
  }

  Relation relation_;
  Value best_;
  Currency currency_;
};

Value ExtremeOfList(Function function, const ListData& list, Evaluation& evaluation) {
  if (list.size == 0) return Invalid();
  if (!evaluation.Spend(list.size / kEntriesPerStep)) return StepLimitError();
  Extreme extreme(function, list.elements[0]);
  for (uint32_t i = 1; i < list.size; ++i) extreme.Meet(list.elements[i]);
  return extreme.Result();
}

Value ExtremeOf(Function function, Arguments arguments, Evaluation& evaluation) {
  if (arguments.size() == 1 && arguments[0].kind() == Kind::kList) {
    return ExtremeOfList(function, arguments[0].list_value(), evaluation);
  }
  Extreme extreme(function, arguments[0]);
  for (const Value& next : arguments.subspan(1)) extreme.Meet(next);
  return extreme.Result();
}

Value CallOfTwo(Function function, const Value& a, const Value& b) {
  switch (function) {
    case Function::kBitAnd:
    case Function::kBitOr:
    case Function::kBitXor:
      return Bitwise(function, a, b);
    case Function::kBitShiftLeft:
    case Function::kBitShiftRight:
      return Shifted(function, a, b);
    default:
      return NoOverload();
  }
}

}  // namespace

Value CallMath(Function function, Arguments arguments, Evaluation& evaluation) {
  if (arguments.empty()) return NoOverload();
  const Value& a = arguments[0];
  if (function == Function::kGreatest || function == Function::kLeast) {
    return ExtremeOf(function, arguments, evaluation);
  }
  if (arguments.size() == 2) return CallOfTwo(function, a, arguments[1]);
  if (arguments.size() != 1) return NoOverload();
  switch (function) {
    case Function::kAbs:
      return Absolute(a);
    case Function::kSign:
      return Sign(a);
    case Function::kSqrt:
      return SquareRoot(a);
    case Function::kBitNot:
      return IsWholeNumber(a) ? OfBits(~a.uint_value(), a) : NoOverload();
    case Function::kCeil:
    case Function::kFloor:
    case Function::kRound:
    case Function::kTrunc:
    case Function::kIsNan:
    case Function::kIsInf:
    case Function::kIsFinite:
      return OfDouble(function, a);
    default:
      return NoOverload();
  }
}

}  // namespace touchstone::rules::expr
