#pragma once

// Characters (code points) of UTF-8 text: findings count columns in them.
//
// Thread safety: pure functions. Cost: linear, no allocation.

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"

namespace touchstone::rules {

struct DecodedCharacter {
  uint32_t code_point = 0;
  size_t bytes = 0;  // 0: no well-formed character stands here
};

// The character at `offset`. REQUIRES: offset < text.size().
DecodedCharacter DecodeCharacter(absl::string_view text, size_t offset);

// Offset of the first byte that is not part of well-formed UTF-8 (RFC 3629).
std::optional<size_t> FindMalformedUtf8(absl::string_view text);

// REQUIRES (both): `text` is well-formed; the second gives text.size() when it is shorter.
size_t CountCharacters(absl::string_view text);
size_t BytesOfCharacters(absl::string_view text, size_t characters);

}  // namespace touchstone::rules
