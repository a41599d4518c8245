#pragma once

// How the services answer calls: on the worker pool, or with a refusal at once.
//
// Thread safety: as grpc's callback API; every call is finished exactly once.

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/server_callback.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/rpc/raw_callback.h"
#include "server/rpc/rpc_error.h"
#include "server/services/worker_pool.h"

namespace touchstone::server {

inline constexpr absl::Duration kRetryAfterFullPool = absl::Milliseconds(100);

inline grpc::Status PoolIsFull() {
  return Overloaded(kRetryAfterFullPool, "too many calls are waiting to be worked on");
}

// Of a call that has waited for the pool beyond its deadline: nothing was done.
inline grpc::Status DeadlinePassed() {
  return RpcError(grpc::StatusCode::DEADLINE_EXCEEDED, v1::ERROR_REASON_DEADLINE_PASSED,
                  "the deadline had passed when the call was begun");
}

// "PriceItems" of "DecisionService" is declared in the contract and served by a later version.
inline grpc::Status NotImplemented(absl::string_view what) {
  return RpcError(grpc::StatusCode::UNIMPLEMENTED, v1::ERROR_REASON_NOT_IMPLEMENTED,
                  absl::StrCat(what, " is part of the contract but not served by this version"));
}

// A service whose methods run on the pool.
template <typename Service>
class PooledService : public RawCallbackService<Service> {
 protected:
  // A method whose work may block and ends with its answer.
  template <typename Request, typename Response, typename Work>
  void Serve(const char* method, WorkerPool* workers, Work work) {
    using Call = UnaryCall<Request, Response>;
    this->template ServeUnary<Request, Response>(method, [workers, work = std::move(work)](
                                                             std::shared_ptr<Call> call) {
      const bool posted = workers->Post([call, &work] {
        call->Finish(call->is_late() ? DeadlinePassed() : work(call->request(), call->response()));
      });
      if (!posted) call->Finish(PoolIsFull());
    });
  }
};

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
