#include "rules/facts/value_copy.h"

namespace touchstone::rules {
namespace {

const expr::Value* CopyValues(const expr::Value* from, uint32_t count, expr::Arena& memory) {
  expr::Value* copies = memory.NewArray<expr::Value>(count);
  for (uint32_t i = 0; i < count; ++i) copies[i] = CopyValue(from[i], memory);
  return copies;
}

expr::Value CopyList(const expr::ListData& from, expr::Arena& memory) {
  expr::ListData* copy = memory.NewArray<expr::ListData>(1);
  copy->elements = CopyValues(from.elements, from.size, memory);
  copy->size = from.size;
  return expr::Value::List(copy);
}

expr::Value CopyMap(const expr::MapData& from, expr::Arena& memory) {
  expr::MapEntry* entries = memory.NewArray<expr::MapEntry>(from.size);
  for (uint32_t i = 0; i < from.size; ++i) {
    entries[i].key = CopyValue(from.entries[i].key, memory);
    entries[i].value = CopyValue(from.entries[i].value, memory);
  }
  expr::MapData* copy = memory.NewArray<expr::MapData>(1);
  copy->entries = entries;
  copy->size = from.size;
  return expr::Value::Map(copy);
}

}  // namespace

expr::Value CopyValue(const expr::Value& value, expr::Arena& memory) {
  switch (value.kind()) {
    case expr::Kind::kString:
      return expr::Value::String(memory.Copy(value.string_value()));
    case expr::Kind::kBytes:
      return expr::Value::Bytes(memory.Copy(value.bytes_value()));
    case expr::Kind::kList:
      return CopyList(value.list_value(), memory);
    case expr::Kind::kMap:
      return CopyMap(value.map_value(), memory);
    case expr::Kind::kRecord:
      return expr::Value::Record(CopyValues(value.record_fields(), value.record_size(), memory),
                                 value.record_size());
    case expr::Kind::kOptional:
      if (value.optional_value() == nullptr) return value;
      return expr::Value::Optional(CopyValues(value.optional_value(), 1, memory));
    default:
      return value;
  }
}

}  // namespace touchstone::rules
