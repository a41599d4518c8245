#include "tests/rules/expr/naive_evaluator.h"

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <utility>

namespace touchstone::rules::expr {
namespace {

__extension__ using Wide = __int128;

Value Failed(ErrorCode code) { return Value::Error(code); }

Value IntOf(Wide number) {
  if (number > INT64_MAX || number < INT64_MIN) return Failed(ErrorCode::kOverflow);
  return Value::Int(static_cast<int64_t>(number));
}

bool IsNumber(const Value& v) { return v.kind() == Kind::kInt || v.kind() == Kind::kDouble; }

double Real(const Value& v) {
  return v.kind() == Kind::kInt ? static_cast<double>(v.int_value()) : v.double_value();
}

// A count over 10^9, which every amount and every literal of the test can be brought to.
struct Billionths {
  Wide count = 0;
  std::string unit;  // currency code, "decimal", or "" for a bare amount
};

Wide Scaled(Wide count, int decimals) {
  for (int i = decimals; i < 9; ++i) count *= 10;
  return count;
}

std::optional<Billionths> AmountOf(const Value& v) {
  if (v.kind() == Kind::kDecimal)
    return Billionths{Scaled(v.decimal_value().thousandths, 3), "decimal"};
  if (v.kind() != Kind::kMoney) return std::nullopt;
  const Money money = v.money_value();
  const int decimals = money.currency.is_none() ? 4 : money.currency.minor_digits();
  return Billionths{Scaled(money.amount_minor, decimals), std::string(money.currency.code())};
}

// An exact literal, digit by digit.
Billionths LiteralOf(const std::string& text) {
  Wide count = 0;
  int decimals = 0;
  bool fraction = false;
  for (const char c : text) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    count = count * 10 + (c - '0');
    if (fraction) ++decimals;
  }
  return Billionths{Scaled(text[0] == '-' ? -count : count, decimals), ""};
}

// -1, 0, 1; 2 when there is no order (NaN); nullopt when the kinds have none.
std::optional<int> OrderOf(const Value& a, const Value& b) {
  if (IsNumber(a) && IsNumber(b)) {
    if (a.kind() == Kind::kInt && b.kind() == Kind::kInt) {
      return a.int_value() < b.int_value() ? -1 : a.int_value() > b.int_value() ? 1 : 0;
    }
    const double x = Real(a);
    const double y = Real(b);
    if (x != x || y != y) return 2;
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (a.kind() != b.kind()) return std::nullopt;
  if (a.kind() == Kind::kString) {
    const std::string x(a.string_value());
    const std::string y(b.string_value());
    return x < y ? -1 : y < x ? 1 : 0;
  }
  if (a.kind() == Kind::kBool) return int{a.bool_value()} - int{b.bool_value()};
  return std::nullopt;
}

bool Holds(Function function, int order) {
  switch (function) {
    case Function::kEqual:
      return order == 0;
    case Function::kNotEqual:
      return order != 0;
    case Function::kLess:
      return order == -1;
    case Function::kLessEqual:
      return order == -1 || order == 0;
    case Function::kGreater:
      return order == 1;
    default:
      return order == 1 || order == 0;
  }
}

bool IsEquality(Function function) {
  return function == Function::kEqual || function == Function::kNotEqual;
}

Value CompareAmounts(Function function, const Billionths& a, const Billionths& b) {
  const bool comparable = a.unit == b.unit || a.unit.empty() || b.unit.empty();
  if (!comparable && IsEquality(function)) return Value::Bool(function == Function::kNotEqual);
  if (!comparable) return Failed(ErrorCode::kCurrencyMismatch);
  const int order = a.count < b.count ? -1 : a.count > b.count ? 1 : 0;
  return Value::Bool(Holds(function, order));
}

bool Same(const Value& a, const Value& b) {
  if (a.kind() == Kind::kList && b.kind() == Kind::kList) {
    const ListData& x = a.list_value();
    const ListData& y = b.list_value();
    if (x.size != y.size) return false;
    for (uint32_t i = 0; i < x.size; ++i) {
      if (!Same(x.elements[i], y.elements[i])) return false;
    }
    return true;
  }
  const std::optional<Billionths> x = AmountOf(a);
  const std::optional<Billionths> y = AmountOf(b);
  if (x && y) return CompareAmounts(Function::kEqual, *x, *y).bool_value();
  if (a.kind() == Kind::kNull && b.kind() == Kind::kNull) return true;
  return OrderOf(a, b) == 0;
}

Value Compare(Function function, const Value& a, const Value& b) {
  const std::optional<Billionths> x = AmountOf(a);
  const std::optional<Billionths> y = AmountOf(b);
  if (x && y) return CompareAmounts(function, *x, *y);
  if (IsEquality(function)) return Value::Bool(Same(a, b) == (function == Function::kEqual));
  const std::optional<int> order = OrderOf(a, b);
  if (!order) return Failed(ErrorCode::kNoOverload);
  return Value::Bool(Holds(function, *order));
}

Value Arithmetic(Function function, const Value& a, const Value& b) {
  if (a.kind() == Kind::kDouble && b.kind() == Kind::kDouble) {
    const double x = a.double_value();
    const double y = b.double_value();
    if (function == Function::kAdd) return Value::Double(x + y);
    if (function == Function::kSubtract) return Value::Double(x - y);
    if (function == Function::kMultiply) return Value::Double(x * y);
    if (function == Function::kDivide) return Value::Double(x / y);
  }
  if (a.kind() != Kind::kInt || b.kind() != Kind::kInt) return Failed(ErrorCode::kNoOverload);
  const Wide x = a.int_value();
  const Wide y = b.int_value();
  if (function == Function::kAdd) return IntOf(x + y);
  if (function == Function::kSubtract) return IntOf(x - y);
  if (function == Function::kMultiply) return IntOf(x * y);
  if (y == 0) return Failed(ErrorCode::kDivideByZero);
  return function == Function::kDivide ? IntOf(x / y) : IntOf(x % y);
}

Value TestText(Function function, const Value& a, const Value& b) {
  const std::string text(a.string_value());
  const std::string piece(b.string_value());
  for (size_t at = 0; at + piece.size() <= text.size(); ++at) {
    if (text.substr(at, piece.size()) != piece) continue;
    if (function == Function::kContains || (function == Function::kStartsWith && at == 0) ||
        (function == Function::kEndsWith && at + piece.size() == text.size())) {
      return Value::Bool(true);
    }
  }
  return Value::Bool(false);
}

int64_t CodePoints(absl::string_view text) {
  int64_t count = 0;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  }
  return count;
}

bool IsExact(const Expr& expr) { return expr.exact_literal && expr.kind == ExprKind::kConstant; }

}  // namespace

