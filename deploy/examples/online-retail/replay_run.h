#pragma once

// A replay over gRPC, one call at a time and in the order of time: each sale is decided as of its
// moment, then its event is appended, and what it won counts as redeemed.
//
// Thread safety: for one thread. Errors: the status of the first call that failed, with the
// invoice; an event that is refused is one too. What was written stays. Blocks.

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "deploy/examples/online-retail/invoices.h"
#include "touchstone/v1/customer_service.grpc.pb.h"
#include "touchstone/v1/decision_service.grpc.pb.h"
#include "touchstone/v1/outcome_service.grpc.pb.h"

namespace touchstone::online_retail {

struct OfferResult {
  int64_t applied = 0;         // sales that it changed
  int64_t shown = 0;           // sales with which it was shown
  int64_t discount_minor = 0;  // what it took off
};

struct ReplayTotals {
  int64_t sales = 0;      // decided
  int64_t not_asked = 0;  // sales whose events were appended without a decision
  int64_t anonymous = 0;  // of the decided ones
  int64_t returns = 0;    // appended
  int64_t anonymous_returns = 0;
  int64_t adjustments = 0;
  int64_t events = 0;  // appended, purchases and returns
  int64_t lines = 0;   // of the decided sales
  int64_t complete = 0;
  int64_t partial = 0;
  int64_t fallback = 0;
  int64_t gross_minor = 0;
  int64_t discount_minor = 0;
  int64_t payable_minor = 0;
  int64_t largest_quantity = 0;  // units of one line
  int64_t receipts = 0;          // explained
  int64_t receipts_equal = 0;    // the rebuilt answer has the hash of the one that was given
  std::map<std::string, int64_t> segments;
  std::map<std::string, OfferResult> offers;  // every offer of the revision
  std::vector<absl::Duration> latencies;      // of Decide, as the caller saw it
};

class ReplayRun {
 public:
  explicit ReplayRun(const std::shared_ptr<grpc::Channel>& channel);

  // Decides `sales` of the sales, spread evenly; the rest only become events.
  absl::Status Replay(const std::vector<Invoice>& invoices, int64_t sales);
  // Explains every decision that was made.
  absl::Status ExplainAll();

  const ReplayTotals& totals() const { return totals_; }

 private:
  absl::Status Decide(const Invoice& invoice);
  absl::Status RecordRedeemed(const Invoice& invoice, const v1::DecideResponse& response);
  absl::Status AppendPending();
  void Count(const v1::DecideResponse& response);

  struct Decided {
    std::string decision_id;
    absl::Time as_of;
  };

  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::CustomerService::Stub> customers_;
  std::unique_ptr<v1::OutcomeService::Stub> outcomes_;
  const std::string run_id_;  // request ids begin with it
  int64_t requests_ = 0;
  v1::AppendEventsRequest pending_;
  std::vector<Decided> decided_;
  ReplayTotals totals_;
};

}  // namespace touchstone::online_retail
