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

uint64_t HashText(absl::string_view text) {
  uint64_t hash = text.size() * 0x9e3779b97f4a7c15u;
  const char* bytes = text.data();
  size_t left = text.size();
  for (; left >= 8; left -= 8, bytes += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    hash = Mix(hash ^ word);
  }
  uint64_t tail = 0;
  for (size_t i = 0; i < left; ++i) {
    tail |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  }
  return Mix(hash ^ tail);
}

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
  for (const Value& element : elements) {
    if (element.kind() == Kind::kDouble) {
      doubles_.push_back(element);
    } else if (!IsHashed(element.kind())) {
      others_.push_back(element);
    } else if (!Probe(element)) {
      uint64_t at = HashKey(element) & (capacity - 1);
      while (!table_[at].IsError()) at = (at + 1) & (capacity - 1);
      table_[at] = element;
      if (element.kind() != Kind::kString) integers_.push_back(element);
    }
  }
}

bool ConstantSet::Probe(const Value& value) const {
  const uint64_t mask = table_.size() - 1;
  for (uint64_t at = HashKey(value) & mask; !table_[at].IsError(); at = (at + 1) & mask) {
    const Value& element = table_[at];
    if (value.kind() == Kind::kString) {
      if (element.kind() == Kind::kString && element.string_value() == value.string_value()) {
        return true;
      }
    } else if (IsNumber(element.kind()) && CompareNumbers(element, value) == Order::kEqual) {
      return true;
    }
  }
  return false;
}

bool ConstantSet::Contains(const Value& value) const {
  switch (value.kind()) {
    case Kind::kString:
      return Probe(value);
    case Kind::kInt:
    case Kind::kUint:
      return Probe(value) || ContainsOneByOne(doubles_, value);
    case Kind::kDouble:
      return ContainsOneByOne(doubles_, value) || ContainsOneByOne(integers_, value);
    default:
      return ContainsOneByOne(others_, value);
  }
}

}  // namespace touchstone::rules::expr
