#pragma once

// The aggregates of a record, taken apart one by one as operations reach them.
//
// Thread safety: for one thread at a time. Errors: none.
// Lifetime: bytes stay in the record and in the patches, which must outlive the table.
// Cost: an aggregate that no operation changes is copied whole, never taken apart. What is not
// understood here, kinds and flags too, is carried as it is.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "store/aggregate_view.h"
#include "store/bucket_state.h"
#include "store/cell_state.h"
#include "store/distinct_state.h"
#include "store/record_layout.h"

namespace touchstone::store {

class AggregateTable {
 public:
  // From the cells of the section and its heap. REQUIRES: they are of a record that was parsed.
  void Load(const char* cells, size_t count, absl::string_view heap);

  // Operations of a patch. REQUIRES: well formed.
  void AddToAggregate(absl::string_view operation);
  void AddToCells(absl::string_view operation);
  void AddDistinct(absl::string_view operation);
  void MarkStale(uint32_t id);
  void Clear(uint32_t id);

  bool empty() const { return aggregates_.empty(); }
  size_t size() const { return aggregates_.size(); }
  std::string Encode() const;  // the section's body

 private:
  struct Aggregate {
    uint32_t id;
    uint8_t kind;
    uint8_t flags;
    uint16_t reserved;
    // The body as it was loaded, while nothing has changed.
    std::variant<absl::string_view, BucketState, CellState, DistinctState> state;
  };
  using Iterator = std::vector<Aggregate>::iterator;

  Iterator Find(uint32_t id);
  // The aggregate with its state taken apart; `fresh` if there was none. The end: there is no room
  // for it, or its state is another one.
  template <typename State>
  Iterator Open(uint32_t id, State fresh);
  void ForgetIfEmpty(Iterator aggregate, bool is_empty);

  std::vector<Aggregate> aggregates_;  // ascending by id
};

}  // namespace touchstone::store
