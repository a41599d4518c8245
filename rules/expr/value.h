#pragma once

// A value of the expression language: 16 bytes, trivially copyable, no ownership.
//
// Lifetime: strings, bytes, lists, maps, records, optionals point into memory that outlives the
// evaluation: a Program's constants, the caller's rows, or the Arena of the Scratch in use. A value
// that points into the arena is valid until Scratch::Reset.
// Thread safety: a value is plain data.
// Errors are values (kError) with a code: absent attributes, missing keys, overflow. They follow
// CEL: && and || absorb them, everything else passes them on.

#include <cstdint>
#include <type_traits>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/expr/type.h"
#include "rules/money/decimal.h"
#include "rules/money/money.h"

namespace touchstone::rules::expr {

enum class Kind : uint8_t {
  kError,
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kTimestamp,
  kDuration,
  kMoney,
  kDecimal,
  kList,
  kMap,
  kRecord,
  kOptional,
  kType,
};

enum class ErrorCode : uint32_t {
  kAbsent,      // an attribute without a value, an unset record field, value() of none
  kNoSuchKey,   // map key, list index
  kNoOverload,  // no function of that name takes these values
  kOverflow,    // a number left its range
  kDivideByZero,
  kInvalidArgument,  // a conversion, a pattern, a substring range
  kCurrencyMismatch,
  kDuplicateKey,
  kStepLimit,    // the evaluation used up its step budget
  kUnboundName,  // only in unchecked programs
  kUnavailable,  // a fact that exists but did not come in time; where && or || meet it beside other
                 // errors it is the result, since the fact could still have decided
};
// "absent", "no_such_key"...: the word used in reasons and documentation.
absl::string_view ErrorCodeName(ErrorCode code);

class Value;

// A list: contiguous elements. `index` is set for constant lists that are probed by `in`.
class ConstantSet;
struct ListData {
  const Value* elements = nullptr;
  uint32_t size = 0;
  const ConstantSet* index = nullptr;  // null: search linearly
};

struct MapEntry;
struct MapData {
  const MapEntry* entries = nullptr;  // in order of writing; keys are distinct
  uint32_t size = 0;
};

class Value {
 public:
  Value() : Value(Kind::kError, static_cast<uint32_t>(ErrorCode::kAbsent)) {}

  static Value Absent() { return Value(); }
  static Value Error(ErrorCode code) { return Value(Kind::kError, static_cast<uint32_t>(code)); }
  static Value Null() { return Value(Kind::kNull, 0); }
  static Value Bool(bool v) { return FromInt(Kind::kBool, v ? 1 : 0); }
  static Value Int(int64_t v) { return FromInt(Kind::kInt, v); }
  static Value Uint(uint64_t v) { return FromInt(Kind::kUint, static_cast<int64_t>(v)); }
  static Value Double(double v) {
    Value r(Kind::kDouble, 0);
    r.payload_.real = v;
    return r;
  }
  static Value String(absl::string_view v) { return FromBytes(Kind::kString, v); }
  static Value Bytes(absl::string_view v) { return FromBytes(Kind::kBytes, v); }
  // REQUIRES: within 0001-01-01T00:00:00Z .. 9999-12-31T23:59:59.999999999Z.
  static Value Timestamp(absl::Time v);
  // The same from seconds since the epoch (floor) and 0 to 999,999,999 nanoseconds.
  static Value TimestampParts(int64_t seconds, uint32_t nanos) {
    Value r(Kind::kTimestamp, nanos);
    r.payload_.integer = seconds;
    return r;
  }
  static Value DurationNanos(int64_t nanos) { return FromInt(Kind::kDuration, nanos); }
  // Money whose currency is none is a bare amount, counted in ten-thousandths of a major unit: what
  // a rule's literal is before it meets real money. It takes its partner's currency; where a whole
  // expression is one, the caller gives it a currency.
  static Value OfMoney(Money v) {
    Value r(Kind::kMoney, v.currency.index());
    r.payload_.integer = v.amount_minor;
    return r;
  }
  static Value OfDecimal(Decimal v) { return FromInt(Kind::kDecimal, v.thousandths); }
  static Value List(const ListData* v) { return FromPointer(Kind::kList, v, 0); }
  static Value Map(const MapData* v) { return FromPointer(Kind::kMap, v, 0); }
  // Fields in the order of the record's Type; an absent field is Value::Absent().
  static Value Record(const Value* fields, uint32_t count) {
    return FromPointer(Kind::kRecord, fields, count);
  }
  // null: optional.none().
  static Value Optional(const Value* v) { return FromPointer(Kind::kOptional, v, 0); }
  static Value OfType(const Type* v) { return FromPointer(Kind::kType, v, 0); }

