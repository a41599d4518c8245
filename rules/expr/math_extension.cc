// The math extension: rounding, sign, roots and bits. Its greatest and least are in extremes.cc,
// its abs in arithmetic.cc.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "rules/expr/kind_numbers.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

constexpr uint64_t kSignBit = uint64_t{1} << 63;
constexpr int kFractionBits = 52;
constexpr int kExponentBias = 1023;
constexpr uint64_t kExponentMask = 0x7FF;

bool IsNotANumber(double x) { return x != x; }
bool IsInfinite(double x) {
  return x == std::numeric_limits<double>::infinity() ||
         x == -std::numeric_limits<double>::infinity();
}

bool IsFinite(double x) { return !IsNotANumber(x) && !IsInfinite(x); }

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

template <auto Change>
Value Round(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(Change(a.double_value()));
}

template <auto Test>
Value Is(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Bool(Test(a.double_value()));
}

template <typename T>
Value SquareRoot(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Double(std::sqrt(static_cast<double>(T::Of(a))));
}

Value SignOfInt(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int((a.int_value() > 0 ? 1 : 0) - (a.int_value() < 0 ? 1 : 0));
}
Value SignOfUint(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Uint(a.uint_value() > 0 ? 1 : 0);
}
Value SignOfDouble(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  const double x = a.double_value();
  if (IsNotANumber(x)) return a;
  return Value::Double(x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0);
}

// What follows is of ints and uints alike: the bits are those of a uint.

template <typename T>
Value OfBits(uint64_t bits) {
  return T::Make(static_cast<decltype(T::Of(Value()))>(bits));
}

template <typename T>
Value BitsOfBoth(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return OfBits<T>(a.uint_value() & b.uint_value());
}
template <typename T>
Value BitsOfEither(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return OfBits<T>(a.uint_value() | b.uint_value());
}
template <typename T>
Value BitsOfOne(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return OfBits<T>(a.uint_value() ^ b.uint_value());
}
template <typename T>
Value BitsTurned(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return OfBits<T>(~a.uint_value());
}
template <typename T>
Value ShiftedLeft(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  const int64_t places = b.int_value();
  if (places < 0) return Value::Error(ErrorCode::kInvalidArgument);
  return OfBits<T>(places < 64 ? a.uint_value() << places : 0);
}
// Without regard to the sign.
template <typename T>
Value ShiftedRight(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  const int64_t places = b.int_value();
  if (places < 0) return Value::Error(ErrorCode::kInvalidArgument);
  return OfBits<T>(places < 64 ? a.uint_value() >> places : 0);
}

template <typename T>
void AddBits(OperationTable& table) {
  table.Add(Function::kBitAnd, T::kKind, T::kKind, BitsOfBoth<T>);
  table.Add(Function::kBitOr, T::kKind, T::kKind, BitsOfEither<T>);
  table.Add(Function::kBitXor, T::kKind, T::kKind, BitsOfOne<T>);
  table.Add(Function::kBitNot, T::kKind, BitsTurned<T>);
  table.Add(Function::kBitShiftLeft, T::kKind, Kind::kInt, ShiftedLeft<T>);
  table.Add(Function::kBitShiftRight, T::kKind, Kind::kInt, ShiftedRight<T>);
}

}  // namespace

void AddMath(OperationTable& table) {
  using enum Kind;
  table.Add(Function::kCeil, kDouble, Round<Ceiling>);
  table.Add(Function::kFloor, kDouble, Round<Floor>);
  table.Add(Function::kRound, kDouble, Round<Rounded>);
  table.Add(Function::kTrunc, kDouble, Round<Truncated>);
  table.Add(Function::kIsNan, kDouble, Is<IsNotANumber>);
  table.Add(Function::kIsInf, kDouble, Is<IsInfinite>);
  table.Add(Function::kIsFinite, kDouble, Is<IsFinite>);
  table.Add(Function::kSqrt, kInt, SquareRoot<Ints>);
  table.Add(Function::kSqrt, kUint, SquareRoot<Uints>);
  table.Add(Function::kSqrt, kDouble, SquareRoot<Doubles>);
  table.Add(Function::kSign, kInt, SignOfInt);
  table.Add(Function::kSign, kUint, SignOfUint);
  table.Add(Function::kSign, kDouble, SignOfDouble);
  AddBits<Ints>(table);
  AddBits<Uints>(table);
}

}  // namespace touchstone::rules::expr
