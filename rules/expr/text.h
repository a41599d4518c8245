#pragma once

// UTF-8 text (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) and its code
// points. Internal to rules/expr.
//
// Values hold valid UTF-8 by contract; should a byte be out of place it counts as a code point of
// its own, so that no input reads outside the text.

#include <cstdint>

#include "absl/strings/string_view.h"

namespace touchstone::rules::expr {

// The position of the first byte that is not valid UTF-8, or text.size().
size_t FindInvalidUtf8(absl::string_view text);
inline bool IsValidUtf8(absl::string_view text) { return FindInvalidUtf8(text) == text.size(); }
// Cost: linear; text of one-byte code points is recognised eight bytes at a time.
int64_t CodePointCount(absl::string_view text);
// Length in bytes of the code point that begins `text`. REQUIRES: text is not empty.
size_t CodePointBytes(absl::string_view text);
// Byte offset of the n-th code point; text.size() for n == count, npos beyond. REQUIRES: n >= 0.
size_t CodePointOffset(absl::string_view text, int64_t n);
// The code point that begins `text`, which CodePointBytes measures.
uint32_t DecodeCodePoint(absl::string_view text);

}  // namespace touchstone::rules::expr
