#include "rules/eligibility/value_key.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "rules/money/money.h"

namespace touchstone::rules {
namespace {

__extension__ using Int128 = __int128;

using expr::Function;
using expr::Kind;
using expr::TypeKind;
using expr::Value;

constexpr int kDecimalScale = 3;
constexpr int kMoneyScale = 4;
constexpr int64_t kNanosPerSecond = 1'000'000'000;

int64_t KeyOfDouble(double value) {
  if (value == 0) return 0;
  int64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits >= 0 ? bits : -(bits & INT64_MAX);
}

// Amounts and times beyond the range stand at its ends: no literal stands there, so that all of
// them compare alike.
std::optional<int64_t> KeyOfMoney(Money money) {
  const int digits = money.currency.is_none() ? kMoneyScale : money.currency.minor_digits();
  if (digits > kMoneyScale) return std::nullopt;
  int64_t key = money.amount_minor;
  for (int i = digits; i < kMoneyScale; ++i) {
    if (__builtin_mul_overflow(key, int64_t{10}, &key)) {
      return money.amount_minor < 0 ? INT64_MIN : INT64_MAX;
    }
  }
  return key;
}

int64_t KeyOfTimestamp(const Value& value) {
  int64_t key = 0;
  if (__builtin_mul_overflow(value.timestamp_seconds(), kNanosPerSecond, &key) ||
      __builtin_add_overflow(key, int64_t{value.timestamp_nanos()}, &key)) {
    return value.timestamp_seconds() < 0 ? INT64_MIN : INT64_MAX;
  }
  return key;
}

// Where a literal stands among the keys: those below `not_less` are less than it, those from
// `greater` on are greater.
struct Position {
  Int128 not_less = 0;
  Int128 greater = 0;
};

Position At(Int128 key) { return {key, key + 1}; }

// Whether the literal is apart from what stands at the ends of the range.
bool IsInside(Position position) {
  return position.not_less > INT64_MIN && position.greater <= INT64_MAX;
}

// The first int that is not less (or that is greater), as doubles compare.
Int128 FirstInt(double literal, bool greater) {
  Int128 low = INT64_MIN;
  Int128 high = Int128{INT64_MAX} + 1;
  while (low < high) {
    const Int128 middle = low + (high - low) / 2;
    const double value = static_cast<double>(static_cast<int64_t>(middle));
    if (greater ? value > literal : value >= literal) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

std::optional<Position> PositionOfNumber(KeyKind kind, const Value& literal) {
  if (kind == KeyKind::kInt) {
    if (literal.kind() == Kind::kInt) return At(literal.int_value());
    if (literal.kind() == Kind::kUint) return At(literal.uint_value());
    if (literal.kind() != Kind::kDouble) return std::nullopt;
    return Position{FirstInt(literal.double_value(), false),
                    FirstInt(literal.double_value(), true)};
  }
  if (literal.kind() == Kind::kDouble) return At(KeyOfDouble(literal.double_value()));
  if (literal.kind() == Kind::kInt) {
    return At(KeyOfDouble(static_cast<double>(literal.int_value())));
  }
  if (literal.kind() != Kind::kUint) return std::nullopt;
  return At(KeyOfDouble(static_cast<double>(literal.uint_value())));
}

Position PositionOfExact(ExactNumber literal, int scale) {
  Int128 count = literal.mantissa;
  Int128 divisor = 1;
  for (int i = literal.scale; i < scale; ++i) count *= 10;
  for (int i = scale; i < literal.scale; ++i) divisor *= 10;
  Int128 floor = count / divisor;
  if (count % divisor == 0) return At(floor);
  if (count < 0) --floor;
  return {floor + 1, floor + 1};
}

std::optional<Position> PositionOf(KeyKind kind, const Value& literal) {
  switch (kind) {
    case KeyKind::kText:
      return std::nullopt;
    case KeyKind::kBool:
      if (literal.kind() != Kind::kBool) return std::nullopt;
      return At(literal.bool_value() ? 1 : 0);
    case KeyKind::kInt:
    case KeyKind::kDouble:
      return PositionOfNumber(kind, literal);
    case KeyKind::kDecimal:
      if (literal.kind() != Kind::kDecimal) return std::nullopt;
      return At(literal.decimal_value().thousandths);
    case KeyKind::kMoney:
      // Beside an amount with a currency, money of another one is an error, not a value.
      if (literal.kind() != Kind::kMoney || !literal.money_value().currency.is_none()) {
        return std::nullopt;
      }
      return At(literal.money_value().amount_minor);
    case KeyKind::kTimestamp:
      if (literal.kind() != Kind::kTimestamp) return std::nullopt;
      return At(KeyOfTimestamp(literal));
    case KeyKind::kDuration:
      if (literal.kind() != Kind::kDuration) return std::nullopt;
      return At(literal.duration_nanos());
  }
  return std::nullopt;
}

ValueSet KeysBetween(Int128 first, Int128 last, KeyInterval domain) {
  first = std::max<Int128>(first, domain.first);
  last = std::min<Int128>(last, domain.last);
  if (first > last) return ValueSet();
  return ValueSet::Keys(static_cast<int64_t>(first), static_cast<int64_t>(last));
}

std::optional<ValueSet> SetAt(KeyKind kind, Function relation, Position position) {
  const bool has_beyond = kind == KeyKind::kMoney || kind == KeyKind::kTimestamp;
  if (has_beyond && !IsInside(position)) return std::nullopt;
  const ValueDomain domain = DomainOf(kind);
  switch (relation) {
    case Function::kNotEqual:
      return KeysBetween(position.not_less, position.greater - 1, domain.keys).Complement(domain);
    case Function::kLess:
      return KeysBetween(domain.keys.first, position.not_less - 1, domain.keys);
    case Function::kLessEqual:
      return KeysBetween(domain.keys.first, position.greater - 1, domain.keys);
    case Function::kGreater:
      return KeysBetween(position.greater, domain.keys.last, domain.keys);
    case Function::kGreaterEqual:
      return KeysBetween(position.not_less, domain.keys.last, domain.keys);
    default:
      return KeysBetween(position.not_less, position.greater - 1, domain.keys);
  }
}

bool IsNan(const Value& value) {
  return value.kind() == Kind::kDouble && std::isnan(value.double_value());
}

ValueKey WithKey(std::optional<int64_t> key) {
  if (!key.has_value()) return {ValueKey::State::kForeign, 0, {}};
  return {ValueKey::State::kKey, *key, {}};
}

}  // namespace

std::optional<KeyKind> KeyKindOf(const expr::Type& type) {
  switch (type.kind()) {
    case TypeKind::kString:
      return KeyKind::kText;
    case TypeKind::kBool:
      return KeyKind::kBool;
    case TypeKind::kInt:
      return KeyKind::kInt;
    case TypeKind::kDouble:
      return KeyKind::kDouble;
    case TypeKind::kDecimal:
      return KeyKind::kDecimal;
    case TypeKind::kMoney:
      return KeyKind::kMoney;
    case TypeKind::kTimestamp:
      return KeyKind::kTimestamp;
    case TypeKind::kDuration:
      return KeyKind::kDuration;
    default:
      return std::nullopt;
  }
}

ValueDomain DomainOf(KeyKind kind) {
  ValueDomain domain;
  domain.is_text = kind == KeyKind::kText;
  // 2 is no value's key: without it, `flag != true && flag != false` would be left out, which is
  // true of a value that is neither.
  if (kind == KeyKind::kBool) domain.keys = {0, 2};
  if (kind == KeyKind::kDouble) {
    const int64_t infinity = KeyOfDouble(HUGE_VAL);
    domain.keys = {-infinity, infinity};
    domain.nan = true;
  }
  return domain;
}

ValueKey KeyOf(KeyKind kind, const Value& value) {
  if (value.IsError()) return {};
  switch (kind) {
    case KeyKind::kText:
      if (value.kind() == Kind::kString) return {ValueKey::State::kText, 0, value.string_value()};
      break;
    case KeyKind::kBool:
      if (value.kind() == Kind::kBool) return WithKey(value.bool_value() ? 1 : 0);
      break;
    case KeyKind::kInt:
      if (value.kind() == Kind::kInt) return WithKey(value.int_value());
      break;
    case KeyKind::kDouble:
      if (IsNan(value)) return {ValueKey::State::kNan, 0, {}};
      if (value.kind() == Kind::kDouble) return WithKey(KeyOfDouble(value.double_value()));
      break;
    case KeyKind::kDecimal:
      if (value.kind() == Kind::kDecimal) return WithKey(value.decimal_value().thousandths);
      break;
    case KeyKind::kMoney:
      if (value.kind() == Kind::kMoney) return WithKey(KeyOfMoney(value.money_value()));
      break;
    case KeyKind::kTimestamp:
      if (value.kind() == Kind::kTimestamp) return WithKey(KeyOfTimestamp(value));
      break;
    case KeyKind::kDuration:
      if (value.kind() == Kind::kDuration) return WithKey(value.duration_nanos());
      break;
  }
  return {ValueKey::State::kForeign, 0, {}};
}

std::optional<ValueSet> ValuesWhere(KeyKind kind, Function relation, const Value& literal) {
  if (kind == KeyKind::kText) {
    if (literal.kind() != Kind::kString) return std::nullopt;
    const ValueSet text = ValueSet::Text(literal.string_value());
    if (relation == Function::kEqual) return text;
    if (relation == Function::kNotEqual) return text.Complement(DomainOf(kind));
    return std::nullopt;
  }
  if (IsNan(literal) && (kind == KeyKind::kInt || kind == KeyKind::kDouble)) {
    return relation == Function::kNotEqual ? ValueSet::All(DomainOf(kind)) : ValueSet();
  }
  const std::optional<Position> position = PositionOf(kind, literal);
  return position.has_value() ? SetAt(kind, relation, *position) : std::nullopt;
}

std::optional<ValueSet> ValuesWhere(KeyKind kind, Function relation, ExactNumber literal) {
  if (kind == KeyKind::kDecimal) {
    return SetAt(kind, relation, PositionOfExact(literal, kDecimalScale));
  }
  if (kind == KeyKind::kMoney) return SetAt(kind, relation, PositionOfExact(literal, kMoneyScale));
  if (kind == KeyKind::kInt) return SetAt(kind, relation, PositionOfExact(literal, 0));
  return std::nullopt;
}

}  // namespace touchstone::rules
