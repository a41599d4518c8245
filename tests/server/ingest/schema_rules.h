#pragma once

// A rule set that is not much more than a schema, for tests of what is kept of customers.
//
// Thread safety: pure functions.

#include <string>

#include "touchstone/v1/revision.pb.h"

namespace touchstone::server {

// `schema`: the text of a schema.yaml. Currencies are EUR and CHF.
v1::RuleSetSource SchemaRules(const std::string& zone, const std::string& schema);

}  // namespace touchstone::server
