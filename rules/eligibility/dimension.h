#pragma once

// What one subject rules out: for each value that it can have, the rows that remain. Internal to
// the index.
//
// A probe asks for the column of the value at hand: rows without a constraint on the subject, and
// those whose set holds the value. A column is stored as it is where that is worth its memory;
// else it is made in `space` (of BlocksFor(rows) blocks) from one that is, by a few changes.
// Thread safety: const once built. Cost: Find takes a hash probe or a binary search; a column that
// must be made costs a copy of one and its changes.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "rules/eligibility/row_bitmap.h"
#include "rules/eligibility/subject.h"
#include "rules/eligibility/value_key.h"
#include "rules/eligibility/value_set.h"

namespace touchstone::rules {

// One row's constraint on the subject.
struct RowConstraint {
  uint32_t row = 0;
  const ValueSet* set = nullptr;
};
using RowConstraints = absl::Span<const RowConstraint>;  // ascending by row, each row once

// Numbers for the values that constraints name. Keys that stand close together are found by their
// place, others by a hash.
class ValueNumbers {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t Add(absl::string_view text);
  uint32_t Add(int64_t key);
  // No more values will be added; before it, Find finds nothing.
  void Finish();

  uint32_t Find(const ValueKey& value) const {
    if (value.state == ValueKey::State::kKey) {
      const uint64_t place = static_cast<uint64_t>(value.key) - static_cast<uint64_t>(first_key_);
      if (place < by_place_.size()) return by_place_[place];
      return by_place_.empty() ? FindKey(value.key) : kNone;
    }
    return value.state == ValueKey::State::kText ? FindText(value.text) : kNone;
  }
  size_t size() const { return size_; }
  size_t memory_bytes() const;

 private:
  uint32_t FindKey(int64_t key) const;
  uint32_t FindText(absl::string_view text) const;

  size_t size_ = 0;
  absl::flat_hash_map<int64_t, uint32_t> by_key_;
  absl::flat_hash_map<std::string, uint32_t> by_text_;
  int64_t first_key_ = 0;
  std::vector<uint32_t> by_place_;  // of the keys from first_key_ on
};

// Rows by value number, one value's behind the other's.
class RowLists {
 public:
  // `entries`: (value, row) in any order.
  RowLists(std::vector<std::pair<uint32_t, uint32_t>> entries, size_t values);
  absl::Span<const uint32_t> at(uint32_t value) const {
    return absl::MakeConstSpan(rows_).subspan(starts_[value], starts_[value + 1] - starts_[value]);
  }
  // Forgets the rows of the values for which drop(value) is true.
  template <typename Drop>
  void Shrink(Drop&& drop);
  size_t memory_bytes() const { return (starts_.capacity() + rows_.capacity()) * sizeof(uint32_t); }

 private:
  std::vector<uint32_t> starts_;
  std::vector<uint32_t> rows_;
};

// Of subjects whose sets name single values, or all but single values: segments, stores, flags.
class PointDimension {
 public:
  // Whether it can hold such sets.
  static bool Takes(const ValueSet& set, const ValueDomain& domain);

  PointDimension(RowConstraints constraints, size_t rows, const ValueDomain& domain);
  RowColumn Find(const ValueKey& value, RowBlock* space) const;
  size_t memory_bytes() const;

 private:
  ValueNumbers numbers_;
  RowBitmaps bitmaps_;
  uint32_t free_ = 0;             // bitmap of the rows without a constraint
  uint32_t other_ = 0;            // bitmap for a value that no set names
  std::vector<uint32_t> stored_;  // by value: its bitmap, or kNone
  RowLists added_;                // by value: rows beside `other_`
  RowLists removed_;
};

// Of subjects in an order: spans of age, amounts, times.
class RangeDimension {
 public:
  RangeDimension(RowConstraints constraints, size_t rows, const ValueDomain& domain);
  RowColumn Find(const ValueKey& value, RowBlock* space) const;
  size_t memory_bytes() const;

 private:
  // Position p stands for the values from cuts_[p - 1] up to below cuts_[p]. Crossing a cut upward
  // flips the rows of its changes.
  RowBitmaps bitmaps_;
  uint32_t free_ = 0;
  uint32_t nan_ = 0;
  std::vector<int64_t> cuts_;
  std::vector<uint32_t> change_starts_;   // by cut, and one more
  std::vector<uint32_t> changes_;         // rows
  std::vector<uint32_t> frame_;           // by position: the bitmap at or before it
  std::vector<uint32_t> frame_position_;  // by bitmap: its position
};

// What the list of a decision holds, for the dimensions that ask about it.
struct ListedElements {
  bool is_list = false;           // else an error: no constraint on it holds
  bool complete = false;          // no element is unknown
  bool foreign = false;           // an element has no key
  std::vector<uint32_t> numbers;  // of the elements that some set names
};
void FindElements(const Subject& subject, const expr::Value& list, const ValueNumbers& numbers,
                  ListedElements& elements);

// Of lists: some element is in the set, or none is.
class ElementDimension {
 public:
  static bool Takes(const ValueSet& set);

  // `numbers` gets the values of the sets; dimensions of one list share it.
  ElementDimension(RowConstraints constraints, size_t rows, Subject::Kind kind,
                   ValueNumbers& numbers);
  RowColumn Find(const ListedElements& elements, RowBlock* space) const;
  size_t memory_bytes() const;

 private:
  void AddRows(uint32_t value, RowBlock* space) const;

  bool some_;
  RowBitmaps bitmaps_;
  uint32_t free_ = 0;
  uint32_t bound_ = 0;            // bitmap of the rows with a constraint
  std::vector<uint32_t> stored_;  // by value: its bitmap, or kNone
  RowLists rows_;                 // by value: the rows whose set has it
};

}  // namespace touchstone::rules
