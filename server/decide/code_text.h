#pragma once

// The text of a code, as it is stored and compared: what a cashier types, a scanner reads and a
// printer prints are the same code, whatever their case, spaces and hyphens.
//
// Thread safety: pure functions.

#include <cstddef>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace touchstone::server {

inline constexpr size_t kMaxCodeBytes = 64;

// The code in upper case, without spaces and hyphens. nullopt: what is left is empty, longer than
// kMaxCodeBytes, or has a byte that is no ASCII letter or digit, dot or underscore. Cost: one
// string; ends where the code would become too long.
std::optional<std::string> NormalizeCode(absl::string_view text);

}  // namespace touchstone::server
