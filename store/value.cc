#include "store/value.h"

#include "absl/strings/str_cat.h"
#include "store/record_layout.h"

namespace touchstone::store {
namespace {
using layout::AppendNumber;

std::string EncodeStringList(absl::Span<const std::string> items) {
  std::string out;
  AppendNumber(&out, static_cast<uint32_t>(items.size()));
  uint32_t end = 0;
  for (const std::string& item : items) {
    end += static_cast<uint32_t>(item.size());
    AppendNumber(&out, end);
  }
  for (const std::string& item : items) out += item;
  return out;
}

std::string EncodeFields(const std::vector<Value::Field>& fields) {
  std::string cells;
  std::string heap;
  AppendNumber(&cells, static_cast<uint16_t>(fields.size()));
  for (const Value::Field& field : fields) {
    AppendNumber(&cells, field.id);
    AppendNumber(&cells, static_cast<uint8_t>(field.value.type()));
    cells.append(field.value.currency_code().data(), 3);
    if (IsHeapType(static_cast<uint8_t>(field.value.type()))) {
      const absl::string_view payload = field.value.heap_payload();
      AppendNumber(&cells, static_cast<uint32_t>(heap.size()));
      AppendNumber(&cells, static_cast<uint32_t>(payload.size()));
      heap.append(payload.data(), payload.size());
    } else {
      AppendNumber(&cells, field.value.inline_payload());
    }
  }
  return cells + heap;
}

absl::Status Malformed(absl::string_view what) {
  return absl::DataLossError(absl::StrCat("record: malformed ", what));
}

absl::Status ValidateRecordList(absl::string_view payload) {
  if (absl::Status status = ValidateStringList(payload); !status.ok()) return status;
  const StringListView records(payload);
  for (size_t i = 0; i < records.size(); ++i) {
    if (absl::Status status = ValidateFields(records[i]); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

StringListView::StringListView(absl::string_view bytes)
    : ends_(bytes.data() + 4),
      text_(bytes.data() + 4 + 4 * size_t{LoadNumber<uint32_t>(bytes.data())}),
      size_(LoadNumber<uint32_t>(bytes.data())) {}

absl::string_view StringListView::operator[](size_t i) const {
  const uint32_t begin = i == 0 ? 0 : LoadNumber<uint32_t>(ends_ + 4 * (i - 1));
  return absl::string_view(text_ + begin, LoadNumber<uint32_t>(ends_ + 4 * i) - begin);
}

bool StringListView::Contains(absl::string_view text) const {
  for (size_t i = 0; i < size_; ++i) {
    if ((*this)[i] == text) return true;
  }
  return false;
}

FieldsView RecordListView::operator[](size_t i) const { return FieldsView(records_[i]); }

FieldsView::FieldsView(absl::string_view bytes)
    : cells_(bytes.data() + 2),
      heap_(bytes.data() + 2 + kCellBytes * LoadNumber<uint16_t>(bytes.data())),
      size_(LoadNumber<uint16_t>(bytes.data())) {}

Value Value::Inline(ValueType type, int64_t payload) {
  Value value(type);
  value.payload_ = payload;
  return value;
}

Value Value::Heap(ValueType type, std::string bytes) {
  Value value(type);
  value.heap_ = std::move(bytes);
  return value;
}

Value Value::Double(double v) {
  int64_t bits;
  std::memcpy(&bits, &v, sizeof(bits));
  return Inline(ValueType::kDouble, bits);
}

Value Value::Money(int64_t amount_minor, absl::string_view currency_code) {
  Value value = Inline(ValueType::kMoney, amount_minor);
  std::memcpy(value.currency_, currency_code.data(), sizeof(value.currency_));
  return value;
}

Value Value::String(absl::string_view v) { return Heap(ValueType::kString, std::string(v)); }

Value Value::StringList(absl::Span<const std::string> v) {
  return Heap(ValueType::kStringList, EncodeStringList(v));
}

Value Value::RecordList(absl::Span<const std::vector<Field>> records) {
  std::vector<std::string> encoded;
  encoded.reserve(records.size());
  for (const std::vector<Field>& fields : records) encoded.push_back(EncodeFields(fields));
  return Heap(ValueType::kRecordList, EncodeStringList(encoded));
}

Value Value::Copy(const ValueView& view) {
  const bool in_heap = IsHeapType(static_cast<uint8_t>(view.type()));
  Value value = in_heap ? Heap(view.type(), std::string(view.heap_payload()))
                        : Inline(view.type(), view.inline_payload());
  std::memcpy(value.currency_, view.currency_code().data(), sizeof(value.currency_));
  return value;
}

bool IsSameValue(const ValueView& a, const ValueView& b) {
  if (a.type() != b.type() || a.currency_code() != b.currency_code()) return false;
  return IsHeapType(static_cast<uint8_t>(a.type())) ? a.heap_payload() == b.heap_payload()
                                                    : a.inline_payload() == b.inline_payload();
}

absl::Status ValidateStringList(absl::string_view bytes) {
  if (bytes.size() < 4) return Malformed("list");
  const size_t count = LoadNumber<uint32_t>(bytes.data());
  if (count > (bytes.size() - 4) / 4) return Malformed("list");
  const size_t text_bytes = bytes.size() - 4 - 4 * count;
  size_t previous = 0;
  for (size_t i = 0; i < count; ++i) {
    const size_t end = LoadNumber<uint32_t>(bytes.data() + 4 + 4 * i);
    if (end < previous || end > text_bytes) return Malformed("list");
    previous = end;
  }
  if (previous != text_bytes) return Malformed("list");
  return absl::OkStatus();
}

absl::Status ValidateFields(absl::string_view bytes) {
  if (bytes.size() < 2) return Malformed("fields");
  const size_t count = LoadNumber<uint16_t>(bytes.data());
  if (count > (bytes.size() - 2) / FieldsView::kCellBytes) return Malformed("fields");
  const char* cells = bytes.data() + 2;
  const absl::string_view heap = bytes.substr(2 + count * FieldsView::kCellBytes);
  size_t heap_used = 0;
  for (size_t i = 0; i < count; ++i) {
    const char* cell = cells + i * FieldsView::kCellBytes;
    if (i > 0 && LoadNumber<uint32_t>(cell) <= LoadNumber<uint32_t>(cell - FieldsView::kCellBytes))
      return Malformed("fields");
    // A list inside a list of records would let the check recurse as deep as the bytes say.
    if (static_cast<uint8_t>(cell[4]) == static_cast<uint8_t>(ValueType::kRecordList))
      return Malformed("fields");
    if (absl::Status status = ValidateSlot(cell + 4, heap, &heap_used); !status.ok()) return status;
  }
  if (heap_used != heap.size()) return Malformed("fields");
  return absl::OkStatus();
}

absl::Status ValidateSlot(const char* slot, absl::string_view heap, size_t* heap_used) {
  const uint8_t type = static_cast<uint8_t>(slot[0]);
  if (!IsHeapType(type)) return absl::OkStatus();
  const size_t offset = LoadNumber<uint32_t>(slot + 4);
  const size_t length = LoadNumber<uint32_t>(slot + 8);
  if (offset != *heap_used || length > heap.size() - offset) return Malformed("value");
  *heap_used = offset + length;
  if (type == static_cast<uint8_t>(ValueType::kString)) return absl::OkStatus();
  return ValidateHeapPayload(type, heap.substr(offset, length));
}

absl::Status ValidateHeapPayload(uint8_t type, absl::string_view payload) {
  switch (static_cast<ValueType>(type)) {
    case ValueType::kStringList:
      return ValidateStringList(payload);
    case ValueType::kRecordList:
      return ValidateRecordList(payload);
    default:
      return absl::OkStatus();
  }
}

}  // namespace touchstone::store
