#pragma once

// Codes that the server makes: twelve random symbols of Crockford's base 32, 60 bits, and one that
// checks them (docs/codes.md).
//
// The check symbol is c of c + sum of a^i * x_i = 0, i from 1 to 12, over GF(32) with
// x^5 + x^2 + 1 and a = x: a Reed-Solomon code with one parity symbol. Each of the thirteen places
// has a factor of its own that is not zero, so that any one wrong symbol and any two that were
// swapped are found.
//
// Thread safety: functions are pure; a CodeMaker is const.
// Cost: Make about a microsecond a code.

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace touchstone::server {

inline constexpr size_t kRandomSymbols = 12;
// Beside its prefix.
inline constexpr size_t kIssuedCodeBytes = kRandomSymbols + 1;

// The symbol that belongs behind these. REQUIRES: kRandomSymbols of [0-9A-HJKMNP-TV-Z].
char CheckSymbol(absl::string_view symbols);

// Whether the last symbol of a code, as NormalizeCode gives it, checks the twelve before it. What
// stands before these is the prefix, and not looked at.
bool HasRightCheckSymbol(absl::string_view code);

class CodeMaker {
 public:
  // `key`: secret. With another one the same requests make other codes.
  explicit CodeMaker(std::string key) : key_(std::move(key)) {}

  // The codes of a request: the same for the same request, so that its answer need not be kept;
  // nobody without the key can guess one. `prefix` is in front of each.
  std::vector<std::string> Make(absl::string_view request_id, absl::string_view prefix,
                                size_t count) const;

 private:
  std::string key_;
};

}  // namespace touchstone::server
