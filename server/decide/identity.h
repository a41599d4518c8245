#pragma once

// Identities as the store keeps them: "loyalty_card:123".
//
// Thread safety: pure functions. Identities are personal data: descriptions never repeat them.

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/context.pb.h"

namespace touchstone::server {

bool IsIdentity(const v1::Identity& identity);
// Adds what is wrong with an identity, with `field` as its path.
void CheckIdentity(const v1::Identity& identity, absl::string_view field,
                   std::vector<Violation>* violations);

std::string IdentityKey(const v1::Identity& identity);
// The reverse; everything is the value when there is no namespace.
v1::Identity ParseIdentityKey(absl::string_view key);

}  // namespace touchstone::server
