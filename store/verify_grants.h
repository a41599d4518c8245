#pragma once

// The part of verify.h on grants: that records show those of the ledger that are open, and no
// other, and so do the lists of open ones by offer.
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
// That it is among the open ones of its offer, if it is open, and that the terms that it keeps are
// there.
absl::Status VerifyGrantIsListed(absl::string_view id, const storage::Code& grant, RowWalk* rows);
// That the row, an OpenGrantRow, leads to an open grant that it says the truth of.
absl::Status VerifyListedGrant(absl::string_view row, RowWalk* rows);
// That there is an open grant of hers for each one that her record shows. What it says of them is
// for the other one.
absl::Status VerifyShownGrants(absl::string_view customer_id, const RecordView& record,
                               RowWalk* rows);

}  // namespace touchstone::store
