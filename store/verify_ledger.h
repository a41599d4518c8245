#pragma once

// The part of verify.h that is about the rows of `ledger` and `sales`: reservations and the rows
// that lead to them, sales and the rows that list them, and budgets, which are the sums of what
// claims them; codes, which are just that too, and the rows that say whose they are.
//
// Thread safety, errors: as RowWalk. Cost: reads both families once, and up to three rows by key
// for each reservation, sale and code. Memory: the sums of each budget, of each of its days, and of
// each code that was used.

#include "absl/status/status.h"
#include "store/row_walk.h"

namespace touchstone::store {

absl::Status VerifyLedger(RowWalk* rows);

}  // namespace touchstone::store
