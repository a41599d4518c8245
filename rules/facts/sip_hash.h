#pragma once

// SipHash-2-4: the only hash that reaches a result, since it is the same on every machine and in
// every build.
//
// Thread safety: pure functions. Cost: about 1 ns a byte of long inputs. Source: Aumasson and
// Bernstein, "SipHash: a fast short-input PRF" (2012), and its 128-bit form in the reference code.

#include <cstdint>

#include "absl/strings/string_view.h"

namespace touchstone::rules {

struct SipKey {
  uint64_t low = 0;  // bytes 0 to 7 of the key, little-endian
  uint64_t high = 0;
};

struct Hash128 {
  uint64_t low = 0;  // bytes 0 to 7 of the hash, little-endian
  uint64_t high = 0;

  friend bool operator==(const Hash128&, const Hash128&) = default;
};

uint64_t SipHash64(SipKey key, absl::string_view bytes);
Hash128 SipHash128(SipKey key, absl::string_view bytes);

}  // namespace touchstone::rules
