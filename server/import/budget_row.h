#pragma once

// A row of a file as the opening use of a budget that the server takes.
//
// Thread safety: pure functions. Errors: InvalidArgument with a sentence, as in row_value.h.

#include "absl/status/status.h"
#include "server/import/mapping.h"
#include "server/import/row_reader.h"
#include "touchstone/v1/budget_service.pb.h"

namespace touchstone::server {

// Empty cells of uses, amounts and days are left out. REQUIRES: the mapping is of budgets.
absl::Status MapBudgetRow(const Mapping& mapping, const Row& row, v1::OpeningUse* to);

}  // namespace touchstone::server
