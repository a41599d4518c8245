#pragma once

// How the services answer calls: on the worker pool, or with a refusal at once.
//
// Thread safety: as grpc's callback API; every call is finished exactly once.

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/rpc/rpc_error.h"
#include "server/services/worker_pool.h"

namespace touchstone::server {

inline constexpr absl::Duration kRetryAfterFullPool = absl::Milliseconds(100);

inline grpc::Status PoolIsFull() {
  return Overloaded(kRetryAfterFullPool, "too many calls are waiting to be worked on");
}

// "PriceItems" of "DecisionService" is declared in the contract and served by a later version.
inline grpc::Status NotImplemented(absl::string_view what) {
  return RpcError(grpc::StatusCode::UNIMPLEMENTED, v1::ERROR_REASON_NOT_IMPLEMENTED,
                  absl::StrCat(what, " is part of the contract but not served by this version"));
}

// Runs a call whose work may block and ends with its answer.
inline grpc::ServerUnaryReactor* RunCall(grpc::CallbackServerContext* context, WorkerPool* workers,
                                         std::function<grpc::Status()> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const bool posted = workers->Post([reactor, work = std::move(work)] { reactor->Finish(work()); });
  if (!posted) reactor->Finish(PoolIsFull());
  return reactor;
}

inline grpc::ServerUnaryReactor* Refuse(grpc::CallbackServerContext* context,
                                        const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

// A stream that is refused. Reactor: ServerReadReactor, ServerWriteReactor or ServerBidiReactor.
template <typename Reactor>
class RefusedStream : public Reactor {
 public:
  explicit RefusedStream(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace touchstone::server
