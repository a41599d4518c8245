#include "rules/expr/numbers.h"

#include <limits>

#include "rules/expr/amounts.h"
#include "rules/expr/collections.h"
#include "rules/expr/strings.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

Value Overflow() { return Value::Error(ErrorCode::kOverflow); }
Value DivideByZero() { return Value::Error(ErrorCode::kDivideByZero); }

}  // namespace

Value AddValues(const Value& a, const Value& b, Evaluation& evaluation) {
  if (a.kind() != b.kind()) return AddTimes(a, b);
  switch (a.kind()) {
    case Kind::kInt: {
      int64_t sum = 0;
      if (__builtin_add_overflow(a.int_value(), b.int_value(), &sum)) return Overflow();
      return Value::Int(sum);
    }
    case Kind::kUint: {
      uint64_t sum = 0;
      if (__builtin_add_overflow(a.uint_value(), b.uint_value(), &sum)) return Overflow();
      return Value::Uint(sum);
    }
    case Kind::kDouble:
      return Value::Double(a.double_value() + b.double_value());
    case Kind::kString:
    case Kind::kBytes:
      return ConcatenateText(a, b, evaluation);
    case Kind::kList:
      return ConcatenateLists(a.list_value(), b.list_value(), evaluation);
    case Kind::kDuration:
      return AddTimes(a, b);
    default:
      return AddAmounts(a, b);
  }
}

Value SubtractValues(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return SubtractTimes(a, b);
  switch (a.kind()) {
    case Kind::kInt: {
      int64_t difference = 0;
      if (__builtin_sub_overflow(a.int_value(), b.int_value(), &difference)) return Overflow();
      return Value::Int(difference);
    }
    case Kind::kUint: {
      uint64_t difference = 0;
      if (__builtin_sub_overflow(a.uint_value(), b.uint_value(), &difference)) return Overflow();
      return Value::Uint(difference);
    }
    case Kind::kDouble:
      return Value::Double(a.double_value() - b.double_value());
    case Kind::kTimestamp:
    case Kind::kDuration:
      return SubtractTimes(a, b);
    default:
      return SubtractAmounts(a, b);
  }
}

Value MultiplyValues(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return MultiplyAmounts(a, b);
  switch (a.kind()) {
    case Kind::kInt: {
      int64_t product = 0;
      if (__builtin_mul_overflow(a.int_value(), b.int_value(), &product)) return Overflow();
      return Value::Int(product);
    }
    case Kind::kUint: {
      uint64_t product = 0;
      if (__builtin_mul_overflow(a.uint_value(), b.uint_value(), &product)) return Overflow();
      return Value::Uint(product);
    }
    case Kind::kDouble:
      return Value::Double(a.double_value() * b.double_value());
    default:
      return MultiplyAmounts(a, b);
  }
}

Value DivideValues(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return DivideAmount(a, b);
  switch (a.kind()) {
    case Kind::kInt:
      if (b.int_value() == 0) return DivideByZero();
      if (b.int_value() == -1 && a.int_value() == std::numeric_limits<int64_t>::min()) {
        return Overflow();
      }
      return Value::Int(a.int_value() / b.int_value());
    case Kind::kUint:
      if (b.uint_value() == 0) return DivideByZero();
      return Value::Uint(a.uint_value() / b.uint_value());
    case Kind::kDouble:
      return Value::Double(a.double_value() / b.double_value());
    default:
      return NoOverload();
  }
}

Value ModuloValues(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return NoOverload();
  switch (a.kind()) {
    case Kind::kInt:
      if (b.int_value() == 0) return DivideByZero();
      // The remainder is 0, but the processor would trap on the smallest int.
      if (b.int_value() == -1) return Value::Int(0);
      return Value::Int(a.int_value() % b.int_value());
    case Kind::kUint:
      if (b.uint_value() == 0) return DivideByZero();
      return Value::Uint(a.uint_value() % b.uint_value());
    default:
      return NoOverload();
  }
}

Value NegateValue(const Value& a) {
  switch (a.kind()) {
    case Kind::kInt:
      if (a.int_value() == std::numeric_limits<int64_t>::min()) return Overflow();
      return Value::Int(-a.int_value());
    case Kind::kDouble:
      return Value::Double(-a.double_value());
    default:
      return NegateAmount(a);
  }
}

}  // namespace touchstone::rules::expr
