#pragma once

// A customer as a person reads and names her.
//
// Thread safety: pure functions.

#include <string>

#include "absl/strings/string_view.h"
#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// The single customer view: who she is, why her segment, what is known and since when, what she
// agreed to, what was offered to her, what happened. Parts of which nothing is known are left out.
std::string CustomerText(const v1::Customer& customer);

// Who is in it, and what they share.
std::string HouseholdText(const v1::Household& household);

// "c000001" of "customers/c000001".
std::string CustomerId(const v1::Customer& customer);

// Whether what a person names her by is an identity: with a colon it is one, since ids hold none.
bool IsIdentity(absl::string_view name);

// "not_yet_valid".
std::string StateText(const v1::Grant& grant);
// "until 2026-11-22T09:00:00Z".
std::string EndText(const v1::Grant& grant);

}  // namespace touchstone::server
