#pragma once

// The part of verify.h on grants: that records show those of the ledger that are open, and no
// other.
//
// Thread safety, errors: as in row_walk.h.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "store/record.h"
#include "store/row_walk.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {

// That whoever stands for the customer shows this row, if she has to.
absl::Status VerifyGrantIsShown(absl::string_view id, const storage::Code& grant, RowWalk* rows);
// That there is an open grant of hers for each one that her record shows. What it says of them is
// for the other one.
absl::Status VerifyShownGrants(absl::string_view customer_id, const RecordView& record,
                               RowWalk* rows);

}  // namespace touchstone::store
