#pragma once

// What conditions speak of, apart from what they say of it: a fact, whether it is there, the
// elements of a list, or an expression over facts.
//
// Thread safety: const once built. A subject that is a fact, or a list, is read in place; any other
// is evaluated by its program.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rules/eligibility/value_key.h"
#include "rules/eligibility/value_set.h"
#include "rules/expr/ast.h"
#include "rules/expr/program.h"

namespace touchstone::rules {

struct Subject {
  enum class Kind : uint8_t {
    kValue,        // the value is in the set
    kPresence,     // whether `slot` has a value, as has() says: a bool
    kSomeElement,  // some element of the list in `slot` is in the set
    kNoElement,    // no element is, and all are known
  };
  Kind kind = Kind::kValue;
  KeyKind key_kind = KeyKind::kBool;  // of the value, or of an element
  ValueDomain domain;
  // The words that the schema allows, ascending; empty: any. Sets do not rely on them, since a
  // stored value may be older than the schema.
  std::vector<std::string> enum_values;
  std::string text;  // canonical CEL, of the value or the list; for people and to tell them apart
  std::optional<expr::Slot> slot;
  std::optional<expr::Program> program;  // kValue without a slot
  // Of elements: the field of the record, level by level; empty: the element itself.
  std::vector<uint16_t> fields;
  bool field_is_list = false;  // the field holds a list: its elements count, all of them

  bool is_element() const { return kind == Kind::kSomeElement || kind == Kind::kNoElement; }
};

// The value in the slot; absent when the row does not reach there.
inline expr::Value ReadSlot(const expr::Frame& frame, expr::Slot slot) {
  const absl::Span<const expr::Value> row = frame.rows[slot.row];
  return slot.index < row.size() ? row[slot.index] : expr::Value::Absent();
}

// has() of a value: an error that is not absence stays one.
inline expr::Value PresenceOf(const expr::Value& value) {
  if (value.IsError() && !value.IsAbsent()) return value;
  return expr::Value::Bool(!value.IsAbsent());
}

// Calls visit(key) for each element that is known; false when there is no list, or when some
// element has no value.
template <typename Visit>
bool VisitElements(const Subject& subject, const expr::Value& list, Visit&& visit) {
  if (list.kind() != expr::Kind::kList) return false;
  bool complete = true;
  const expr::ListData& data = list.list_value();
  for (uint32_t i = 0; i < data.size; ++i) {
    expr::Value value = data.elements[i];
    for (const uint16_t field : subject.fields) {
      const bool has_field = value.kind() == expr::Kind::kRecord && field < value.record_size();
      value = has_field ? value.record_fields()[field] : expr::Value::Absent();
    }
    if (!subject.field_is_list) {
      complete = complete && !value.IsError();
      visit(KeyOf(subject.key_kind, value));
      continue;
    }
    if (value.kind() != expr::Kind::kList) {
      complete = false;
      continue;
    }
    const expr::ListData& inner = value.list_value();
    for (uint32_t j = 0; j < inner.size; ++j) {
      visit(KeyOf(subject.key_kind, inner.elements[j]));
    }
  }
  return complete;
}

}  // namespace touchstone::rules
