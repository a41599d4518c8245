#pragma once

// An immutable snapshot of head office's reference tables, as rows of values in a schema's layout.
//
// Use: built when a rule set is compiled or new rows arrive, shared const by every decision, named
// by version in every receipt. Thread safety: const. Cost: Find is one hash lookup. Lifetime: rows
// stay valid as long as the snapshot.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/expr/arena.h"
#include "rules/expr/value.h"
#include "rules/facts/schema.h"

namespace touchstone::rules {

class ReferenceTable {
 public:
  ReferenceTable() = default;
  explicit ReferenceTable(size_t columns) : columns_(columns) {}

  // `row` has one value a column of the ReferenceSpec, absent where the row has none; copied
  // deeply. AlreadyExists when the key is there, InvalidArgument for another number of values:
  // nothing is added.
  absl::Status Add(absl::string_view key, absl::Span<const expr::Value> row);
  // The row's columns() values, or null. With columns() 0 a row that is there is not null either.
  const expr::Value* Find(absl::string_view key) const { return Find(key, HashOf(key)); }
  // Find in two halves, for those who look for many rows: the first fetches what the second will
  // read, and so should run well before it.
  uint64_t HashToFind(absl::string_view key) const;
  const expr::Value* Find(absl::string_view key, uint64_t hash) const;
  size_t size() const { return size_; }
  size_t columns() const { return columns_; }

 private:
  struct Place {
    const expr::Value* row = nullptr;  // null: free
    uint32_t hash = 0;                 // its lower half
    uint32_t key_size = 0;
  };
  static uint64_t HashOf(absl::string_view key);
  static absl::string_view KeyOf(const Place& place);
  void Insert(const Place& place);

  size_t columns_ = 0;
  std::unique_ptr<expr::Arena> memory_ = std::make_unique<expr::Arena>();
  // Open addressing, a power of two of places, at most half of them taken: one place is one
  // fetch, and the key stands right before the row's values.
  std::vector<Place> places_;
  size_t size_ = 0;
};

struct ReferenceSnapshot {
  std::string version;
  ReferenceTable products;
  ReferenceTable stores;
};

}  // namespace touchstone::rules
