#pragma once

// ReferenceService: replaces reference tables, checked as a whole and swapped in at once.
//
// Thread safety: as grpc's callback API. Lifetime: the backend must outlive it.

#include "server/services/backend.h"
#include "server/services/call.h"
#include "touchstone/v1/reference_service.grpc.pb.h"

namespace touchstone::server {

class ReferenceService final : public PooledService<v1::ReferenceService> {
 public:
  explicit ReferenceService(const Backend& backend);

  // What is refused; what is served, the constructor says.
  grpc::ServerUnaryReactor* GetSnapshot(grpc::CallbackServerContext* context,
                                        const v1::GetSnapshotRequest* request,
                                        v1::Snapshot* response) override;

 private:
  const Backend backend_;
};

}  // namespace touchstone::server
