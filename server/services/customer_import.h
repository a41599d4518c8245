#pragma once

// One load of customers: a stream of batches, each written and answered before the next is read.
//
// Thread safety: for one thread. Lifetime: the backend must outlive it.

#include "server/rpc/rpc_service.h"
#include "server/services/backend.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxImportRows = 10'000;
inline constexpr size_t kMaxImportBatchBytes = size_t{4} << 20;

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