  Kind kind() const { return static_cast<Kind>(head_ & 0xFF); }
  bool IsError() const { return kind() == Kind::kError; }
  bool IsAbsent() const { return IsError() && error() == ErrorCode::kAbsent; }
  bool IsTrue() const { return kind() == Kind::kBool && payload_.integer != 0; }
  bool IsFalse() const { return kind() == Kind::kBool && payload_.integer == 0; }

  // REQUIRES for each accessor: the matching kind().
  ErrorCode error() const { return static_cast<ErrorCode>(aux()); }
  bool bool_value() const { return payload_.integer != 0; }
  int64_t int_value() const { return payload_.integer; }
  uint64_t uint_value() const { return static_cast<uint64_t>(payload_.integer); }
  double double_value() const { return payload_.real; }
  absl::string_view string_value() const {
    return absl::string_view(static_cast<const char*>(payload_.pointer), aux());
  }
  absl::string_view bytes_value() const { return string_value(); }
  int64_t timestamp_seconds() const { return payload_.integer; }  // since the epoch, floor
  uint32_t timestamp_nanos() const { return aux(); }              // 0 to 999,999,999
  absl::Time timestamp_value() const {
    return absl::FromUnixSeconds(payload_.integer) + absl::Nanoseconds(aux());
  }
  int64_t duration_nanos() const { return payload_.integer; }
  Money money_value() const {
    return Money{payload_.integer, Currency::FromIndex(static_cast<uint16_t>(aux()))};
  }
  Decimal decimal_value() const { return Decimal{payload_.integer}; }
  const ListData& list_value() const { return *static_cast<const ListData*>(payload_.pointer); }
  const MapData& map_value() const { return *static_cast<const MapData*>(payload_.pointer); }
  const Value* record_fields() const { return static_cast<const Value*>(payload_.pointer); }
  uint32_t record_size() const { return aux(); }
  const Value* optional_value() const { return static_cast<const Value*>(payload_.pointer); }
  const Type& type_value() const { return *static_cast<const Type*>(payload_.pointer); }

 private:
  Value(Kind kind, uint32_t aux) : head_(uint64_t{aux} << 32 | static_cast<uint8_t>(kind)) {
    payload_.integer = 0;
  }
  // Length, currency, nanoseconds, field count or error code, by kind.
  uint32_t aux() const { return static_cast<uint32_t>(head_ >> 32); }
  static Value FromInt(Kind kind, int64_t v) {
    Value r(kind, 0);
    r.payload_.integer = v;
    return r;
  }
  static Value FromBytes(Kind kind, absl::string_view v) {
    return FromPointer(kind, v.data(), static_cast<uint32_t>(v.size()));
  }
  static Value FromPointer(Kind kind, const void* v, uint32_t aux) {
    Value r(kind, aux);
    r.payload_.pointer = v;
    return r;
  }

  // The kind below, aux above: one word, so that a value travels in two registers as it is.
  uint64_t head_;
  union {
    int64_t integer;
    double real;
    const void* pointer;
  } payload_;
};

struct MapEntry {
  Value key;
  Value value;
};

static_assert(sizeof(Value) == 16);
static_assert(std::is_trivially_copyable_v<Value>);

// CEL equality: numbers on one number line, lists and maps deep, different kinds unequal, NaN
// unequal to itself. Money of different currencies is unequal; a bare amount equals any money of
// the same size. REQUIRES: neither is an error.
bool Equals(const Value& a, const Value& b);

// For diagnostics, explanations and tests: CEL-like text ("412.00 EUR", ["a", "b"], error: absent).
std::string DebugString(const Value& value);

}  // namespace touchstone::rules::expr
