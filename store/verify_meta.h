#pragma once

// The part of verify.h that is about the rows of `meta`: what is under way or waits, who was merged
// into whom, offers that are paused, imports, remembered requests. Of the active revision: there.
//
// Thread safety, errors: as RowWalk. Cost: reads the family once, and a few rows by key for each
// merge and each record that waits. Memory: of the customers who stand for one another, those on
// the way from one to the last.

#include "absl/status/status.h"
#include "store/row_walk.h"

namespace touchstone::store {

absl::Status VerifyMeta(RowWalk* rows);

}  // namespace touchstone::store
