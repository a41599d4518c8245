// text.format(list). Results live in the evaluation's arena; what is
// written is charged by its length.
//
// %s writes what string() writes, but doubles without an exponent, null, types by name, lists as
// [a, b] and maps as {k: v}, ordered by the text of their keys; money and decimals as string() has
// them. %d takes int, uint and double, %f and %e also; %b int, uint and bool; %o int and uint; %x
// and %X int, uint, string and bytes. Too few values, a place that is none and bytes that are no
// text are kInvalidArgument; a value of another kind is kNoOverload.
// Source: google/cel-spec's string_ext tests and cel-go's strings extension, version 4.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <limits>

#include "absl/strings/ascii.h"
#include "rules/expr/amounts.h"
#include "rules/expr/comparison.h"
#include "rules/expr/conversions.h"
#include "rules/expr/format_syntax.h"
#include "rules/expr/text.h"
#include "rules/expr/timestamps.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

// The longest number: a sign, 309 digits, a point and the most decimals; without a precision, the
// smallest double of 17 digits takes 327.
constexpr size_t kNumberBytes = 512;
static_assert(kNumberBytes > 1 + 309 + 1 + limits::kMaxFormatPrecision);

// Text of unknown length under construction in the arena. Whatever goes wrong is kept in error().
class GrowingText {
 public:
  explicit GrowingText(Evaluation& evaluation) : evaluation_(evaluation) {}

  void Append(absl::string_view piece) {
    if (failed_) return;
    if (!evaluation_.Spend(1 + piece.size() / kBytesPerStep)) return Fail(ErrorCode::kStepLimit);
    if (piece.size() > std::numeric_limits<uint32_t>::max() - size_) {
      return Fail(ErrorCode::kOverflow);
    }
    if (size_ + piece.size() > capacity_) Grow(size_ + piece.size());
    if (!piece.empty()) std::memcpy(bytes_ + size_, piece.data(), piece.size());
    size_ += piece.size();
  }
  void Fail(ErrorCode code) {
    if (!failed_) error_ = code;
    failed_ = true;
  }
  bool failed() const { return failed_; }
  Evaluation& evaluation() { return evaluation_; }
  absl::string_view text() const { return absl::string_view(bytes_, size_); }
  Value Finish() const { return failed_ ? Value::Error(error_) : Value::String(text()); }

 private:
  void Grow(size_t needed) {
    capacity_ = std::max(needed, 2 * capacity_ + 64);
    char* bytes = static_cast<char*>(evaluation_.arena().Allocate(capacity_, 1));
    if (size_ > 0) std::memcpy(bytes, bytes_, size_);
    bytes_ = bytes;
  }

  Evaluation& evaluation_;
  char* bytes_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  bool failed_ = false;
  ErrorCode error_ = ErrorCode::kNoOverload;
};

template <typename... How>
void AppendNumber(GrowingText& out, How... how) {
  std::array<char, kNumberBytes> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), how...).ptr;
  out.Append(absl::string_view(buffer.data(), static_cast<size_t>(end - buffer.data())));
}

// NaN and the infinities, which no clause writes in its own way.
bool AppendIfNotFinite(GrowingText& out, double value) {
  const bool finite = value - value == 0;
  std::array<char, kDoubleTextBytes> buffer;
  if (!finite) out.Append(FormatDouble(value, buffer.data()));
  return !finite;
}

void AppendDouble(GrowingText& out, double value) {
  if (!AppendIfNotFinite(out, value)) AppendNumber(out, value, std::chars_format::fixed);
}

void AppendBytes(GrowingText& out, absl::string_view bytes) {
  if (!IsValidUtf8(bytes)) return out.Fail(ErrorCode::kInvalidArgument);
  out.Append(bytes);
}

void AppendAny(GrowingText& out, const Value& value);

void AppendList(GrowingText& out, const ListData& list) {
  out.Append("[");
  for (uint32_t i = 0; i < list.size && !out.failed(); ++i) {
    if (i > 0) out.Append(", ");
    AppendAny(out, list.elements[i]);
  }
  out.Append("]");
}

struct NamedEntry {
  absl::string_view key;
  const Value* value;
};

void AppendMap(GrowingText& out, const MapData& map) {
  Evaluation& evaluation = out.evaluation();
  // Sorting compares each key about as often as its number has bits.
  uint64_t steps = map.size;
  for (uint32_t rest = map.size; rest > 1; rest /= 2) steps += map.size;
  if (!evaluation.Spend(steps)) return out.Fail(ErrorCode::kStepLimit);
  NamedEntry* entries = evaluation.arena().NewArray<NamedEntry>(map.size);
  for (uint32_t i = 0; i < map.size; ++i) {
    GrowingText key(evaluation);
    AppendAny(key, map.entries[i].key);
    if (key.failed()) return out.Fail(key.Finish().error());
    entries[i] = {key.text(), &map.entries[i].value};
  }
  // Keys may have one text, 1 and "1"; their order is then the map's. std::stable_sort would ask
  // the heap for a buffer.
  std::sort(entries, entries + map.size, [](const NamedEntry& a, const NamedEntry& b) {
    const int order = a.key.compare(b.key);
    return order != 0 ? order < 0 : a.value < b.value;
  });
  out.Append("{");
  for (uint32_t i = 0; i < map.size && !out.failed(); ++i) {
    if (i > 0) out.Append(", ");
    out.Append(entries[i].key);
    out.Append(": ");
    AppendAny(out, *entries[i].value);
  }
  out.Append("}");
}

