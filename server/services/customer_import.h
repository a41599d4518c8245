#pragma once

// One load of customers: a stream of batches, each written and answered before the next is read.
//
// Thread safety: for one thread. Lifetime: the backend must outlive it.

#include <utility>
#include <vector>

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxImportRows = 10'000;
inline constexpr size_t kMaxImportBatchBytes = size_t{4} << 20;

// A batch on its way into the store: checked against the active revision, and worded again when the
// store has answered. Use: Plan, write entry() unless it is empty, Answer. Thread safety: one
// thread at a time.
class CustomerBatchPlan {
 public:
  // An error of the whole batch. Rows that cannot be written are refused in the answer.
  grpc::Status Plan(const Backend& backend, const v1::ImportCustomersRequest& request);

  // Nothing to write: every row was refused.
  bool empty() const { return row_of_update_.empty(); }
  storage::Entry TakeEntry() { return std::move(entry_); }

  // `result` of the entry; of no entry when nothing was written.
  void Answer(const storage::EntryResult& result, v1::ImportCustomersResponse* response);

 private:
  int row_count_ = 0;
  std::vector<int> row_of_update_;
  std::vector<v1::RejectedRow> rejected_;
  storage::Entry entry_;
};

class CustomerImport {
 public:
  explicit CustomerImport(const Backend& backend) : backend_(backend) {}

  // Until the caller ends the stream or a batch is at fault.
  grpc::Status Run(RpcStream& stream);

 private:
  grpc::Status CheckBatch() const;
  grpc::Status WriteBatch();

  const Backend& backend_;
  int64_t last_sequence_ = 0;
  v1::ImportCustomersRequest request_;
  v1::ImportCustomersResponse response_;
};

}  // namespace touchstone::server
