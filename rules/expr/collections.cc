#include "rules/expr/collections.h"

#include <cstring>

#include "rules/expr/comparison.h"
#include "rules/expr/constant_set.h"

namespace touchstone::rules::expr {
namespace {

// Below this, comparing all pairs is cheaper than hashing.
constexpr uint32_t kSmallMap = 12;
bool IsKey(Kind kind) {
  return kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kString;
}

bool HasDuplicateKeyByPairs(const MapEntry* entries, uint32_t size) {
  for (uint32_t i = 1; i < size; ++i) {
    for (uint32_t j = 0; j < i; ++j) {
      if (Equals(entries[i].key, entries[j].key)) return true;
    }
  }
  return false;
}

bool HasDuplicateKeyByHash(const MapEntry* entries, uint32_t size, Arena& arena) {
  uint32_t capacity = 1;
  while (capacity < 2 * size) capacity *= 2;
  // Positions plus one; 0 is free.
  uint32_t* table = arena.NewArray<uint32_t>(capacity);
  for (uint32_t i = 0; i < size; ++i) {
    uint64_t at = HashKey(entries[i].key) & (capacity - 1);
    while (table[at] != 0) {
      if (Equals(entries[table[at] - 1].key, entries[i].key)) return true;
      at = (at + 1) & (capacity - 1);
    }
    table[at] = i + 1;
  }
  return false;
}

// Where an index value points, or -1 when it is no position of any list.
int64_t PositionOf(const Value& index) {
  switch (index.kind()) {
    case Kind::kInt:
      return index.int_value();
    case Kind::kUint:
      return index.uint_value() > INT64_MAX ? -1 : index.int_value();
    case Kind::kDouble: {
      const double d = index.double_value();
      if (!(d >= 0 && d < 4294967296.0)) return -1;
      const int64_t position = static_cast<int64_t>(d);
      return static_cast<double>(position) == d ? position : -1;
    }
    default:
      return -1;
  }
}

}  // namespace

const Value* FindEntry(const MapData& map, const Value& key) {
  for (uint32_t i = 0; i < map.size; ++i) {
    if (Equals(map.entries[i].key, key)) return &map.entries[i].value;
  }
  return nullptr;
}

const Value* FindEntry(const MapData& map, absl::string_view key) {
  for (uint32_t i = 0; i < map.size; ++i) {
    const Value& candidate = map.entries[i].key;
    if (candidate.kind() == Kind::kString && candidate.string_value() == key) {
      return &map.entries[i].value;
    }
  }
  return nullptr;
}

Value In(const Value& element, const Value& container, Evaluation& evaluation) {
  if (element.IsError()) return element;
  if (container.IsError()) return container;
  if (container.kind() == Kind::kMap) {
    const MapData& map = container.map_value();
    if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
    return Value::Bool(FindEntry(map, element) != nullptr);
  }
  if (container.kind() != Kind::kList) return NoOverload();
  const ListData& list = container.list_value();
  if (list.index != nullptr) return Value::Bool(list.index->Contains(element));
  if (!evaluation.Spend(list.size / kEntriesPerStep)) return StepLimitError();
  for (uint32_t i = 0; i < list.size; ++i) {
    if (EqualsWithin(element, list.elements[i], evaluation)) return Value::Bool(true);
    if (evaluation.exhausted) return StepLimitError();
  }
  return Value::Bool(false);
}

Value HoldsLongText(const ListData& list, absl::string_view text, Evaluation& evaluation) {
  // What EqualsWithin charges for each text that it meets.
  const size_t steps = text.size() / kBytesPerStep;
  for (uint32_t i = 0; i < list.size; ++i) {
    const Value& element = list.elements[i];
    if (element.kind() != Kind::kString) continue;
    if (!evaluation.Spend(steps)) return StepLimitError();
    if (element.string_value() == text) return Value::Bool(true);
  }
  return Value::Bool(false);
}

Value Index(const Value& container, const Value& index, Evaluation& evaluation) {
  if (container.IsError()) return container;
  if (index.IsError()) return index;
  if (container.kind() == Kind::kMap) {
    const MapData& map = container.map_value();
    if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
    const Value* found = FindEntry(map, index);
    return found != nullptr ? *found : Value::Error(ErrorCode::kNoSuchKey);
  }
  if (container.kind() != Kind::kList) return NoOverload();
  if (!IsNumber(index.kind())) return NoOverload();
  const ListData& list = container.list_value();
  const int64_t position = PositionOf(index);
  if (position < 0 || position >= list.size) return Value::Error(ErrorCode::kNoSuchKey);
  return list.elements[position];
}

Value Select(const Value& operand, absl::string_view field, bool test, Evaluation& evaluation) {
  if (operand.IsError()) return operand;
  if (operand.kind() != Kind::kMap) return NoOverload();
  const MapData& map = operand.map_value();
  if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
  const Value* found = FindEntry(map, field);
  if (test) return Value::Bool(found != nullptr);
  return found != nullptr ? *found : Value::Error(ErrorCode::kNoSuchKey);
}

Value ConcatenateLists(const ListData& a, const ListData& b, Evaluation& evaluation) {
  const uint64_t size = uint64_t{a.size} + b.size;
  if (!evaluation.Spend(size)) return StepLimitError();
  Value* elements = evaluation.arena().NewArray<Value>(size);
  for (uint32_t i = 0; i < a.size; ++i) elements[i] = a.elements[i];
  for (uint32_t i = 0; i < b.size; ++i) elements[a.size + i] = b.elements[i];
  return NewList(elements, static_cast<uint32_t>(size), evaluation);
}

Value NewList(const Value* elements, uint32_t size, Evaluation& evaluation) {
  ListData* list = evaluation.arena().NewArray<ListData>(1);
  list->elements = elements;
  list->size = size;
  return Value::List(list);
}

Value NewMap(const MapEntry* entries, uint32_t size, Evaluation& evaluation) {
  for (uint32_t i = 0; i < size; ++i) {
    if (!IsKey(entries[i].key.kind())) return NoOverload();
  }
  const bool duplicate = size <= kSmallMap
                             ? HasDuplicateKeyByPairs(entries, size)
                             : HasDuplicateKeyByHash(entries, size, evaluation.arena());
  if (duplicate) return Value::Error(ErrorCode::kDuplicateKey);
  MapData* map = evaluation.arena().NewArray<MapData>(1);
  map->entries = entries;
  map->size = size;
  return Value::Map(map);
}

}  // namespace touchstone::rules::expr
