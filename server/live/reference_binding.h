#pragma once

// Stored reference rows as typed rows in a schema's layout.
//
// A stored table is one serialized touchstone.v1.ImportReferenceRequest without request_id: table,
// the sender's version, all rows in order of key.
// Thread safety: pure functions. Cost: linear in the rows; several hundred nanoseconds a value.

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/facts/reference.h"
#include "rules/facts/schema.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/reference_service.pb.h"

namespace touchstone::server {

// nullptr: the schema does not declare the table.
const rules::ReferenceSpec* FindReferenceSpec(const rules::Schema& schema, absl::string_view table);

// Rows that were checked under an earlier schema: a column that this one declares otherwise is
// absent. DataLoss when the bytes are no table.
absl::StatusOr<rules::ReferenceTable> BindReferenceTable(absl::string_view stored,
                                                         const rules::ReferenceSpec& spec);

// What keeps a new row from being loaded, with `field` as its path.
void CheckReferenceRow(const v1::ReferenceTableRow& row, const rules::ReferenceSpec& spec,
                       absl::string_view field, std::vector<Violation>* violations);

}  // namespace touchstone::server
