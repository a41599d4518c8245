#pragma once

// One load of customers: a stream of batches, each written and answered before the next is read.
//
// Thread safety: as grpc's reactors. Lifetime: deletes itself when the call is over; the backend
// must outlive it.

#include "server/services/backend.h"
#include "server/services/call.h"
#include "touchstone/v1/customer_service.pb.h"

namespace touchstone::server {

inline constexpr int kMaxImportRows = 10'000;
inline constexpr size_t kMaxImportBatchBytes = size_t{4} << 20;

class CustomerImport final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit CustomerImport(const Backend& backend);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

 private:
  void Work();
  grpc::Status CheckBatch() const;
  grpc::Status WriteBatch();

  const Backend& backend_;
  int64_t last_sequence_ = 0;
  grpc::ByteBuffer received_;
  grpc::ByteBuffer answer_;
  v1::ImportCustomersRequest request_;
  v1::ImportCustomersResponse response_;
};

}  // namespace touchstone::server
