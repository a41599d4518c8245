#pragma once

// A typed value inside a flat record: ValueView reads one in place, Value owns one for writing.
//
// Thread safety: immutable after construction.
// Lifetime: a view, and every string or list taken from it, points into the record's bytes.
// Units: timestamps are microseconds and dates are days since 1970-01-01 (UTC); decimals are
// thousandths; money is a count of minor units and a three-letter ISO 4217 code.
// Cost: every accessor is O(1) and allocates nothing.
// The byte format is in docs/formats/record.md.

#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace touchstone::store {

// A type whose number has bit 7 set keeps its payload in the heap, any other one inline; so a type
// of a later version can be carried along by a reader that does not know it.
enum class ValueType : uint8_t {
  kBool = 1,
  kInt64 = 2,
  kDouble = 3,
  kTimestamp = 4,
  kDate = 5,
  kMoney = 6,
  kDecimal = 7,
  kString = 128,
  kStringList = 129,
  kRecordList = 130,
};
constexpr bool IsHeapType(uint8_t type) { return (type & 0x80u) != 0; }

// Numbers are little-endian in the record and may be unaligned.
template <typename T>
T LoadNumber(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof(T));
  return value;
}

class StringListView {
 public:
  StringListView() = default;
  // REQUIRES: `bytes` passed ValidateStringList.
  explicit StringListView(absl::string_view bytes);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  absl::string_view operator[](size_t i) const;  // REQUIRES: i < size()
  bool Contains(absl::string_view text) const;   // linear in size()

 private:
  const char* ends_ = nullptr;  // size_ end offsets of four bytes, relative to text_
  const char* text_ = nullptr;
  size_t size_ = 0;
};

class FieldsView;

// A list of records of typed fields.
class RecordListView {
 public:
  RecordListView() = default;
  explicit RecordListView(StringListView records) : records_(records) {}
  size_t size() const { return records_.size(); }
  FieldsView operator[](size_t i) const;  // REQUIRES: i < size()

 private:
  StringListView records_;
};

class ValueView {
 public:
  static constexpr size_t kSlotBytes = 12;  // type, three letters of currency, payload

  // REQUIRES: the slot was validated against `heap`.
  ValueView(const char* slot, const char* heap) : slot_(slot), heap_(heap) {}

  // May be a number that is not in ValueType: a value that a later version wrote.
  ValueType type() const { return static_cast<ValueType>(slot_[0]); }

  // REQUIRES for each accessor: the matching type().
  bool bool_value() const { return inline_payload() != 0; }
  int64_t int64_value() const { return inline_payload(); }
  double double_value() const { return LoadNumber<double>(slot_ + 4); }
  int64_t timestamp_us() const { return inline_payload(); }
  int64_t date_days() const { return inline_payload(); }
  int64_t decimal_thousandths() const { return inline_payload(); }
  int64_t money_amount_minor() const { return inline_payload(); }
  absl::string_view currency_code() const { return absl::string_view(slot_ + 1, 3); }
  absl::string_view string_value() const { return heap_payload(); }
  StringListView string_list() const { return StringListView(heap_payload()); }
  RecordListView record_list() const { return RecordListView(StringListView(heap_payload())); }

  // REQUIRES: not IsHeapType, respectively IsHeapType.
  int64_t inline_payload() const { return LoadNumber<int64_t>(slot_ + 4); }
  absl::string_view heap_payload() const {
    return absl::string_view(heap_ + LoadNumber<uint32_t>(slot_ + 4),
                             LoadNumber<uint32_t>(slot_ + 8));
  }

 private:
  const char* slot_;
  const char* heap_;
};

// The fields of one record of a list, in ascending order of field id.
class FieldsView {
 public:
  // REQUIRES: `bytes` passed ValidateFields.
  explicit FieldsView(absl::string_view bytes);

  size_t size() const { return size_; }
  uint32_t id(size_t i) const { return LoadNumber<uint32_t>(cells_ + i * kCellBytes); }
  ValueView value(size_t i) const { return ValueView(cells_ + i * kCellBytes + 4, heap_); }

  static constexpr size_t kCellBytes = 4 + ValueView::kSlotBytes;

 private:
  const char* cells_;
  const char* heap_;
  size_t size_;
};

// An owned value, in the form in which it is stored.
class Value {
 public:
  struct Field;

  static Value Bool(bool v) { return Inline(ValueType::kBool, v ? 1 : 0); }
  static Value Int64(int64_t v) { return Inline(ValueType::kInt64, v); }
  static Value Double(double v);
  static Value TimestampUs(int64_t v) { return Inline(ValueType::kTimestamp, v); }
  static Value DateDays(int64_t v) { return Inline(ValueType::kDate, v); }
  static Value DecimalThousandths(int64_t v) { return Inline(ValueType::kDecimal, v); }
  // REQUIRES: currency_code is three bytes long.
  static Value Money(int64_t amount_minor, absl::string_view currency_code);
  static Value String(absl::string_view v);
  static Value StringList(absl::Span<const std::string> v);
  // REQUIRES: in each record the field ids ascend, and no field is itself a record list.
  static Value RecordList(absl::Span<const std::vector<Field>> records);
  // Of any type, also one that is not known here.
  static Value Copy(const ValueView& view);

  ValueType type() const { return type_; }
  // The slot's first four bytes and its inline payload; the heap part, empty for inline types.
  absl::string_view currency_code() const { return absl::string_view(currency_, 3); }
  int64_t inline_payload() const { return payload_; }
  absl::string_view heap_payload() const { return heap_; }

 private:
  explicit Value(ValueType type) : type_(type) {}
  static Value Inline(ValueType type, int64_t payload);
  static Value Heap(ValueType type, std::string bytes);

  ValueType type_;
  char currency_[3] = {0, 0, 0};
  int64_t payload_ = 0;
  std::string heap_;
};

struct Value::Field {
  uint32_t id;
  Value value;
};

// Whether both are stored as the same bytes.
bool IsSameValue(const ValueView& a, const ValueView& b);

// DataLoss unless the bytes are well formed.
absl::Status ValidateStringList(absl::string_view bytes);
absl::Status ValidateFields(absl::string_view bytes);
// Payloads lie in the heap in the order of their slots, without gaps: `heap_used` is where the next
// one must begin, and is moved behind this one.
absl::Status ValidateSlot(const char* slot, absl::string_view heap, size_t* heap_used);
// For a payload that is not in a record yet. A type of a later version passes.
absl::Status ValidateHeapPayload(uint8_t type, absl::string_view payload);

}  // namespace touchstone::store
