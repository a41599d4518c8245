#pragma once

// The part of verify.h that is about the rows of `ledger` and `sales`: reservations and the rows
// that lead to them, sales and the rows that list them, and budgets, which are the sums of what
// claims them.
//
// Thread safety, errors: as RowWalk. Cost: reads both families once, and up to three rows by key
// for each reservation and sale. Memory: the sums of each budget and of each of its days.

#include "absl/status/status.h"
#include "store/row_walk.h"

namespace touchstone::store {

absl::Status VerifyLedger(RowWalk* rows);

}  // namespace touchstone::store
