#pragma once

// The full account of a decision: made again from its receipt, or made now, with the reason of
// every offer, why the segment, and the facts that stood in its row.
//
// Thread safety: any thread; each call has state of its own. Blocks: reads the receipt, and may
// compile the revision.
// Errors: as DecisionService.Explain says.

#include <grpcpp/support/status.h>

#include "server/decide/gather.h"
#include "server/decide/outcome_handler.h"
#include "server/decide/receipt.h"
#include "server/live/live.h"
#include "touchstone/v1/explanation.pb.h"

namespace touchstone::server {

struct ExplainRooms {
  const Live* live = nullptr;
  const RecordReader* reader = nullptr;
  FindReceiptFunction find_receipt;
  RevisionResolver resolver;
  std::function<absl::Time()> clock;
  uint64_t step_limit = 0;
  bool allow_as_of = false;
};

class Explainer {
 public:
  explicit Explainer(ExplainRooms rooms) : rooms_(std::move(rooms)) {}

  // `show_pii`: the caller may read personal data.
  grpc::Status Explain(const v1::ExplainRequest& request, bool show_pii,
                       v1::ExplainResponse* response) const;

 private:
  grpc::Status ExplainReceipt(const v1::ExplainRequest& request, bool show_pii,
                              v1::ExplainResponse* response) const;
  grpc::Status ExplainLive(const v1::ExplainRequest& request, bool show_pii,
                           v1::ExplainResponse* response) const;

  const ExplainRooms rooms_;
};

}  // namespace touchstone::server
