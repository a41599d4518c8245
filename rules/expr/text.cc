#include "rules/expr/text.h"

#include <cstring>

namespace touchstone::rules::expr {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

bool IsAscii(absl::string_view text) {
  const char* bytes = text.data();
  size_t left = text.size();
  for (; left >= 8; left -= 8, bytes += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    if ((word & 0x8080808080808080u) != 0) return false;
  }
  for (; left > 0; --left, ++bytes) {
    if ((static_cast<unsigned char>(*bytes) & 0x80) != 0) return false;
  }
  return true;
}

// Bytes that the lead byte asks for; 0 when it is no lead byte.
size_t LeadBytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

bool IsWellFormed(absl::string_view text, size_t bytes) {
  if (bytes == 0 || bytes > text.size()) return false;
  for (size_t i = 1; i < bytes; ++i) {
    if (!IsContinuation(text[i])) return false;
  }
  if (bytes < 3) return true;
  // The second byte excludes overlong forms, surrogates and what is beyond U+10FFFF.
  const unsigned char lead = static_cast<unsigned char>(text[0]);
  const unsigned char second = static_cast<unsigned char>(text[1]);
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second <= 0x8F;
  return true;
}

}  // namespace

size_t FindInvalidUtf8(absl::string_view text) {
  if (IsAscii(text)) return text.size();
  size_t at = 0;
  while (at < text.size()) {
    const size_t bytes = LeadBytes(static_cast<unsigned char>(text[at]));
    if (!IsWellFormed(text.substr(at), bytes)) return at;
    at += bytes;
  }
  return at;
}

size_t CodePointBytes(absl::string_view text) {
  const size_t bytes = LeadBytes(static_cast<unsigned char>(text[0]));
  return IsWellFormed(text, bytes) ? bytes : 1;
}

int64_t CodePointCount(absl::string_view text) {
  if (IsAscii(text)) return static_cast<int64_t>(text.size());
  int64_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(CodePointBytes(text));
    ++count;
  }
  return count;
}

size_t CodePointOffset(absl::string_view text, int64_t n) {
  size_t offset = 0;
  for (; n > 0 && offset < text.size(); --n) offset += CodePointBytes(text.substr(offset));
  return n == 0 ? offset : absl::string_view::npos;
}

uint32_t DecodeCodePoint(absl::string_view text) {
  const size_t bytes = CodePointBytes(text);
  const uint32_t lead = static_cast<unsigned char>(text[0]);
  if (bytes == 1) return lead;
  uint32_t code_point = lead & (0xFFu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  }
  return code_point;
}

}  // namespace touchstone::rules::expr
