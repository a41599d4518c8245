#pragma once

// What the quotes of a string or bytes literal enclose.

#include <string>

#include "absl/strings/string_view.h"
#include "rules/expr/source.h"

namespace touchstone::rules::expr {

// Resolves the escapes of `body`, which stands at offset `begin` of the source. In a string \xFF is
// the code point U+00FF, in bytes the octet. A wrong escape is an issue and is left out.
std::string DecodeEscapes(absl::string_view body, uint32_t begin, bool is_bytes, Issues& issues);

// The canonical literal: double quotes, escapes only where needed.
std::string QuoteString(absl::string_view text);
std::string QuoteBytes(absl::string_view bytes);

void AppendUtf8(uint32_t code_point, std::string& out);

}  // namespace touchstone::rules::expr
