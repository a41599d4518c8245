#include "rules/facts/schema.h"

namespace touchstone::rules {

uint32_t StableId(absl::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 16777619u;
  }
  return hash;
}

}  // namespace touchstone::rules
