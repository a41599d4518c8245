#pragma once

// The entries of a constant map, hashed by key, so that `{...}[x]` and `x in {...}` are one probe.
// Internal to the evaluator.
//
// Thread safety: immutable after construction. Ownership: the entries must outlive it. Cost: one
// probe; a double is compared with the keys one by one, as CEL equality across int and double is
// not transitive and so cannot be hashed.

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

class ConstantMap {
 public:
  explicit ConstantMap(const MapData& map);

  // What FindEntry finds; null when there is none. REQUIRES: key is not an error.
  const Value* Find(const Value& key) const;

 private:
  const Value* FindText(absl::string_view key) const;

  MapData map_;
  // Open addressing, a power of two of places: the position of an entry plus one; 0 is free.
  std::vector<uint32_t> places_;
};

}  // namespace touchstone::rules::expr
