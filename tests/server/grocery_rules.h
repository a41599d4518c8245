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
// An unknown name in a condition: one error.
v1::RuleSetSource BrokenRules();
// Well formed, but its golden test fails.
v1::RuleSetSource FailingRules();

}  // namespace touchstone::server
