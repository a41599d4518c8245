#pragma once

// The running server: the store, what is live, and the services over it.
//
// Use: Start, then Stop. Serve does both around SIGTERM and SIGINT.
// Thread safety: Start and Stop from one thread.
// Errors: as store::Store::Open; FailedPrecondition when the active revision is not accepted by
// this version; Unavailable when the address cannot be listened on.

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/config.h"

namespace touchstone::server {

class RunningServer {
 public:
  // `clock`: empty for the system's. A port of 0 takes a free one.
  static absl::StatusOr<std::unique_ptr<RunningServer>> Start(
      const ServerConfig& config, std::function<absl::Time()> clock = nullptr);
  // Not ready, then the calls under way end (those that take too long are cut off), then everything
  // acknowledged and every receipt is on the device.
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  // "127.0.0.1:50051", with the port that was taken.
  const std::string& address() const;

 private:
  class Impl;
  explicit RunningServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Serves until SIGTERM or SIGINT; the exit code of the process. REQUIRES: no other thread runs yet.
int Serve(const ServerConfig& config);

}  // namespace touchstone::server
