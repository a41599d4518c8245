#pragma once

// A small rule set for tests of the server: two offers, a segment by spend, purchases and visits,
// products and stores.
//
// Thread safety: pure functions.

#include <string>

#include "touchstone/v1/revision.pb.h"

namespace touchstone::server {

// `percent` of the offer beans-20, so that revisions differ: 20, 30 or 50; the golden test expects
// the discount that it gives.
v1::RuleSetSource GroceryRules(const std::string& percent = "20");
// The same, with aggregates per household (home_spend_90d, home_last), a segment of those who spend
// 40.00 together (family), and namespaces of
// identities: loyalty_card as given, phone of Germany, email, cookie (anonymous).
v1::RuleSetSource HouseholdRules();
// GroceryRules with letter-5, which needs a code, and coupon-2, which needs a grant.
v1::RuleSetSource CodedRules();
// An unknown name in a condition: one error.
v1::RuleSetSource BrokenRules();
// Well formed, but its golden test fails.
v1::RuleSetSource FailingRules();

}  // namespace touchstone::server
