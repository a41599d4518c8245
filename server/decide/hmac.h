#pragma once

// HMAC-SHA256 (RFC 2104, FIPS 180-4): what only who has the key can work out of a text.
//
// Thread safety: pure. Cost: about a microsecond; the caller allocates nothing.

#include <array>
#include <cstddef>

#include "absl/strings/string_view.h"

namespace touchstone::server {

inline constexpr size_t kHmacBytes = 32;
using HmacDigest = std::array<unsigned char, kHmacBytes>;

HmacDigest HmacSha256(absl::string_view key, absl::string_view text);

}  // namespace touchstone::server
