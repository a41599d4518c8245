#pragma once

// RecordOutcomes: each outcome once and durably, with what it adds to the customer's contact state.
//
// Tokens are opened without any read. A batch that names decisions instead, or is large, is worked
// off on the read pool, since receipts are read from disk. The call is answered when the store has
// acknowledged the entry, on its writer's thread. Outcomes of TRAINING and PREVIEW decisions are
// answered alike and not kept.
//
// Thread safety: as RawHandler. Lifetime: read pool and store writer must have stopped, or have
// nothing of it left, before the handler goes.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "server/decide/gather.h"
#include "server/decide/receipt.h"
#include "server/decide/shown_contacts.h"
#include "server/decide/token.h"
#include "server/live/live.h"
#include "server/rpc/raw_server.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/v1/outcome_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxOutcomes = 1000;
// As many are handled on a polling thread; opening a token costs a microsecond.
inline constexpr int kMaxOutcomesInline = 32;

// As store::ReceiptLog::Find. May block.
using FindReceiptFunction =
    std::function<absl::StatusOr<std::string>(absl::string_view decision_id)>;

struct OutcomeRooms {
  const Live* live = nullptr;
  const TokenKey* token_key = nullptr;
  ReadExecutor* executor = nullptr;
  SubmitFunction submit;
  FindReceiptFunction find_receipt;
  RevisionResolver resolver;
  std::function<absl::Time()> clock;
};

class OutcomeHandler : public RawHandler {
 public:
  explicit OutcomeHandler(const OutcomeRooms* rooms) : rooms_(rooms) {}

  void Handle(RawCall& call) override;
  void HandleDeadline(RawCall& /*call*/, uint64_t /*generation*/) override {}  // arms none

 private:
  class Batch;
  class Job;

  const OutcomeRooms* rooms_;
};

}  // namespace touchstone::server
