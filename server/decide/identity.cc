#include "server/decide/identity.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace touchstone::server {
namespace {

constexpr size_t kMaxNamespaceBytes = 64;
constexpr size_t kMaxValueBytes = 128;

bool IsNamespace(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxNamespaceBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

bool IsValue(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxValueBytes && text.find('\0') == text.npos;
}

}  // namespace

bool IsIdentity(const v1::Identity& identity) {
  return IsNamespace(identity.namespace_()) && IsValue(identity.value());
}

void CheckIdentity(const v1::Identity& identity, absl::string_view field,
                   std::vector<Violation>* violations) {
  if (!IsNamespace(identity.namespace_())) {
    violations->push_back({absl::StrCat(field, ".namespace"), "must be 1 to 64 of [a-z0-9_]"});
  }
  if (!IsValue(identity.value())) {
    violations->push_back(
        {absl::StrCat(field, ".value"), "must be 1 to 128 bytes, none of them zero"});
  }
}

std::string IdentityKey(const v1::Identity& identity) {
  return absl::StrCat(identity.namespace_(), ":", identity.value());
}

v1::Identity ParseIdentityKey(absl::string_view key) {
  v1::Identity identity;
  const size_t colon = key.find(':');
  if (colon != absl::string_view::npos) {
    identity.set_namespace_(std::string(key.substr(0, colon)));
    key.remove_prefix(colon + 1);
  }
  identity.set_value(std::string(key));
  return identity;
}

}  // namespace touchstone::server
