#pragma once

// Identities as the store keeps them: "loyalty_card:123", in the form that the schema declares for
// their namespace, so that they are found however they are written.
//
// Thread safety: pure functions. Identities are personal data: descriptions never repeat them.
// Cost: a copy; a phone number also its parsing, some microseconds.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "rules/facts/schema.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/context.pb.h"

namespace touchstone::server {

// Declared namespaces; empty: any namespace, and values as they are given.
using IdentitySpecs = absl::Span<const rules::IdentitySpec>;

bool IsIdentity(const v1::Identity& identity);
// Adds what is wrong with an identity that is looked for, with `field` as its path. What can be no
// identity of its namespace is not wrong: it finds nobody.
void CheckIdentity(const v1::Identity& identity, absl::string_view field,
                   std::vector<Violation>* violations);
// The same of one that shall find a customer: of a declared namespace, and in its form.
void CheckNewIdentity(IdentitySpecs declared, const v1::Identity& identity, absl::string_view field,
                      std::vector<Violation>* violations);

// nullptr when it is not declared.
const rules::IdentitySpec* FindNamespace(IdentitySpecs declared, absl::string_view name);
// The value in the declared form; nullopt when it cannot be brought into it.
std::optional<std::string> InForm(const rules::IdentitySpec& spec, absl::string_view value);

// A value that has no such form is left as it is.
void AppendIdentityKey(IdentitySpecs declared, const v1::Identity& identity, std::string* key);
std::string IdentityKey(IdentitySpecs declared, const v1::Identity& identity);
// The reverse; everything is the value when there is no namespace.
v1::Identity ParseIdentityKey(absl::string_view key);

}  // namespace touchstone::server
