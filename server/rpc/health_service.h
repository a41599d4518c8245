#pragma once

// grpc.health.v1.Health: Check, for the server as a whole and for each of its services. Watch is
// not served.
//
// Thread safety: any thread. Lifetime: as RpcService.

#include <atomic>
#include <string>
#include <vector>

#include "grpc/health/v1/health.pb.h"
#include "server/rpc/rpc_service.h"

namespace touchstone::server {

class HealthService final : public RpcService {
 public:
  // `services`: full names of those that share the server's state.
  HealthService(std::vector<std::string> services, CallLimit* limit);

  // NOT_SERVING until then.
  void SetServing(bool serving) { serving_.store(serving, std::memory_order_relaxed); }

 private:
  grpc::Status Check(const grpc::health::v1::HealthCheckRequest& request,
                     grpc::health::v1::HealthCheckResponse* response) const;

  const std::vector<std::string> services_;
  std::atomic<bool> serving_{false};
};

}  // namespace touchstone::server
