#include "server/services/backend.h"

#include "server/log.h"
#include "server/services/aggregate_filler.h"

namespace touchstone::server {

grpc::Status MakeLive(const Backend& backend) {
  const absl::Status reloaded = backend.loader->Reload();
  if (reloaded.ok()) return grpc::Status::OK;
  Log(LogLevel::kError, "reload_failed", {{"error", reloaded.message()}});
  return StoreError(reloaded);
}

grpc::Status MakePublishLive(const Backend& backend) {
  grpc::Status made = MakeLive(backend);
  backend.filler->Wake();
  return made;
}

}  // namespace touchstone::server
