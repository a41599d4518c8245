#include "rules/ruleset/utf8.h"

namespace touchstone::rules {
namespace {

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

DecodedCharacter DecodeCharacter(absl::string_view text, size_t offset) {
  const auto lead = static_cast<unsigned char>(text[offset]);
  if (lead < 0x80) return {lead, 1};
  size_t bytes = 0;
  uint32_t code_point = 0;
  uint32_t smallest = 0;
  if ((lead & 0xE0) == 0xC0) {
    bytes = 2, code_point = lead & 0x1Fu, smallest = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    bytes = 3, code_point = lead & 0x0Fu, smallest = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    bytes = 4, code_point = lead & 0x07u, smallest = 0x10000;
  } else {
    return {};
  }
  if (text.size() - offset < bytes) return {};
  for (size_t i = 1; i < bytes; ++i) {
    if (!IsContinuation(text[offset + i])) return {};
    code_point = (code_point << 6) | (static_cast<unsigned char>(text[offset + i]) & 0x3Fu);
  }
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < smallest || code_point > 0x10FFFF || surrogate) return {};
  return {code_point, bytes};
}

std::optional<size_t> FindMalformedUtf8(absl::string_view text) {
  for (size_t offset = 0; offset < text.size();) {
    if (static_cast<unsigned char>(text[offset]) < 0x80) {
      ++offset;
      continue;
    }
    const size_t bytes = DecodeCharacter(text, offset).bytes;
    if (bytes == 0) return offset;
    offset += bytes;
  }
  return std::nullopt;
}

size_t CountCharacters(absl::string_view text) {
  size_t count = 0;
  for (const char c : text) count += IsContinuation(c) ? 0 : 1;
  return count;
}

size_t BytesOfCharacters(absl::string_view text, size_t characters) {
  size_t offset = 0;
  while (offset < text.size() && characters > 0) {
    ++offset;
    while (offset < text.size() && IsContinuation(text[offset])) ++offset;
    --characters;
  }
  return offset;
}

}  // namespace touchstone::rules
