#pragma once

// How the kinds that are one number are read and made. Internal to the evaluator.

#include <cstdint>

#include "rules/expr/value.h"

namespace touchstone::rules::expr {

struct Ints {
  static constexpr Kind kKind = Kind::kInt;
  static int64_t Of(Value v) { return v.int_value(); }
  static Value Make(int64_t v) { return Value::Int(v); }
};
struct Uints {
  static constexpr Kind kKind = Kind::kUint;
  static uint64_t Of(Value v) { return v.uint_value(); }
  static Value Make(uint64_t v) { return Value::Uint(v); }
};
struct Doubles {
  static constexpr Kind kKind = Kind::kDouble;
  static double Of(Value v) { return v.double_value(); }
  static Value Make(double v) { return Value::Double(v); }
};
struct Bools {
  static constexpr Kind kKind = Kind::kBool;
  static int64_t Of(Value v) { return v.bool_value() ? 1 : 0; }
};
struct Durations {
  static constexpr Kind kKind = Kind::kDuration;
  static int64_t Of(Value v) { return v.duration_nanos(); }
  static Value Make(int64_t v) { return Value::DurationNanos(v); }
};
struct Decimals {
  static constexpr Kind kKind = Kind::kDecimal;
  static int64_t Of(Value v) { return v.decimal_value().thousandths; }
  static Value Make(int64_t v) { return Value::OfDecimal(Decimal{v}); }
};

}  // namespace touchstone::rules::expr