Value NaiveEvaluator::NewList(std::vector<Value> elements) {
  elements_.push_back(std::move(elements));
  lists_.push_back(
      ListData{elements_.back().data(), static_cast<uint32_t>(elements_.back().size()), nullptr});
  return Value::List(&lists_.back());
}

Value NaiveEvaluator::NewString(std::string text) {
  strings_.push_back(std::move(text));
  return Value::String(strings_.back());
}

Value NaiveEvaluator::Some(const Value& value) {
  if (value.IsError()) return value;
  held_.push_back(value);
  return Value::Optional(&held_.back());
}

Value NaiveEvaluator::EvaluateOptional(const Expr& expr, const Value& first) {
  const Value* held = first.kind() == Kind::kOptional ? first.optional_value() : nullptr;
  switch (expr.function) {
    case Function::kOptionalOf:
      return Some(first);
    case Function::kOptionalOfNonZeroValue:
      return first.int_value() == 0 ? Value::Optional(nullptr) : Some(first);
    case Function::kHasValue:
      return Value::Bool(held != nullptr);
    case Function::kValue:
      return held != nullptr ? *held : Value::Absent();
    case Function::kFirst:
      return first.list_value().size == 0 ? Value::Optional(nullptr)
                                          : Some(first.list_value().elements[0]);
    case Function::kOrOptional:
      return held != nullptr ? first : Evaluate(*expr.children[1]);
    default:
      return held != nullptr ? *held : Evaluate(*expr.children[1]);
  }
}

Value NaiveEvaluator::EvaluateName(const std::string& name) {
  const auto found = variables_.find(name);
  return found == variables_.end() ? Failed(ErrorCode::kUnboundName) : found->second;
}

