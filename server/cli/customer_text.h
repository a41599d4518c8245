#pragma once

// A customer as a person reads her.
//
// Thread safety: pure functions.

#include <string>

#include "touchstone/v1/customer.pb.h"

namespace touchstone::server {

// The single customer view: who she is, why her segment, what is known and since when, what she
// agreed to, what was offered to her, what happened. Parts of which nothing is known are left out.
std::string CustomerText(const v1::Customer& customer);

// Who is in it, and what they share.
std::string HouseholdText(const v1::Household& household);

// "c000001" of "customers/c000001".
std::string CustomerId(const v1::Customer& customer);

}  // namespace touchstone::server