// %s.
void AppendAny(GrowingText& out, const Value& value) {
  std::array<char, kTimeTextBytes> buffer;
  static_assert(kTimeTextBytes >= kAmountTextBytes);
  switch (value.kind()) {
    case Kind::kNull:
      return out.Append("null");
    case Kind::kBool:
      return out.Append(value.bool_value() ? "true" : "false");
    case Kind::kInt:
      return AppendNumber(out, value.int_value());
    case Kind::kUint:
      return AppendNumber(out, value.uint_value());
    case Kind::kDouble:
      return AppendDouble(out, value.double_value());
    case Kind::kString:
      return out.Append(value.string_value());
    case Kind::kBytes:
      return AppendBytes(out, value.bytes_value());
    case Kind::kTimestamp:
      return out.Append(FormatTimestamp(value, buffer.data()));
    case Kind::kDuration:
      return out.Append(FormatDuration(value, buffer.data()));
    case Kind::kMoney:
      if (value.money_value().currency.is_none()) return out.Fail(ErrorCode::kInvalidArgument);
      return out.Append(FormatAmount(value, buffer.data()));
    case Kind::kDecimal:
      return out.Append(FormatAmount(value, buffer.data()));
    case Kind::kList:
      return AppendList(out, value.list_value());
    case Kind::kMap:
      return AppendMap(out, value.map_value());
    case Kind::kType:
      return out.Append(value.type_value().RunTimeName());
    case Kind::kRecord:
    case Kind::kOptional:
    case Kind::kError:
      return out.Fail(ErrorCode::kNoOverload);
  }
}

// %b, %o, %x.
void AppendInBase(GrowingText& out, const Value& value, int base) {
  switch (value.kind()) {
    case Kind::kInt:
      return AppendNumber(out, value.int_value(), base);
    case Kind::kUint:
      return AppendNumber(out, value.uint_value(), base);
    case Kind::kBool:
      if (base == 2) return out.Append(value.bool_value() ? "1" : "0");
      break;
    default:
      break;
  }
  out.Fail(ErrorCode::kNoOverload);
}

void AppendBytesInHexadecimal(GrowingText& out, absl::string_view bytes, absl::string_view digits) {
  std::array<char, 64> buffer;
  size_t used = 0;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    buffer[used++] = digits[byte >> 4];
    buffer[used++] = digits[byte & 15];
    if (used < buffer.size()) continue;
    out.Append(absl::string_view(buffer.data(), used));
    if (out.failed()) return;
    used = 0;
  }
  out.Append(absl::string_view(buffer.data(), used));
}

void AppendHexadecimal(GrowingText& out, const Value& value, bool upper) {
  if (value.kind() == Kind::kString || value.kind() == Kind::kBytes) {
    return AppendBytesInHexadecimal(out, value.string_value(),
                                    upper ? "0123456789ABCDEF" : "0123456789abcdef");
  }
  if (!upper) return AppendInBase(out, value, 16);
  GrowingText number(out.evaluation());
  AppendInBase(number, value, 16);
  if (number.failed()) return out.Fail(number.Finish().error());
  for (const char c : number.text()) {
    const char raised = absl::ascii_toupper(static_cast<unsigned char>(c));
    out.Append(absl::string_view(&raised, 1));
  }
}

// %f and %e.
void AppendWithPrecision(GrowingText& out, const Value& value, const FormatPiece& place) {
  if (!IsNumber(value.kind())) return out.Fail(ErrorCode::kNoOverload);
  const double number = value.kind() == Kind::kInt    ? static_cast<double>(value.int_value())
                        : value.kind() == Kind::kUint ? static_cast<double>(value.uint_value())
                                                      : value.double_value();
  if (AppendIfNotFinite(out, number)) return;
  AppendNumber(out, number,
               place.letter == 'f' ? std::chars_format::fixed : std::chars_format::scientific,
               place.precision);
}

void AppendPlace(GrowingText& out, const FormatPiece& place, const Value& value) {
  switch (place.letter) {
    case 's':
      return AppendAny(out, value);
    case 'd':
      return IsNumber(value.kind()) ? AppendAny(out, value) : out.Fail(ErrorCode::kNoOverload);
    case 'f':
    case 'e':
      return AppendWithPrecision(out, value, place);
    case 'b':
      return AppendInBase(out, value, 2);
    case 'o':
      return AppendInBase(out, value, 8);
    default:
      return AppendHexadecimal(out, value, place.letter == 'X');
  }
}

Value FormatText(Value text, Value values, uint8_t /*detail*/, Evaluation& evaluation) {
  const ListData& list = values.list_value();
  GrowingText out(evaluation);
  uint32_t next = 0;
  for (absl::string_view rest = text.string_value(); !rest.empty() && !out.failed();) {
    FormatPiece piece;
    if (!TakeFormatPiece(rest, piece)) return Value::Error(ErrorCode::kInvalidArgument);
    out.Append(piece.text);
    if (piece.letter == '\0') continue;
    if (next == list.size) return Value::Error(ErrorCode::kInvalidArgument);
    AppendPlace(out, piece, list.elements[next++]);
  }
  return out.Finish();
}

}  // namespace

void AddFormat(OperationTable& table) {
  table.Add(Function::kFormat, Kind::kString, Kind::kList, FormatText);
}

}  // namespace touchstone::rules::expr
