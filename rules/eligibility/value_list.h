#pragma once

// Sets of values as lists of them, where they are short enough. Internal to this room.
//
// Thread safety: pure.

#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "rules/eligibility/value_set.h"

namespace touchstone::rules {

// Whether the set is a list: texts, or at most so many keys; not all but some, and not NaN.
inline bool IsList(const ValueSet& set, int64_t most_keys) {
  if (set.is_text()) return !set.except();
  if (set.nan()) return false;
  int64_t keys = 0;
  for (const KeyInterval interval : set.intervals()) {
    int64_t length = 0;
    if (__builtin_sub_overflow(interval.last, interval.first, &length)) return false;
    if (length >= most_keys) return false;
    keys += length + 1;
  }
  return keys <= most_keys;
}

// Calls visit(absl::string_view) for each text and visit(int64_t) for each key. REQUIRES: IsList.
template <typename Visit>
void VisitValues(const ValueSet& set, Visit&& visit) {
  for (const std::string& text : set.texts()) visit(absl::string_view(text));
  for (const KeyInterval interval : set.intervals()) {
    for (int64_t key = interval.first;; ++key) {
      visit(key);
      if (key == interval.last) break;
    }
  }
}

}  // namespace touchstone::rules