Value NaiveEvaluator::Evaluate(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kConstant:
      switch (expr.constant.kind) {
        case Constant::Kind::kBool:
          return Value::Bool(expr.constant.bool_value);
        case Constant::Kind::kInt:
          return Value::Int(expr.constant.int_value);
        case Constant::Kind::kDouble:
          return Value::Double(expr.constant.double_value);
        case Constant::Kind::kString:
          return NewString(expr.constant.string_value);
        default:
          return Value::Null();
      }
    case ExprKind::kIdent:
      return EvaluateName(expr.name);
    case ExprKind::kSelect: {
      const Value value = EvaluateName(expr.children[0]->name + "." + expr.name);
      if (expr.optional_access) return value.IsAbsent() ? Value::Optional(nullptr) : Some(value);
      return expr.test_only ? Value::Bool(!value.IsAbsent()) : value;
    }
    case ExprKind::kCall:
      return EvaluateCall(expr);
    case ExprKind::kList: {
      std::vector<Value> elements;
      for (const ExprPtr& child : expr.children) {
        const Value value = Evaluate(*child);
        if (value.IsError()) return value;
        if (!child->optional_entry) {
          elements.push_back(value);
        } else if (value.optional_value() != nullptr) {
          elements.push_back(*value.optional_value());
        }
      }
      return NewList(std::move(elements));
    }
    case ExprKind::kComprehension:
      return EvaluateComprehension(expr);
    default:
      return Failed(ErrorCode::kNoOverload);
  }
}

// The binary operator as the specification's table says; the tree may nest them as it likes.
Value NaiveEvaluator::EvaluateLogic(const Expr& expr) {
  const bool decisive = expr.function == Function::kOr;
  const Value a = Evaluate(*expr.children[0]);
  const Value b = Evaluate(*expr.children[1]);
  const auto decides = [decisive](const Value& v) { return decisive ? v.IsTrue() : v.IsFalse(); };
  if (decides(a) || decides(b)) return Value::Bool(decisive);
  for (const Value& v : {a, b}) {
    if (v.IsError()) return v;
    if (v.kind() != Kind::kBool) return Failed(ErrorCode::kNoOverload);
  }
  return Value::Bool(!decisive);
}

// Of ints; the first error of all values is the result.
Value NaiveEvaluator::EvaluateExtreme(const Expr& expr) {
  std::vector<int64_t> numbers;
  for (const ExprPtr& child : expr.children) {
    const Value value = Evaluate(*child);
    if (value.IsError()) return value;
    numbers.push_back(value.int_value());
  }
  const bool greatest = expr.function == Function::kGreatest;
  return Value::Int(greatest ? *std::max_element(numbers.begin(), numbers.end())
                             : *std::min_element(numbers.begin(), numbers.end()));
}

Value NaiveEvaluator::EvaluateCall(const Expr& expr) {
  if (expr.function == Function::kAnd || expr.function == Function::kOr) {
    return EvaluateLogic(expr);
  }
  if (expr.function == Function::kOptionalNone) return Value::Optional(nullptr);
  if (expr.function == Function::kGreatest || expr.function == Function::kLeast) {
    return EvaluateExtreme(expr);
  }
  const Value first = Evaluate(*expr.children[0]);
  if (expr.function == Function::kConditional) {
    if (first.IsError()) return first;
    return Evaluate(*expr.children[first.IsTrue() ? 1 : 2]);
  }
  if (expr.function >= Function::kOptionalOf && expr.function <= Function::kUnwrapOpt) {
    return first.IsError() ? first : EvaluateOptional(expr, first);
  }
  if (expr.children.size() == 1) {
    if (first.IsError()) return first;
    if (expr.function == Function::kNot) return Value::Bool(!first.IsTrue());
    if (expr.function == Function::kSize) {
      return first.kind() == Kind::kString ? Value::Int(CodePoints(first.string_value()))
                                           : Value::Int(first.list_value().size);
    }
    if (expr.function == Function::kDyn) return first;
    if (expr.function == Function::kAbs && first.int_value() >= 0) return first;
    if (first.kind() == Kind::kDouble) return Value::Double(-first.double_value());
    return IntOf(-Wide{first.int_value()});
  }
  const Expr& right = *expr.children[1];
  if (IsExact(right)) {
    if (first.IsError()) return first;
    return CompareAmounts(expr.function, *AmountOf(first), LiteralOf(right.text));
  }
  const Value second = Evaluate(right);
  if (IsExact(*expr.children[0])) {
    if (second.IsError()) return second;
    return CompareAmounts(expr.function, LiteralOf(expr.children[0]->text), *AmountOf(second));
  }
  if (first.IsError()) return first;
  if (second.IsError()) return second;
  return EvaluateOperator(expr.function, first, second);
}

