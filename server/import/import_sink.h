#pragma once

// Where the batches of an import go: a server, or the files of one that is stopped.
//
// Thread safety: for one thread. Each batch is settled with the import's state once it is known
// what became of it.

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "server/import/import_state.h"
#include "server/import/row_reader.h"
#include "touchstone/v1/budget_service.pb.h"
#include "touchstone/v1/customer_service.pb.h"
#include "touchstone/v1/grant_service.pb.h"

namespace touchstone::server {

struct CustomerBatch {
  int64_t number = 0;  // from 1
  v1::ImportCustomersRequest request;
  std::vector<RowOrigin> origins;  // by row
  BatchOutcome aside;              // of rows that are not sent
};

// Items of one customer, or of one budget, are in one lane. Batches of a lane must be applied in
// order.
inline constexpr size_t kLanes = 4;
template <typename Message>
struct LaneBatch {
  int64_t number = 0;
  size_t lane = 0;
  Message request;
  std::vector<std::vector<RowOrigin>> origins;  // by item
  BatchOutcome aside;
};
struct EventsBatch : LaneBatch<v1::AppendEventsRequest> {
  auto* items() { return request.mutable_events(); }
};
struct GrantsBatch : LaneBatch<v1::ImportGrantsRequest> {
  auto* items() { return request.mutable_grants(); }
};

struct BudgetsBatch : LaneBatch<v1::ImportBudgetsRequest> {
  auto* items() { return request.mutable_opening_uses(); }
};

template <typename Batch>
class ImportSink {
 public:
  virtual ~ImportSink() = default;
  // Waits for room; false when the import cannot go on. A batch without rows is only settled.
  virtual bool Send(Batch batch) = 0;
  // Waits for all that was sent.
  virtual grpc::Status End() = 0;
};
using CustomerSink = ImportSink<CustomerBatch>;
using EventSink = ImportSink<EventsBatch>;
using GrantSink = ImportSink<GrantsBatch>;
using BudgetSink = ImportSink<BudgetsBatch>;

// What became of a batch. DATA_LOSS: the answer speaks of rows that were not sent.
absl::StatusOr<BatchOutcome> OutcomeOf(CustomerBatch batch,
                                       const v1::ImportCustomersResponse& response);
absl::StatusOr<BatchOutcome> OutcomeOf(EventsBatch batch, const v1::AppendEventsResponse& response);
absl::StatusOr<BatchOutcome> OutcomeOf(GrantsBatch batch, const v1::ImportGrantsResponse& response);
absl::StatusOr<BatchOutcome> OutcomeOf(BudgetsBatch batch,
                                       const v1::ImportBudgetsResponse& response);

// What a connection to a server needs.
struct LiveTarget {
  std::shared_ptr<grpc::Channel> channel;
  // Waits before a call is tried again.
  std::function<void(int milliseconds)> sleep;
};
std::unique_ptr<CustomerSink> LiveCustomerSink(const LiveTarget& target, ImportState* state);
std::unique_ptr<EventSink> LiveEventSink(const LiveTarget& target, ImportState* state);
std::unique_ptr<GrantSink> LiveGrantSink(const LiveTarget& target, ImportState* state);
std::unique_ptr<BudgetSink> LiveBudgetSink(const LiveTarget& target, ImportState* state);

}  // namespace touchstone::server
