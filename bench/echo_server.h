#pragma once

// The yardstick: DecisionService.Decide served as the product serves it (raw method, completion
// queue with one polling thread each, reused request message), but for the decision: the request is
// parsed and a prebuilt answer goes back.
//
// What the product costs beyond this is the product's. Every other method answers UNIMPLEMENTED.
// Thread safety: Create, Stop and the destructor from one thread.

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/rpc/raw_server.h"
#include "server/rpc/rpc_service.h"

namespace touchstone::bench {

struct EchoOptions {
  std::string listen = "127.0.0.1:0";
  size_t threads = 1;
  std::string response;  // serialized DecideResponse
};

class EchoServer {
 public:
  // Serving when it returns. Unavailable when the address cannot be had.
  static absl::StatusOr<std::unique_ptr<EchoServer>> Create(const EchoOptions& options);
  ~EchoServer();

  int port() const { return port_; }
  void Stop();

 private:
  class Handler;

  EchoServer();

  int port_ = 0;
  std::unique_ptr<Handler> handler_;
  server::CallLimit limit_{64};  // of calls that are refused anyway
  server::RpcService rpc_;
  std::unique_ptr<server::RawServer> raw_;
  std::unique_ptr<grpc::Server> grpc_;
};

}  // namespace touchstone::bench
