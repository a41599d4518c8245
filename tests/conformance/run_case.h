#pragma once

// Parses, checks, compiles and evaluates one conformance case.

#include <string>

#include "tests/conformance/conformance_case.h"

namespace touchstone::rules::expr {

// "" when the case passes, else what went wrong, in one line.
std::string RunCase(const ConformanceCase& test);

}  // namespace touchstone::rules::expr
