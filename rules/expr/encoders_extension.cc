// The encoders extension.

#include <array>
#include <cstdint>

#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

constexpr absl::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr uint8_t kNoDigit = 64;

constexpr std::array<uint8_t, 256> DigitsByByte() {
  std::array<uint8_t, 256> digits = {};
  for (uint8_t& digit : digits) digit = kNoDigit;
  for (size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<uint8_t>(i);
  }
  return digits;
}
constexpr std::array<uint8_t, 256> kDigits = DigitsByByte();

Value Encode(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  const absl::string_view bytes = a.bytes_value();
  const size_t size = (bytes.size() + 2) / 3 * 4;
  if (size > UINT32_MAX) return Value::Error(ErrorCode::kOverflow);
  if (!evaluation.SpendBytes(size)) return StepLimitError();
  char* out = static_cast<char*>(evaluation.arena().Allocate(size, 1));
  char* at = out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t taken = bytes.size() - i < 3 ? bytes.size() - i : 3;
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = group << 8 | (j < taken ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (size_t j = 0; j < 4; ++j) {
      *at++ = j <= taken ? kAlphabet[(group >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return Value::String(absl::string_view(out, size));
}

// Without its padding; false when it has more or less than the last group needs.
bool StripPadding(absl::string_view& text) {
  size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  if (padding > 0 && text.size() % 4 != 0) return false;
  text.remove_suffix(padding);
  return text.size() % 4 != 1;
}

Value Decode(Value a, uint8_t /*detail*/, Evaluation& evaluation) {
  absl::string_view text = a.string_value();
  if (!evaluation.SpendBytes(text.size())) return StepLimitError();
  if (!StripPadding(text)) return Value::Error(ErrorCode::kInvalidArgument);
  const size_t size = text.size() * 3 / 4;
  char* out = static_cast<char*>(evaluation.arena().Allocate(size, 1));
  char* at = out;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const uint8_t digit = kDigits[static_cast<unsigned char>(c)];
    if (digit == kNoDigit) return Value::Error(ErrorCode::kInvalidArgument);
    group = group << 6 | digit;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    *at++ = static_cast<char>(group >> bits & 0xFF);
  }
  return Value::Bytes(absl::string_view(out, size));
}

}  // namespace

void AddEncoders(OperationTable& table) {
  table.Add(Function::kBase64Encode, Kind::kBytes, Encode);
  table.Add(Function::kBase64Decode, Kind::kString, Decode);
}

}  // namespace touchstone::rules::expr
