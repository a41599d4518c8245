#include "rules/expr/collections.h"

#include <cstring>

#include "rules/expr/call.h"
#include "rules/expr/comparison.h"
#include "rules/expr/constant_set.h"
#include "rules/expr/typed_operations.h"

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

template <Kind kind>
Value ElementInList(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const ListData& list = b.list_value();
  if (list.index != nullptr) return Value::Bool(list.index->Contains(a));
  if constexpr (kind == Kind::kString) return HoldsText(b, a, evaluation);
  if (!evaluation.Spend(list.size / kEntriesPerStep)) return StepLimitError();
  for (uint32_t i = 0; i < list.size; ++i) {
    if (EqualToKind<kind>(a, list.elements[i], &evaluation)) return Value::Bool(true);
    if (evaluation.exhausted) return StepLimitError();
  }
  return Value::Bool(false);
}

template <Kind kind>
Value KeyInMap(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  const MapData& map = b.map_value();
  if (!evaluation.Spend(map.size / kEntriesPerStep)) return StepLimitError();
  return Value::Bool(FindEntryOf<kind>(map, a) != nullptr);
}

Value SizeOfList(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int(a.list_value().size);
}
Value SizeOfMap(Value a, uint8_t /*detail*/, Evaluation& /*evaluation*/) {
  return Value::Int(a.map_value().size);
}

Value JoinLists(Value a, Value b, uint8_t /*detail*/, Evaluation& evaluation) {
  return ConcatenateLists(a.list_value(), b.list_value(), evaluation);
}

template <Kind... kinds>
void AddLookups(OperationTable& table, KindList<kinds...> /*of elements and keys*/) {
  (table.Add(Function::kIn, kinds, Kind::kList, ElementInList<kinds>), ...);
  (table.Add(Function::kIn, kinds, Kind::kMap, KeyInMap<kinds>), ...);
  (table.Add(Function::kIndex, Kind::kMap, kinds, EntryOfMap<kinds>), ...);
}

}  // namespace

const Value* FindEntry(const MapData& map, const Value& key) {
  for (uint32_t i = 0; i < map.size; ++i) {
    if (DeepEquals(key, map.entries[i].key, nullptr)) return &map.entries[i].value;
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
  const Value operands[] = {element, container};
  return Call(Function::kIn, operands, evaluation);
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

void AddCollections(OperationTable& table) {
  AddLookups(table, AllKinds());
  table.Add(Function::kIndex, Kind::kList, Kind::kInt, ElementOfList<Kind::kInt>);
  table.Add(Function::kIndex, Kind::kList, Kind::kUint, ElementOfList<Kind::kUint>);
  table.Add(Function::kIndex, Kind::kList, Kind::kDouble, ElementOfList<Kind::kDouble>);
  table.Add(Function::kSize, Kind::kList, SizeOfList);
  table.Add(Function::kSize, Kind::kMap, SizeOfMap);
  table.Add(Function::kAdd, Kind::kList, Kind::kList, JoinLists);
}

}  // namespace touchstone::rules::expr
