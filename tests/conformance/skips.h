#pragma once

// Which conformance cases are out of scope, and why.

#include "absl/strings/string_view.h"
#include "tests/conformance/conformance_case.h"

namespace touchstone::rules::expr {

// The reason for leaving the case out; "" when it is to be run.
absl::string_view SkipReason(const ConformanceCase& test);

}  // namespace touchstone::rules::expr
