#include "server/decide/code_text.h"

#include "absl/strings/ascii.h"

namespace touchstone::server {

std::optional<std::string> NormalizeCode(absl::string_view text) {
  std::string code;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    const auto byte = static_cast<unsigned char>(c);
    if (!absl::ascii_isalnum(byte) && c != '.' && c != '_') return std::nullopt;
    if (code.size() == kMaxCodeBytes) return std::nullopt;
    code.push_back(absl::ascii_toupper(byte));
  }
  if (code.empty()) return std::nullopt;
  return code;
}

}  // namespace touchstone::server
