#include "rules/facts/reference.h"

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/constant_set.h"
#include "rules/facts/value_copy.h"

namespace touchstone::rules {
namespace {

constexpr size_t kFirstPlaces = 16;

// What a key takes before the row that follows it.
size_t KeyBytes(size_t key_size) {
  return (key_size + alignof(expr::Value) - 1) & ~(alignof(expr::Value) - 1);
}

}  // namespace

uint64_t ReferenceTable::HashOf(absl::string_view key) { return expr::HashText(key); }

absl::string_view ReferenceTable::KeyOf(const Place& place) {
  return absl::string_view(reinterpret_cast<const char*>(place.row) - KeyBytes(place.key_size),
                           place.key_size);
}

absl::Status ReferenceTable::Add(absl::string_view key, absl::Span<const expr::Value> row) {
  if (row.size() != columns_) {
    return absl::InvalidArgumentError(
        absl::StrCat("the row of ", key, " has ", row.size(), " values instead of ", columns_));
  }
  const uint64_t hash = HashOf(key);
  if (Find(key, hash) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat("there is a row of ", key, " already"));
  }
  const size_t key_bytes = KeyBytes(key.size());
  // One byte more, so that a row without columns has an address too.
  char* memory = static_cast<char*>(
      memory_->Allocate(key_bytes + columns_ * sizeof(expr::Value) + 1, alignof(expr::Value)));
  if (!key.empty()) std::memcpy(memory, key.data(), key.size());
  auto* values = reinterpret_cast<expr::Value*>(memory + key_bytes);
  for (size_t i = 0; i < columns_; ++i) new (values + i) expr::Value(CopyValue(row[i], *memory_));
  if (2 * (size_ + 1) > places_.size()) {
    const std::vector<Place> before = std::move(places_);
    places_ = std::vector<Place>(before.empty() ? kFirstPlaces : 2 * before.size());
    for (const Place& place : before) {
      if (place.row != nullptr) Insert(place);
    }
  }
  Insert({values, static_cast<uint32_t>(hash), static_cast<uint32_t>(key.size())});
  ++size_;
  return absl::OkStatus();
}

// REQUIRES: a free place.
void ReferenceTable::Insert(const Place& place) {
  const size_t mask = places_.size() - 1;
  size_t at = place.hash & mask;
  while (places_[at].row != nullptr) at = (at + 1) & mask;
  places_[at] = place;
}

uint64_t ReferenceTable::HashToFind(absl::string_view key) const {
  const uint64_t hash = HashOf(key);
  if (!places_.empty()) {
    __builtin_prefetch(&places_[static_cast<uint32_t>(hash) & (places_.size() - 1)]);
  }
  return hash;
}

const expr::Value* ReferenceTable::Find(absl::string_view key, uint64_t hash) const {
  if (places_.empty()) return nullptr;
  const size_t mask = places_.size() - 1;
  const auto lower = static_cast<uint32_t>(hash);
  for (size_t at = lower & mask; places_[at].row != nullptr; at = (at + 1) & mask) {
    const Place& place = places_[at];
    if (place.hash == lower && place.key_size == key.size() && KeyOf(place) == key) {
      return place.row;
    }
  }
  return nullptr;
}

}  // namespace touchstone::rules
