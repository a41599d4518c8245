#pragma once

// What is wrong with a batch of outcomes, or with one of them, in itself.
//
// Thread safety: pure functions.

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "google/rpc/status.pb.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/outcome_service.pb.h"

namespace touchstone::server {

// Of the batch as a whole: nothing of it is recorded.
void CheckBatch(const v1::RecordOutcomesRequest& request, std::vector<Violation>* violations);

// Why this outcome cannot be recorded; nothing when it can.
std::optional<google::rpc::Status> CheckOutcome(const v1::Outcome& outcome, absl::Time server_now);

}  // namespace touchstone::server
