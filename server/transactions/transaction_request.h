#pragma once

// What the requests of transactions have in common: checks that need no rule set, and durations.
//
// Thread safety: pure functions.

#include <google/protobuf/duration.pb.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/rpc/rpc_error.h"
#include "touchstone/v1/decision.pb.h"

namespace touchstone::server {

// Of a call that decides nothing: which transaction and step.
void CheckTransaction(const v1::DecisionContext& context, std::vector<Violation>* violations);
// Null: not said.
void CheckHold(const google::protobuf::Duration* hold, std::vector<Violation>* violations);

inline absl::Duration ToDuration(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

template <typename Request>
absl::Duration HoldOf(const Request& request, absl::Duration otherwise) {
  return request.has_hold() ? ToDuration(request.hold()) : otherwise;
}

// What is decided for a request that has a basket.
template <typename Request>
v1::DecideRequest DecisionOf(const Request& request) {
  v1::DecideRequest decided;
  *decided.mutable_context() = request.context();
  *decided.mutable_basket() = request.basket();
  *decided.mutable_attributes() = request.attributes();
  return decided;
}

// The request that a receipt was made of. False: it is no receipt.
bool RequestOfReceipt(const std::string& receipt, v1::DecideRequest* request);

}  // namespace touchstone::server
