#pragma once

// The types of the expression language: CEL's own, plus money, decimal and record.
//
// Thread safety: immutable; copies share structure. Cost: a copy is a reference count.
// A date is a timestamp at 00:00 UTC of that day. An enum of the schema is a string whose possible
// values the environment knows.

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::rules::expr {

enum class TypeKind : uint8_t {
  kError,  // what the checker gives a node that did not check; suppresses follow-up findings
  kDyn,
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
  kList,      // params: element
  kMap,       // params: key, value
  kRecord,    // named fields, known to the checker by position
  kWrapper,   // params: the primitive that may also be null
  kOptional,  // params: the value
  kType,      // params: none or the type that the value denotes
  kParam,     // name: type parameter of a function declaration
};

class Type {
 public:
  struct Field;

  Type() : Type(TypeKind::kDyn) {}
  explicit Type(TypeKind kind) : kind_(kind) {}
  static Type List(Type element);
  static Type Map(Type key, Type value);
  static Type Wrapper(Type primitive);
  static Type Optional(Type value);
  static Type TypeOf(Type denoted);
  static Type Param(absl::string_view name);
  // Field order is layout order: a record value holds its fields at these positions.
  static Type Record(absl::string_view name, std::vector<Field> fields);

  TypeKind kind() const { return kind_; }
  bool Is(TypeKind kind) const { return kind_ == kind; }
  // REQUIRES: i < number of parameters of the kind.
  const Type& param(size_t i) const;
  // Element of a list, value of an optional, primitive of a wrapper.
  const Type& element() const { return param(0); }
  // Of a record or a type parameter; "" otherwise.
  absl::string_view name() const;
  // Of a record; empty otherwise.
  const std::vector<Field>& fields() const;
  // Position of a record's field, or -1.
  int FieldIndex(absl::string_view field) const;

  // The name that type() gives a value: without parameters; a record's is that of the record.
  absl::string_view RunTimeName() const;
  // "list(string)", "map(string, int)", "record(holding)".
  std::string ToString() const;

  friend bool operator==(const Type& a, const Type& b);
  friend bool operator!=(const Type& a, const Type& b) { return !(a == b); }

 private:
  struct Structure;
  TypeKind kind_;
  std::shared_ptr<const Structure> structure_;  // null for kinds without parameters
};

struct Type::Field {
  std::string name;
  Type type;
};

}  // namespace touchstone::rules::expr
