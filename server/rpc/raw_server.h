#pragma once

// Completion-queue serving of the hot methods: raw bytes in, raw bytes out.
//
// One thread polls each completion queue. A call occupies one of a fixed number of slots from the
// moment gRPC matches it to the moment its answer has been taken, so calls in flight are bounded;
// while none is free, further calls wait in gRPC (bounded by MAX_CONCURRENT_STREAMS) and are not
// read. A handler may answer at once, or later from another thread: Claim decides who does when a
// deadline and a late read race. The messages of a stream are served one by one as calls are:
// raw_stream.h.
//
// Thread safety: as said at each method. Lifetime: the grpc::Server must be shut down before Stop,
// and both before the handlers are gone. Cost: about 10 us of CPU a call beside the handler's work,
// nearly all of it gRPC's.

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_stream.h>
#include <grpcpp/support/async_unary_call.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace touchstone::server {

// Budgets are measured on this clock: a step of the wall clock makes no answer late.
using MonotonicTime = std::chrono::steady_clock::time_point;

class RawServer;
class RawStream;
class RawStreamHandler;
class UnaryCall;
struct RawPoller;

// Events that are there at once are taken together, so many at most. Then the handlers run one
// after another, and then all answers go out: what one decision has brought into the CPU's caches
// serves the next before the transport displaces it. At saturation a decision costs two fifths less
// CPU.
inline constexpr size_t kMostEventsAtOnce = 64;
// Handlers that have run so long together wait while answers go out and deadlines are looked at.
inline constexpr std::chrono::microseconds kLongestTurn{1000};

// What a completion queue gives back when an operation is done.
class RawTag {
 public:
  // On the polling thread; `ok` as gRPC says of the operation.
  virtual void Happened(bool ok, MonotonicTime now) = 0;

 protected:
  ~RawTag() = default;
};

// One request being served: a unary call, or a message of a stream. Slots are reused; `generation`
// tells one request of a slot from the next.
class RawCall : public RawTag {
 public:
  virtual ~RawCall() = default;
  RawCall(const RawCall&) = delete;
  RawCall& operator=(const RawCall&) = delete;

  // The serialized request, contiguous. Valid until the request is answered.
  absl::string_view request() const {
    return absl::string_view(reinterpret_cast<const char*>(request_.begin()), request_.size());
  }
  // When gRPC handed the request to us.
  MonotonicTime arrived() const { return arrived_; }
  // What the caller's RPC deadline left at arrival; InfiniteDuration without one.
  absl::Duration rpc_time_left() const;
  // Index of the polling thread that owns the slot.
  size_t thread() const { return thread_; }

  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // The right to answer the request of that generation: granted once. Any thread. A handler that
  // arms a deadline or hands the request to another thread answers only with it.
  bool Claim(uint64_t generation);
  // Whether that right has been granted. Any thread.
  bool claimed(uint64_t generation) const {
    return claimed_.load(std::memory_order_acquire) >= generation;
  }

  // Answer the request. REQUIRES: the right to answer (a handler that never shares a request has
  // it). Any thread. The request must not be touched afterwards. An error ends the stream that the
  // request is a message of.
  void Finish(absl::string_view response);
  virtual void FinishWithError(const grpc::Status& status) = 0;

 protected:
  RawCall(RawServer* server, RawPoller* poller, size_t thread, size_t method)
      : server_(server), poller_(poller), thread_(thread), method_(method) {}
  virtual void Send(const grpc::Slice& answer) = 0;
  // Which of the server's methods it is of.
  size_t method() const { return method_; }
  // Lets go of the request.
  void Forget();

  RawServer* const server_;
  RawPoller* const poller_;
  std::unique_ptr<grpc::ServerContext> context_;
  grpc::ByteBuffer received_;
  std::atomic<uint64_t> generation_{0};

 private:
  friend class RawServer;

  grpc::Slice request_;
  grpc::Slice answer_;  // while it waits to be sent
  MonotonicTime arrived_;
  const size_t thread_;
  const size_t method_;
  std::atomic<uint64_t> claimed_{0};  // generation that was claimed last
};

class RawHandler {
 public:
  virtual ~RawHandler() = default;
  // On the polling thread of the call: must be quick and must not block. Calls whose deadline has
  // passed are answered without it.
  virtual void Handle(RawCall& call) = 0;
  // A deadline that the handler armed has passed. Same thread as Handle. The call may have been
  // answered since: Claim tells.
  virtual void HandleDeadline(RawCall& call, uint64_t generation) = 0;
};

class RawServer {
 public:
  // As RpcService::ServeRaw gives it.
  using RequestFunction = std::function<void(
      grpc::ServerContext*, grpc::ByteBuffer*, grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>*,
      grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*)>;
  // As RpcService::ServeRawStream gives it.
  using RequestStreamFunction = std::function<void(
      grpc::ServerContext*, grpc::ServerAsyncReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>*,
      grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*)>;

  // Before the grpc::Server is built: one completion queue a polling thread.
  RawServer(grpc::ServerBuilder& builder, size_t threads);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  // Before Start. `slots` calls of the method may be in flight on each thread; requests of more
  // than `max_request_bytes` are refused.
  void AddMethod(RequestFunction request, RawHandler* handler, size_t slots,
                 size_t max_request_bytes);
  // Before Start, for one method at most. `max_streams` may be open over all threads; what is
  // beyond ends with RESOURCE_EXHAUSTED OVERLOADED.
  void AddStream(RequestStreamFunction request, RawStreamHandler* handler, size_t max_streams,
                 size_t max_message_bytes);
  // After the grpc::Server is built.
  void Start();
  // Streams end with UNAVAILABLE NOT_READY, those with a request under way after its answer. Before
  // grpc::Server::Shutdown, which waits for them. Any thread.
  void Drain();
  // After grpc::Server::Shutdown has returned and no handler holds a call: drains and joins.
  void Stop();

  // Calls handler->HandleDeadline on the polling thread once `when` has passed. From the call's
  // polling thread only. Late by at most kLongestTurn and one handler step.
  void ArmDeadline(RawCall& call, MonotonicTime when);

  // Requests between match and answer, over all threads. Any thread.
  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }
  // Streams that are open. Any thread.
  size_t open_streams() const { return open_streams_.load(std::memory_order_relaxed); }

 private:
  friend class RawStream;
  friend class UnaryCall;
  struct Method {
    RequestFunction request;
    RequestStreamFunction request_stream;
    RawHandler* handler = nullptr;
    size_t slots = 0;
    size_t max_request_bytes = 0;
  };

  void AddCalls(size_t thread, size_t method);
  // Asks for the next stream of the method.
  void WaitForStream(RawPoller& poller, size_t thread, size_t method);
  void Poll(RawPoller& poller);
  void TakeEvents(RawPoller& poller, void* tag, bool ok);
  // A request has come, and waits for its handler.
  void Arrive(RawCall& call, MonotonicTime now);
  void Leave() { in_flight_.fetch_sub(1, std::memory_order_relaxed); }
  void HandleArrived(RawPoller& poller);
  void Handle(RawCall& call);
  void FireDeadlines(RawPoller& poller);
  static void SendAnswers(RawPoller& poller);

  std::vector<Method> methods_;
  RawStreamHandler* stream_handler_ = nullptr;
  size_t max_streams_ = 0;
  std::vector<std::unique_ptr<RawPoller>> pollers_;
  std::atomic<int64_t> in_flight_{0};
  std::atomic<size_t> open_streams_{0};
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopped_{false};
};

}  // namespace touchstone::server
