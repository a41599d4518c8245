#include "rules/eligibility/dimension.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "rules/eligibility/value_list.h"

namespace touchstone::rules {
namespace {

using Entries = std::vector<std::pair<uint32_t, uint32_t>>;

// A subject with no more values than this has a bitmap for each.
constexpr size_t kMaxBitmapValues = 64;
// Otherwise a value gets a bitmap when its list is longer than a row in this many: so bitmaps take
// at most 64 bytes for each value that a row names.
constexpr size_t kRowsPerListed = 512;
// Sets of more values than this are spans.
constexpr int64_t kMaxPoints = 1'024;
// A range has a bitmap after this many changes, or one for a row in kRowsPerListed.
constexpr size_t kMinChangesPerBitmap = 8;

constexpr uint32_t kNone = ValueNumbers::kNone;

std::vector<RowBlock> AllRows(size_t rows) {
  std::vector<RowBlock> bitmap(BlocksFor(rows));
  for (uint32_t row = 0; row < rows; ++row) SetRow(bitmap.data(), row);
  return bitmap;
}

std::vector<RowBlock> FreeRows(RowConstraints constraints, size_t rows) {
  std::vector<RowBlock> bitmap = AllRows(rows);
  for (const RowConstraint& constraint : constraints) ClearRow(bitmap.data(), constraint.row);
  return bitmap;
}

void Copy(absl::Span<const RowBlock> bitmap, RowBlock* space) {
  std::memcpy(space, bitmap.data(), bitmap.size() * sizeof(RowBlock));
}

bool DeservesBitmap(size_t listed, size_t values, size_t rows) {
  return values <= kMaxBitmapValues || listed * kRowsPerListed > rows;
}

}  // namespace

uint32_t ValueNumbers::Add(absl::string_view text) {
  const auto [found, is_new] = by_text_.emplace(std::string(text), static_cast<uint32_t>(size_));
  if (is_new) ++size_;
  return found->second;
}

uint32_t ValueNumbers::Add(int64_t key) {
  const auto [found, is_new] = by_key_.emplace(key, static_cast<uint32_t>(size_));
  if (is_new) ++size_;
  return found->second;
}

void ValueNumbers::Finish() {
  // A place costs a fifth of what an entry of the hash does.
  constexpr uint64_t kPlacesPerKey = 8;
  if (by_key_.empty()) return;
  first_key_ = INT64_MAX;
  int64_t last = INT64_MIN;
  for (const auto& [key, number] : by_key_) {
    first_key_ = std::min(first_key_, key);
    last = std::max(last, key);
  }
  const uint64_t places = static_cast<uint64_t>(last) - static_cast<uint64_t>(first_key_) + 1;
  if (places == 0 || places > by_key_.size() * kPlacesPerKey) return;
  by_place_.assign(places, kNone);
  for (const auto& [key, number] : by_key_) {
    by_place_[static_cast<uint64_t>(key) - static_cast<uint64_t>(first_key_)] = number;
  }
  by_key_ = {};
}

uint32_t ValueNumbers::FindKey(int64_t key) const {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? kNone : found->second;
}

uint32_t ValueNumbers::FindText(absl::string_view text) const {
  const auto found = by_text_.find(text);
  return found == by_text_.end() ? kNone : found->second;
}

size_t ValueNumbers::memory_bytes() const {
  // An entry of the hash: a slot, its control byte, and the room that its load factor leaves free.
  size_t bytes = by_key_.capacity() * (sizeof(std::pair<int64_t, uint32_t>) + 1) +
                 by_text_.capacity() * (sizeof(std::pair<std::string, uint32_t>) + 1) +
                 by_place_.capacity() * sizeof(uint32_t);
  for (const auto& [text, number] : by_text_) {
    if (text.capacity() > std::string().capacity()) bytes += text.capacity() + 1;
  }
  return bytes;
}

RowLists::RowLists(Entries entries, size_t values) : starts_(values + 1) {
  std::sort(entries.begin(), entries.end());
  entries.erase(std::unique(entries.begin(), entries.end()), entries.end());
  rows_.reserve(entries.size());
  for (const auto& [value, row] : entries) {
    ++starts_[value + 1];
    rows_.push_back(row);
  }
  for (size_t i = 0; i < values; ++i) starts_[i + 1] += starts_[i];
}

template <typename Drop>
void RowLists::Shrink(Drop&& drop) {
  std::vector<uint32_t> kept;
  uint32_t begin = starts_.empty() ? 0 : starts_[0];
  for (uint32_t value = 0; value + 1 < starts_.size(); ++value) {
    const uint32_t end = starts_[value + 1];
    if (!drop(value)) kept.insert(kept.end(), rows_.begin() + begin, rows_.begin() + end);
    begin = end;
    starts_[value + 1] = static_cast<uint32_t>(kept.size());
  }
  rows_ = std::move(kept);
  rows_.shrink_to_fit();
}

bool PointDimension::Takes(const ValueSet& set, const ValueDomain& domain) {
  return IsList(set, kMaxPoints) || IsList(set.Complement(domain), kMaxPoints);
}

PointDimension::PointDimension(RowConstraints constraints, size_t rows, const ValueDomain& domain)
    : bitmaps_(rows), added_({}, 0), removed_({}, 0) {
  std::vector<RowBlock> bitmap = FreeRows(constraints, rows);
  free_ = bitmaps_.Add(bitmap);
  Entries added;
  Entries removed;
  for (const RowConstraint& constraint : constraints) {
    const bool is_listed = IsList(*constraint.set, kMaxPoints);
    Entries& entries = is_listed ? added : removed;
    const auto add = [&](auto value) { entries.emplace_back(numbers_.Add(value), constraint.row); };
    VisitValues(is_listed ? *constraint.set : constraint.set->Complement(domain), add);
    if (!is_listed) SetRow(bitmap.data(), constraint.row);
  }
  other_ = bitmaps_.Add(bitmap);
  numbers_.Finish();
  const size_t values = numbers_.size();
  added_ = RowLists(std::move(added), values);
  removed_ = RowLists(std::move(removed), values);
  stored_.assign(values, kNone);
  std::vector<RowBlock> column(bitmap.size());
  for (uint32_t value = 0; value < values; ++value) {
    if (!DeservesBitmap(added_.at(value).size() + removed_.at(value).size(), values, rows)) {
      continue;
    }
    Copy(bitmap, column.data());
    for (const uint32_t row : added_.at(value)) SetRow(column.data(), row);
    for (const uint32_t row : removed_.at(value)) ClearRow(column.data(), row);
    stored_[value] = bitmaps_.Add(column);
  }
  const auto is_stored = [this](uint32_t value) { return stored_[value] != kNone; };
  added_.Shrink(is_stored);
  removed_.Shrink(is_stored);
  bitmaps_.Finish();
}

RowColumn PointDimension::Find(const ValueKey& value, RowBlock* space) const {
  if (value.state == ValueKey::State::kNone) return bitmaps_.Column(free_);
  const uint32_t number = numbers_.Find(value);
  if (number == kNone) return bitmaps_.Column(other_);
  if (stored_[number] != kNone) return bitmaps_.Column(stored_[number]);
  Copy(bitmaps_.at(other_), space);
  for (const uint32_t row : added_.at(number)) SetRow(space, row);
  for (const uint32_t row : removed_.at(number)) ClearRow(space, row);
  return {space, bitmaps_.Column(other_).count};
}

size_t PointDimension::memory_bytes() const {
  return numbers_.memory_bytes() + bitmaps_.memory_bytes() + added_.memory_bytes() +
         removed_.memory_bytes() + stored_.capacity() * sizeof(uint32_t);
}

RangeDimension::RangeDimension(RowConstraints constraints, size_t rows, const ValueDomain& domain)
    : bitmaps_(rows) {
  std::vector<RowBlock> bitmap = FreeRows(constraints, rows);
  free_ = bitmaps_.Add(bitmap);
  std::vector<RowBlock> nan = bitmap;
  std::vector<std::pair<int64_t, uint32_t>> changes;
  for (const RowConstraint& constraint : constraints) {
    if (constraint.set->nan()) SetRow(nan.data(), constraint.row);
    for (const KeyInterval interval : constraint.set->intervals()) {
      changes.emplace_back(interval.first, constraint.row);
      if (interval.last < domain.keys.last) {
        changes.emplace_back(interval.last + 1, constraint.row);
      }
    }
  }
  nan_ = bitmaps_.Add(nan);
  std::sort(changes.begin(), changes.end());
  frame_position_.assign(2, 0);
  frame_.push_back(free_);
  const size_t most_changes = std::max(kMinChangesPerBitmap, rows / kRowsPerListed);
  size_t since_frame = 0;
  for (size_t i = 0; i < changes.size();) {
    const int64_t cut = changes[i].first;
    cuts_.push_back(cut);
    change_starts_.push_back(static_cast<uint32_t>(i));
    for (; i < changes.size() && changes[i].first == cut; ++i, ++since_frame) {
      FlipRow(bitmap.data(), changes[i].second);
      changes_.push_back(changes[i].second);
    }
    if (since_frame > most_changes) {
      frame_.push_back(bitmaps_.Add(bitmap));
      frame_position_.push_back(static_cast<uint32_t>(cuts_.size()));
      since_frame = 0;
    } else {
      frame_.push_back(frame_.back());
    }
  }
  change_starts_.push_back(static_cast<uint32_t>(changes.size()));
  bitmaps_.Finish();
}

RowColumn RangeDimension::Find(const ValueKey& value, RowBlock* space) const {
  if (value.state == ValueKey::State::kNone) return bitmaps_.Column(free_);
  if (value.state == ValueKey::State::kNan) return bitmaps_.Column(nan_);
  const auto after = std::upper_bound(cuts_.begin(), cuts_.end(), value.key);
  const size_t position = static_cast<size_t>(after - cuts_.begin());
  const uint32_t frame = frame_[position];
  const uint32_t framed = frame_position_[frame];
  if (framed == position) return bitmaps_.Column(frame);
  Copy(bitmaps_.at(frame), space);
  for (uint32_t i = change_starts_[framed]; i < change_starts_[position]; ++i) {
    FlipRow(space, changes_[i]);
  }
  return {space, bitmaps_.Column(frame).count};
}

size_t RangeDimension::memory_bytes() const {
  return bitmaps_.memory_bytes() + cuts_.capacity() * sizeof(int64_t) +
         (change_starts_.capacity() + changes_.capacity() + frame_.capacity() +
          frame_position_.capacity()) *
             sizeof(uint32_t);
}

bool ElementDimension::Takes(const ValueSet& set) { return IsList(set, kMaxPoints); }

void FindElements(const Subject& subject, const expr::Value& list, const ValueNumbers& numbers,
                  ListedElements& elements) {
  elements.numbers.clear();
  elements.is_list = list.kind() == expr::Kind::kList;
  elements.foreign = !elements.is_list && !list.IsError();
  elements.complete = VisitElements(subject, list, [&](const ValueKey& key) {
    elements.foreign = elements.foreign || key.state == ValueKey::State::kForeign;
    const uint32_t number = numbers.Find(key);
    if (number != kNone) elements.numbers.push_back(number);
  });
}

ElementDimension::ElementDimension(RowConstraints constraints, size_t rows, Subject::Kind kind,
                                   ValueNumbers& numbers)
    : some_(kind == Subject::Kind::kSomeElement), bitmaps_(rows), rows_({}, 0) {
  free_ = bitmaps_.Add(FreeRows(constraints, rows));
  std::vector<RowBlock> bitmap(BlocksFor(rows));
  Entries entries;
  for (const RowConstraint& constraint : constraints) {
    SetRow(bitmap.data(), constraint.row);
    VisitValues(*constraint.set,
                [&](auto value) { entries.emplace_back(numbers.Add(value), constraint.row); });
  }
  bound_ = bitmaps_.Add(bitmap);
  const size_t values = numbers.size();
  rows_ = RowLists(std::move(entries), values);
  stored_.assign(values, kNone);
  for (uint32_t value = 0; value < values; ++value) {
    if (rows_.at(value).size() * kRowsPerListed <= rows) continue;
    std::fill(bitmap.begin(), bitmap.end(), RowBlock());
    for (const uint32_t row : rows_.at(value)) SetRow(bitmap.data(), row);
    stored_[value] = bitmaps_.Add(bitmap);
  }
  rows_.Shrink([this](uint32_t value) { return stored_[value] != kNone; });
  bitmaps_.Finish();
}

void ElementDimension::AddRows(uint32_t value, RowBlock* space) const {
  if (stored_[value] == kNone) {
    for (const uint32_t row : rows_.at(value)) SetRow(space, row);
    return;
  }
  const absl::Span<const RowBlock> bitmap = bitmaps_.at(stored_[value]);
  for (size_t i = 0; i < bitmap.size(); ++i) space[i] = Or(space[i], bitmap[i]);
}

// Rows of the elements first, among the constrained ones; those are what `some` keeps and what
// `none` drops.
RowColumn ElementDimension::Find(const ListedElements& elements, RowBlock* space) const {
  if (!elements.is_list || (!some_ && !elements.complete)) return bitmaps_.Column(free_);
  const absl::Span<const RowBlock> free = bitmaps_.at(free_);
  if (some_) {
    Copy(free, space);
  } else {
    std::fill_n(space, free.size(), RowBlock());
  }
  for (const uint32_t value : elements.numbers) {
    // A dimension that was built before another of its list does not know the other's values.
    if (value < stored_.size()) AddRows(value, space);
  }
  if (some_) return {space, bitmaps_.Column(free_).count};
  const absl::Span<const RowBlock> bound = bitmaps_.at(bound_);
  for (size_t i = 0; i < free.size(); ++i) space[i] = Or(free[i], AndNot(bound[i], space[i]));
  // Half of the constrained rows, for want of a count.
  return {space, bitmaps_.Column(free_).count + bitmaps_.Column(bound_).count / 2};
}

size_t ElementDimension::memory_bytes() const {
  return bitmaps_.memory_bytes() + rows_.memory_bytes() + stored_.capacity() * sizeof(uint32_t);
}

}  // namespace touchstone::rules
