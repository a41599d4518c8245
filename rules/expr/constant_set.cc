#include "rules/expr/constant_set.h"

#include <cstring>

#include "rules/expr/comparison.h"

namespace touchstone::rules::expr {
namespace {

uint64_t Mix(uint64_t x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15u;
  x ^= x >> 29;
  return x;
}

// The last 1 to 7 bytes of a text, as a number that says which they are.
uint64_t LoadTail(const char* bytes, size_t size) {
  if (size >= 4) {
    uint32_t first = 0;
    uint32_t last = 0;
    std::memcpy(&first, bytes, 4);
    std::memcpy(&last, bytes + size - 4, 4);
    // Where both overlap they agree. (A word beside itself would be undone by the first shift of
    // Mix: texts of four bytes would share a few places.)
    return uint64_t{last} << 8 * (size - 4) | first;
  }
  const auto byte = [bytes](size_t i) { return uint64_t{static_cast<unsigned char>(bytes[i])}; };
  return byte(0) | byte(size / 2) << 8 | byte(size - 1) << 16;
}

uint8_t MarkOf(uint64_t hash) { return static_cast<uint8_t>(hash >> 56 | 1); }

bool IsHashed(Kind kind) {
  return kind == Kind::kString || kind == Kind::kInt || kind == Kind::kUint;
}

bool ContainsOneByOne(const std::vector<Value>& elements, const Value& value) {
  for (const Value& element : elements) {
    if (Equals(element, value)) return true;
  }
  return false;
}

}  // namespace

uint64_t HashText(absl::string_view text) {
  uint64_t hash = text.size() * 0x9e3779b97f4a7c15u;
  const char* bytes = text.data();
  size_t left = text.size();
  for (; left >= 8; left -= 8, bytes += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    hash = Mix(hash ^ word);
  }
  return left == 0 ? hash : Mix(hash ^ LoadTail(bytes, left));
}

uint64_t HashKey(const Value& value) {
  switch (value.kind()) {
    case Kind::kString:
      return HashText(value.string_value());
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kBool:
      return Mix(value.uint_value() + 1);
    default:
      return 0;
  }
}

ConstantSet::ConstantSet(absl::Span<const Value> elements) {
  size_t capacity = 2;
  while (capacity < 2 * elements.size()) capacity *= 2;
  table_.resize(capacity);
  marks_.resize(capacity);
  for (const Value& element : elements) {
    if (element.kind() == Kind::kDouble) {
      doubles_.push_back(element);
    } else if (!IsHashed(element.kind())) {
      others_.push_back(element);
    } else if (element.kind() == Kind::kString) {
      if (!ContainsText(element.string_value())) Insert(element);
    } else if (!ContainsInteger(element)) {
      Insert(element);
      integers_.push_back(element);
    }
  }
}

void ConstantSet::Insert(const Value& element) {
  const uint64_t mask = table_.size() - 1;
  const uint64_t hash = HashKey(element);
  uint64_t at = hash & mask;
  while (!IsFree(at)) at = (at + 1) & mask;
  table_[at] = element;
  marks_[at] = MarkOf(hash);
}

bool ConstantSet::ContainsText(absl::string_view text) const {
  const uint64_t mask = table_.size() - 1;
  const uint64_t hash = HashText(text);
  const uint8_t mark = MarkOf(hash);
  for (uint64_t at = hash & mask; !IsFree(at); at = (at + 1) & mask) {
    if (marks_[at] != mark) continue;
    const Value& element = table_[at];
    if (element.kind() == Kind::kString && element.string_value() == text) return true;
  }
  return false;
}

bool ConstantSet::ContainsInteger(const Value& value) const {
  const uint64_t mask = table_.size() - 1;
  const uint64_t hash = HashKey(value);
  const uint8_t mark = MarkOf(hash);
  for (uint64_t at = hash & mask; !IsFree(at); at = (at + 1) & mask) {
    if (marks_[at] != mark) continue;
    const Value& element = table_[at];
    if (IsNumber(element.kind()) && CompareNumbers(element, value) == Order::kEqual) return true;
  }
  return false;
}

bool ConstantSet::Contains(const Value& value) const {
  switch (value.kind()) {
    case Kind::kString:
      return ContainsText(value.string_value());
    case Kind::kInt:
    case Kind::kUint:
      return ContainsInteger(value) || ContainsOneByOne(doubles_, value);
    case Kind::kDouble:
      return ContainsOneByOne(doubles_, value) || ContainsOneByOne(integers_, value);
    default:
      return ContainsOneByOne(others_, value);
  }
}

}  // namespace touchstone::rules::expr
