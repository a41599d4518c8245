#include "server/services/backend.h"

#include "server/log.h"

namespace touchstone::server {

grpc::Status MakeLive(const Backend& backend) {
  const absl::Status reloaded = backend.loader->Reload();
  if (reloaded.ok()) return grpc::Status::OK;
  Log(LogLevel::kError, "reload_failed", {{"error", reloaded.message()}});
  return StoreError(reloaded);
}

}  // namespace touchstone::server
