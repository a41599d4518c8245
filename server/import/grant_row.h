#pragma once

// A row of a file as the grant that the server takes.
//
// Thread safety: pure functions. Errors: InvalidArgument with a sentence, as in row_value.h.

#include "absl/status/status.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "touchstone/v1/grant_service.pb.h"

namespace touchstone::server {

// REQUIRES: the mapping is of grants.
absl::Status MapGrantRow(const Mapping& mapping, const Row& row, v1::GrantItem* to);

}  // namespace touchstone::server
