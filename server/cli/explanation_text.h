#pragma once

// Explanations as a person reads them: the answer, then every offer, those that came furthest
// first.
//
// Thread safety: pure function.

#include <string>

#include "touchstone/v1/explanation.pb.h"

namespace touchstone::server {

std::string ExplanationText(const v1::ExplainResponse& response);

}  // namespace touchstone::server
