#include "rules/expr/constant_map.h"

#include "rules/expr/collections.h"
#include "rules/expr/constant_set.h"

namespace touchstone::rules::expr {

ConstantMap::ConstantMap(const MapData& map) : map_(map) {
  size_t capacity = 2;
  while (capacity < 2 * size_t{map.size}) capacity *= 2;
  places_.resize(capacity);
  for (uint32_t i = 0; i < map.size; ++i) {
    uint64_t at = HashKey(map.entries[i].key) & (capacity - 1);
    while (places_[at] != 0) at = (at + 1) & (capacity - 1);
    places_[at] = i + 1;
  }
}

const Value* ConstantMap::Find(const Value& key) const {
  if (key.kind() == Kind::kString) return FindText(key.string_value());
  if (key.kind() == Kind::kDouble) return FindEntry(map_, key);
  const uint64_t mask = places_.size() - 1;
  for (uint64_t at = HashKey(key) & mask; places_[at] != 0; at = (at + 1) & mask) {
    const MapEntry& entry = map_.entries[places_[at] - 1];
    if (Equals(entry.key, key)) return &entry.value;
  }
  return nullptr;
}

const Value* ConstantMap::FindText(absl::string_view key) const {
  const uint64_t mask = places_.size() - 1;
  for (uint64_t at = HashText(key) & mask; places_[at] != 0; at = (at + 1) & mask) {
    const MapEntry& entry = map_.entries[places_[at] - 1];
    if (entry.key.kind() == Kind::kString && entry.key.string_value() == key) return &entry.value;
  }
  return nullptr;
}

}  // namespace touchstone::rules::expr
