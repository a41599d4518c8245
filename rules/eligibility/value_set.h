#pragma once

// A set of values that one subject of a condition may take: what is left of `age >= 18`,
// `region in ["r1", "r2"]` or `!(tier == "gold")` once the operators are gone.
//
// Texts are a finite set or the complement of one. Everything ordered (numbers, money, decimals,
// times, bools) is a set of keys: int64, in the order of the values, so that a set is a few closed
// intervals; NaN stands beside the line. The keys are those of value_key.h.
// Thread safety: a value; const methods from any thread. Cost: linear in intervals or texts.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::rules {

// Both ends included.
struct KeyInterval {
  int64_t first = 0;
  int64_t last = 0;
  friend bool operator==(KeyInterval a, KeyInterval b) = default;
};

// All values that a subject can have.
struct ValueDomain {
  bool is_text = false;
  KeyInterval keys = {INT64_MIN, INT64_MAX};
  bool nan = false;  // doubles
};

class ValueSet {
 public:
  ValueSet() = default;  // empty, of keys

  static ValueSet All(const ValueDomain& domain);
  static ValueSet Text(absl::string_view text);
  // In any order, with repeats.
  static ValueSet Texts(std::vector<std::string> texts);
  // Empty when first > last.
  static ValueSet Keys(int64_t first, int64_t last);
  static ValueSet KeyIntervals(std::vector<KeyInterval> intervals);

  bool is_text() const { return is_text_; }
  // Ascending. With except() the set is every text but these.
  absl::Span<const std::string> texts() const { return texts_; }
  bool except() const { return except_; }
  // Ascending, apart from one another by at least one key.
  absl::Span<const KeyInterval> intervals() const { return intervals_; }
  bool nan() const { return nan_; }

  bool IsEmpty() const { return texts_.empty() && !except_ && intervals_.empty() && !nan_; }
  bool ContainsText(absl::string_view text) const;
  bool ContainsKey(int64_t key) const;

  // REQUIRES for both: sets of one domain.
  ValueSet Union(const ValueSet& other) const;
  ValueSet Intersection(const ValueSet& other) const;
  // What else the domain has. REQUIRES: a set of that domain.
  ValueSet Complement(const ValueDomain& domain) const;

  friend bool operator==(const ValueSet& a, const ValueSet& b) = default;

 private:
  bool is_text_ = false;
  bool except_ = false;
  bool nan_ = false;
  std::vector<std::string> texts_;
  std::vector<KeyInterval> intervals_;
};

}  // namespace touchstone::rules
