#pragma once

// Lists and maps: lookup, membership, concatenation. Internal to the evaluator.

#include <cstring>

#include "absl/base/attributes.h"
#include "absl/types/span.h"
#include "rules/expr/equality.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Probing a few entries costs about as much as visiting a node.
inline constexpr uint32_t kEntriesPerStep = 4;

inline absl::Span<const Value> ElementsOf(const Value& list) {
  return absl::MakeConstSpan(list.list_value().elements, list.list_value().size);
}

// The value under a key, by CEL equality of keys; null when there is none. Cost: linear.
const Value* FindEntry(const MapData& map, const Value& key);
const Value* FindEntry(const MapData& map, absl::string_view key);
// The same for a key of a kind that is known.
template <Kind kind>
const Value* FindEntryOf(const MapData& map, const Value& key) {
  for (uint32_t i = 0; i < map.size; ++i) {
    if (EqualToKind<kind>(key, map.entries[i].key, nullptr)) return &map.entries[i].value;
  }
  return nullptr;
}

// Where an index points, or -1 when it is no position of any list. REQUIRES: of the kind, a number.
template <Kind kind>
int64_t PositionOf(const Value& index) {
  if constexpr (kind == Kind::kInt) return index.int_value();
  if constexpr (kind == Kind::kUint) {
    return index.uint_value() > INT64_MAX ? -1 : index.int_value();
  }
  const double d = index.double_value();
  if (!(d >= 0 && d < 4294967296.0)) return -1;
  const int64_t position = static_cast<int64_t>(d);
  return static_cast<double>(position) == d ? position : -1;
}

// list[i] and map[k], by the kind of what is between the brackets.
template <Kind kind>
Value ElementOfList(Value a, Value b, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  const ListData& list = a.list_value();
  const int64_t position = PositionOf<kind>(b);
  if (position < 0 || position >= list.size) return Value::Error(ErrorCode::kNoSuchKey);
  return list.elements[position];
}
template <Kind kind>
Value EntryOfMap(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const MapData& map = a.map_value();
  if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
  const Value* found = FindEntryOf<kind>(map, b);
  return found != nullptr ? *found : Value::Error(ErrorCode::kNoSuchKey);
}

// e in list, e in map (its keys).
Value In(const Value& element, const Value& container, Evaluation& evaluation);
// Whether a list without an index holds a text of kBytesPerStep or more.
Value HoldsLongText(const ListData& list, absl::string_view text, Evaluation& evaluation);

// text in container: as In, steps included, but faster. REQUIRES: text is a string.
// Inlined by force: a call would put both operands on the stack, which costs what the search does.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline Value HoldsText(const Value& container, const Value& text,
                                                    Evaluation& evaluation) {
  if (container.kind() != Kind::kList || container.list_value().index != nullptr) [[unlikely]] {
    return In(text, container, evaluation);
  }
  const ListData& list = container.list_value();
  if (!evaluation.Spend(list.size / kEntriesPerStep)) return StepLimitError();
  const absl::string_view wanted = text.string_value();
  if (wanted.size() >= kBytesPerStep) return HoldsLongText(list, wanted, evaluation);
  for (const Value* e = list.elements; e != list.elements + list.size; ++e) {
    if (e->kind() != Kind::kString || e->string_value().size() != wanted.size()) continue;
    // The first byte settles nearly all that have one length, without a call.
    const char* bytes = e->string_value().data();
    if (wanted.empty() ||
        (bytes[0] == wanted[0] && std::memcmp(bytes, wanted.data(), wanted.size()) == 0)) {
      return Value::Bool(true);
    }
  }
  return Value::Bool(false);
}

// operand.field on a map; `test` for has().
Value Select(const Value& operand, absl::string_view field, bool test, Evaluation& evaluation);

Value ConcatenateLists(const ListData& a, const ListData& b, Evaluation& evaluation);
Value NewList(const Value* elements, uint32_t size, Evaluation& evaluation);
// Keys must be bool, int, uint or string, and distinct on one number line (kNoOverload,
// kDuplicateKey). `entries` must live as long as the value.
Value NewMap(const MapEntry* entries, uint32_t size, Evaluation& evaluation);

}  // namespace touchstone::rules::expr