Value NaiveEvaluator::EvaluateOperator(Function function, const Value& a, const Value& b) {
  switch (function) {
    case Function::kAdd:
      if (a.kind() == Kind::kString || a.kind() == Kind::kList) return Concatenate(a, b);
      return Arithmetic(function, a, b);
    case Function::kSubtract:
    case Function::kMultiply:
    case Function::kDivide:
    case Function::kModulo:
      return Arithmetic(function, a, b);
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith:
      return TestText(function, a, b);
    case Function::kIn:
      for (uint32_t i = 0; i < b.list_value().size; ++i) {
        if (Same(a, b.list_value().elements[i])) return Value::Bool(true);
      }
      return Value::Bool(false);
    case Function::kIndex:
    case Function::kOptionalIndex: {
      const bool optional = function == Function::kOptionalIndex;
      if (a.list_value().size > static_cast<uint64_t>(b.int_value())) {
        const Value element = a.list_value().elements[b.int_value()];
        return optional ? Some(element) : element;
      }
      return optional ? Value::Optional(nullptr) : Failed(ErrorCode::kNoSuchKey);
    }
    default:
      return Compare(function, a, b);
  }
}

Value NaiveEvaluator::Concatenate(const Value& a, const Value& b) {
  if (a.kind() == Kind::kString) {
    return NewString(std::string(a.string_value()) + std::string(b.string_value()));
  }
  std::vector<Value> elements(a.list_value().elements,
                              a.list_value().elements + a.list_value().size);
  elements.insert(elements.end(), b.list_value().elements,
                  b.list_value().elements + b.list_value().size);
  return NewList(std::move(elements));
}

Value NaiveEvaluator::EvaluateOptMap(const Expr& expr, const Value& optional) {
  if (optional.optional_value() == nullptr) return optional;
  const std::map<std::string, Value> outer = variables_;
  variables_[expr.variables[0]] = *optional.optional_value();
  const Value result = Evaluate(*expr.children[1]);
  variables_ = outer;
  return expr.macro == Macro::kOptMap ? Some(result) : result;
}

Value NaiveEvaluator::EvaluateComprehension(const Expr& expr) {
  const Value range = Evaluate(*expr.children[0]);
  if (range.IsError()) return range;
  if (range.kind() == Kind::kOptional) return EvaluateOptMap(expr, range);
  const std::string& variable = expr.variables.back();
  const std::map<std::string, Value> outer = variables_;
  std::vector<Value> results;
  std::vector<Value> taken;
  Value failure = Value::Null();
  for (uint32_t i = 0; i < range.list_value().size; ++i) {
    variables_[variable] = range.list_value().elements[i];
    if (expr.variables.size() == 2) variables_[expr.variables[0]] = Value::Int(int64_t{i});
    Value result = Evaluate(*expr.children[1]);
    if (expr.children.size() == 3 && result.IsTrue()) {
      result = Evaluate(*expr.children[2]);
      taken.push_back(result);
    } else if ((expr.macro == Macro::kMap || expr.macro == Macro::kTransformList) &&
               expr.children.size() == 2) {
      taken.push_back(result);
    } else if (expr.macro == Macro::kFilter && result.IsTrue()) {
      taken.push_back(variables_[variable]);
    }
    if (result.IsError() && !failure.IsError()) failure = result;
    results.push_back(result);
  }
  variables_ = outer;
  int trues = 0;
  int falses = 0;
  for (const Value& result : results) {
    trues += result.IsTrue() ? 1 : 0;
    falses += result.IsFalse() ? 1 : 0;
  }
  if (expr.macro == Macro::kExists && trues > 0) return Value::Bool(true);
  if (expr.macro == Macro::kAll && falses > 0) return Value::Bool(false);
  if (failure.IsError()) return failure;
  if (expr.macro == Macro::kExists) return Value::Bool(false);
  if (expr.macro == Macro::kAll) return Value::Bool(true);
  if (expr.macro == Macro::kExistsOne) return Value::Bool(trues == 1);
  return NewList(std::move(taken));
}

}  // namespace touchstone::rules::expr
