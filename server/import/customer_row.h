#pragma once

// A row of a file as the row of a customer that the server takes.
//
// Thread safety: pure functions. Errors: InvalidArgument with a sentence, as in row_value.h.

#include "absl/status/status.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

// REQUIRES: the mapping is of customers or contacts.
absl::Status MapCustomerRow(const Mapping& mapping, const Row& row, v1::CustomerRow* to);

}  // namespace touchstone::server
