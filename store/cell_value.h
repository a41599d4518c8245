#pragma once

// The value of an aggregate's cell, while it is compared or moved: a slot and its text, as views.
//
// Thread safety: immutable. Lifetime: points into the record or patch that it was read from.

#include <compare>
#include <cstdint>
#include <cstring>
#include <limits>

#include "absl/strings/string_view.h"
#include "store/value.h"

namespace touchstone::store {

struct CellValue {
  uint8_t type;
  char currency[3];
  int64_t payload;         // 0 for a type in the heap
  absl::string_view text;  // empty for a type in the slot

  static CellValue FromView(const ValueView& view) {
    CellValue value{static_cast<uint8_t>(view.type()), {}, 0, {}};
    std::memcpy(value.currency, view.currency_code().data(), sizeof(value.currency));
    if (IsHeapType(value.type)) {
      value.text = view.heap_payload();
    } else {
      value.payload = view.inline_payload();
    }
    return value;
  }
  // From four bytes of type and currency, and the payload: eight bytes unless in the heap.
  static CellValue FromBytes(const char* head, absl::string_view payload) {
    CellValue value{static_cast<uint8_t>(head[0]), {head[1], head[2], head[3]}, 0, {}};
    if (IsHeapType(value.type)) {
      value.text = payload;
    } else {
      value.payload = LoadNumber<int64_t>(payload.data());
    }
    return value;
  }

  bool is_double() const { return type == static_cast<uint8_t>(ValueType::kDouble); }
};

// A total order over all values, also those that never meet: by type, then by the bytes of the
// currency, then as numbers or as bytes. Doubles are ordered as IEEE 754 totalOrder.
inline std::strong_ordering operator<=>(const CellValue& a, const CellValue& b) {
  if (a.type != b.type) return a.type <=> b.type;
  if (const int order = std::memcmp(a.currency, b.currency, sizeof(a.currency)); order != 0) {
    return order <=> 0;
  }
  if (IsHeapType(a.type)) return a.text.compare(b.text) <=> 0;
  // A double is a sign and a magnitude: those below zero ascend the other way round.
  const auto number = [](const CellValue& value) {
    const bool turned = value.is_double() && value.payload < 0;
    return turned ? value.payload ^ std::numeric_limits<int64_t>::max() : value.payload;
  };
  return number(a) <=> number(b);
}
inline bool operator==(const CellValue& a, const CellValue& b) { return (a <=> b) == 0; }

}  // namespace touchstone::store
