#pragma once

// Parsing into a request that has been used before.
//
// Thread safety: pure function on the caller's request. Cost: as a parse, without the allocations
// for what the last request held too.

#include <optional>

#include "absl/strings/string_view.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

// As ParseRequest.
std::optional<Violation> ParseReusing(absl::string_view bytes, v1::DecideRequest* request);

}  // namespace touchstone::server
