#include "rules/eligibility/value_set.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace touchstone::rules {
namespace {

using Texts = std::vector<std::string>;

Texts Joined(const Texts& a, const Texts& b) {
  Texts joined;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(joined));
  return joined;
}

Texts Shared(const Texts& a, const Texts& b) {
  Texts shared;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(shared));
  return shared;
}

Texts Without(const Texts& a, const Texts& b) {
  Texts rest;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(rest));
  return rest;
}

// Ascending, overlapping and touching ones made one.
void Normalise(std::vector<KeyInterval>& intervals) {
  std::sort(intervals.begin(), intervals.end(),
            [](KeyInterval a, KeyInterval b) { return a.first < b.first; });
  size_t kept = 0;
  for (const KeyInterval interval : intervals) {
    KeyInterval* last = kept == 0 ? nullptr : &intervals[kept - 1];
    if (last != nullptr && (last->last == INT64_MAX || interval.first <= last->last + 1)) {
      last->last = std::max(last->last, interval.last);
    } else {
      intervals[kept++] = interval;
    }
  }
  intervals.resize(kept);
}

std::vector<KeyInterval> Shared(absl::Span<const KeyInterval> a, absl::Span<const KeyInterval> b) {
  std::vector<KeyInterval> shared;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const int64_t first = std::max(a[i].first, b[j].first);
    const int64_t last = std::min(a[i].last, b[j].last);
    if (first <= last) shared.push_back({first, last});
    if (a[i].last < b[j].last) {
      ++i;
    } else {
      ++j;
    }
  }
  return shared;
}

// The keys of `whole` between and around the intervals.
std::vector<KeyInterval> Gaps(absl::Span<const KeyInterval> intervals, KeyInterval whole) {
  std::vector<KeyInterval> gaps;
  int64_t next = whole.first;
  for (const KeyInterval interval : intervals) {
    if (interval.first > next) gaps.push_back({next, interval.first - 1});
    if (interval.last >= whole.last) return gaps;
    next = interval.last + 1;
  }
  gaps.push_back({next, whole.last});
  return gaps;
}

}  // namespace

ValueSet ValueSet::All(const ValueDomain& domain) {
  ValueSet set;
  set.is_text_ = domain.is_text;
  if (!domain.is_text) {
    set.intervals_ = {domain.keys};
    set.nan_ = domain.nan;
  } else {
    set.except_ = true;
  }
  return set;
}

ValueSet ValueSet::Text(absl::string_view text) { return Texts({std::string(text)}); }

ValueSet ValueSet::Texts(std::vector<std::string> texts) {
  ValueSet set;
  set.is_text_ = true;
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  set.texts_ = std::move(texts);
  return set;
}

ValueSet ValueSet::Keys(int64_t first, int64_t last) {
  ValueSet set;
  if (first <= last) set.intervals_.push_back({first, last});
  return set;
}

ValueSet ValueSet::KeyIntervals(std::vector<KeyInterval> intervals) {
  ValueSet set;
  set.intervals_ = std::move(intervals);
  Normalise(set.intervals_);
  return set;
}

bool ValueSet::ContainsText(absl::string_view text) const {
  const auto found = std::lower_bound(texts_.begin(), texts_.end(), text);
  return is_text_ && (found != texts_.end() && *found == text) != except_;
}

bool ValueSet::ContainsKey(int64_t key) const {
  const auto after =
      std::upper_bound(intervals_.begin(), intervals_.end(), key,
                       [](int64_t wanted, KeyInterval i) { return wanted < i.first; });
  return after != intervals_.begin() && key <= std::prev(after)->last;
}

ValueSet ValueSet::Union(const ValueSet& other) const {
  ValueSet result = *this;
  result.nan_ = nan_ || other.nan_;
  if (is_text_) {
    if (except_ && other.except_) {
      result.texts_ = Shared(texts_, other.texts_);
    } else if (except_ || other.except_) {
      const ValueSet& wide = except_ ? *this : other;
      result.texts_ = Without(wide.texts_, (except_ ? other : *this).texts_);
      result.except_ = true;
    } else {
      result.texts_ = Joined(texts_, other.texts_);
    }
    return result;
  }
  result.intervals_.insert(result.intervals_.end(), other.intervals_.begin(),
                           other.intervals_.end());
  Normalise(result.intervals_);
  return result;
}

ValueSet ValueSet::Intersection(const ValueSet& other) const {
  ValueSet result = *this;
  result.nan_ = nan_ && other.nan_;
  if (is_text_) {
    if (except_ && other.except_) {
      result.texts_ = Joined(texts_, other.texts_);
    } else if (except_ || other.except_) {
      const ValueSet& narrow = except_ ? other : *this;
      result.texts_ = Without(narrow.texts_, (except_ ? *this : other).texts_);
      result.except_ = false;
    } else {
      result.texts_ = Shared(texts_, other.texts_);
    }
    return result;
  }
  result.intervals_ = Shared(intervals_, other.intervals_);
  return result;
}

ValueSet ValueSet::Complement(const ValueDomain& domain) const {
  ValueSet result = *this;
  if (is_text_) {
    result.except_ = !except_;
    return result;
  }
  result.nan_ = domain.nan && !nan_;
  result.intervals_ = Gaps(intervals_, domain.keys);
  return result;
}

}  // namespace touchstone::rules
