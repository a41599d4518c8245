#pragma once

// What became of an import, as the contract says it and as the store keeps it.
//
// Thread safety: pure functions.

#include <vector>

#include "server/rpc/rpc_error.h"
#include "touchstone/storage/v1/state.pb.h"
#include "touchstone/v1/report_service.pb.h"

namespace touchstone::server {

namespace storage = ::touchstone::storage::v1;

// Adds what is wrong, with paths from "run" on.
void CheckImportRun(const v1::ImportRun& run, std::vector<Violation>* violations);

// REQUIRES: CheckImportRun finds nothing wrong.
storage::ImportRun ToStored(const v1::ImportRun& run);
v1::ImportRun ToMessage(const storage::ImportRun& kept);

}  // namespace touchstone::server
