#pragma once

// The elements of a constant list, hashed, so that `x in list` is one probe: product lists and list
// literals. Point ListData::index at it.
//
// Thread safety: immutable after construction. Ownership: strings inside the elements must outlive
// the set; the elements themselves are copied. Cost: Contains is one probe for strings and
// integers; a double, or an element of another kind, is compared one by one, since CEL equality
// across int and double is not transitive and so cannot be hashed.
// The hash is fixed, and never reaches a result: it only finds what Equals confirms.

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// Equal hashes for equal bools, integers (int and uint alike) and strings; 0 for other kinds.
uint64_t HashKey(const Value& value);
uint64_t HashText(absl::string_view text);

class ConstantSet {
 public:
  explicit ConstantSet(absl::Span<const Value> elements);

  // Whether some element equals the value. REQUIRES: value is not an error.
  bool Contains(const Value& value) const;
  // The same for a string.
  bool ContainsText(absl::string_view text) const;

 private:
  bool ContainsInteger(const Value& value) const;
  bool IsFree(size_t place) const { return marks_[place] == 0; }
  void Insert(const Value& element);

  // Open addressing, a power of two of places. The mark of a place is 0 when it is free, else the
  // upper bits of its element's hash: most probes need no more than the marks.
  std::vector<uint8_t> marks_;
  std::vector<Value> table_;
  std::vector<Value> doubles_;  // compared one by one with numbers
  std::vector<Value> others_;
  std::vector<Value> integers_;  // compared one by one with doubles
};

}  // namespace touchstone::rules::expr
