#include "server/rpc/health_service.h"

#include <algorithm>
#include <utility>

namespace touchstone::server {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthService::HealthService(std::vector<std::string> services, CallLimit* limit)
    : RpcService("grpc.health.v1.Health", limit), services_(std::move(services)) {
  Serve<HealthCheckRequest, HealthCheckResponse>(
      "Check", [this](const auto& request, auto* response) { return Check(request, response); });
  RefuseTheRest();
}

grpc::Status HealthService::Check(const HealthCheckRequest& request,
                                  HealthCheckResponse* response) const {
  if (!request.service().empty() &&
      std::find(services_.begin(), services_.end(), request.service()) == services_.end()) {
    return grpc::Status(grpc::StatusCode::NOT_FOUND, "the server has no such service");
  }
  response->set_status(serving_.load(std::memory_order_relaxed) ? HealthCheckResponse::SERVING
                                                                : HealthCheckResponse::NOT_SERVING);
  return grpc::Status::OK;
}

}  // namespace touchstone::server
