#pragma once

// Completion-queue serving of the hot methods: raw bytes in, raw bytes out.
//
// One thread polls each completion queue. A call occupies one of a fixed number of slots from the
// moment gRPC matches it to the moment its answer has been taken, so calls in flight are bounded;
// while none is free, further calls wait in gRPC (bounded by MAX_CONCURRENT_STREAMS) and are not
// read. A handler may answer at once, or later from another thread: Claim decides who does when a
// deadline and a late read race.
//
// Thread safety: as said at each method. Lifetime: the grpc::Server must be shut down before Stop,
// and both before the handlers are gone. Cost: about 10 us of CPU a call beside the handler's work,
// nearly all of it gRPC's.

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_unary_call.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace touchstone::server {

// Budgets are measured on this clock: a step of the wall clock makes no answer late.
using MonotonicTime = std::chrono::steady_clock::time_point;

class RawServer;

// Events that are there at once are taken together, so many at most. Then the handlers run one
// after another, and then all answers go out: what one decision has brought into the CPU's caches
// serves the next before the transport displaces it. At saturation a decision costs two fifths less
// CPU.
inline constexpr size_t kMostEventsAtOnce = 64;
// Handlers that have run so long together wait while answers go out and deadlines are looked at.
inline constexpr std::chrono::microseconds kLongestTurn{1000};

// One call being served. Slots are reused; `generation` tells one call of a slot from the next.
class RawCall {
 public:
  // The serialized request, contiguous. Valid until the call is answered.
  absl::string_view request() const {
    return absl::string_view(reinterpret_cast<const char*>(request_.begin()), request_.size());
  }
  // When gRPC handed the call to us.
  MonotonicTime arrived() const { return arrived_; }
  // What the caller's RPC deadline left at arrival; InfiniteDuration without one.
  absl::Duration rpc_time_left() const;
  // Index of the polling thread that owns the slot.
  size_t thread() const { return thread_; }

  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }
  // The right to answer the call of that generation: granted once. Any thread. A handler that arms
  // a deadline or hands the call to another thread answers only with it.
  bool Claim(uint64_t generation);
  // Whether that right has been granted. Any thread.
  bool claimed(uint64_t generation) const {
    return claimed_.load(std::memory_order_acquire) >= generation;
  }

  // Answer the call. REQUIRES: the right to answer (a handler that never shares a call has it).
  // Any thread. The call must not be touched afterwards.
  void Finish(absl::string_view response);
  void FinishWithError(const grpc::Status& status);

 private:
  friend class RawServer;
  void Send(const grpc::Slice& answer);
  enum class State : uint8_t { kWaiting, kServing };

  std::unique_ptr<grpc::ServerContext> context_;
  std::unique_ptr<grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>> writer_;
  grpc::ByteBuffer received_;
  grpc::Slice request_;
  grpc::Slice answer_;  // while it waits to be sent
  MonotonicTime arrived_;
  size_t thread_ = 0;
  size_t method_ = 0;
  std::atomic<State> state_{State::kWaiting};  // handed over with release, taken with acquire
  std::atomic<uint64_t> generation_{0};
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

  // Before the grpc::Server is built: one completion queue a polling thread.
  RawServer(grpc::ServerBuilder& builder, size_t threads);
  ~RawServer();
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  // Before Start. `slots` calls of the method may be in flight on each thread; requests of more
  // than `max_request_bytes` are refused.
  void AddMethod(RequestFunction request, RawHandler* handler, size_t slots,
                 size_t max_request_bytes);
  // After the grpc::Server is built.
  void Start();
  // After grpc::Server::Shutdown has returned and no handler holds a call: drains and joins.
  void Stop();

  // Calls handler->HandleDeadline on the polling thread once `when` has passed. From the call's
  // polling thread only. Late by at most kLongestTurn and one handler step.
  void ArmDeadline(RawCall& call, MonotonicTime when);

  // Calls between match and answer, over all threads. Any thread.
  int64_t in_flight() const { return in_flight_.load(std::memory_order_relaxed); }

 private:
  struct Method {
    RequestFunction request;
    RawHandler* handler = nullptr;
    size_t slots = 0;
    size_t max_request_bytes = 0;
  };
  struct Deadline {
    MonotonicTime when;
    RawCall* call = nullptr;
    uint64_t generation = 0;
  };
  struct Poller {
    std::vector<RawCall*> arrived;   // calls that wait for their handler
    std::vector<RawCall*> answered;  // calls whose answers wait to be sent
    std::unique_ptr<grpc::ServerCompletionQueue> queue;
    std::vector<std::unique_ptr<RawCall>> calls;
    std::vector<Deadline> deadlines;  // a heap, the earliest first
    grpc::Alarm stop;                 // its own address is its tag
    bool stopping = false;            // of the polling thread: no more calls are waited for
    bool shut_down = false;           // of the polling thread: the queue
    std::thread thread;
  };

  void WaitForCall(Poller& poller, RawCall& call);
  void Poll(Poller& poller);
  void TakeEvents(Poller& poller, void* tag, bool ok);
  void TakeEvent(Poller& poller, RawCall& call, bool ok, MonotonicTime now);
  void HandleArrived(Poller& poller);
  void Handle(RawCall& call);
  void FireDeadlines(Poller& poller);
  static void SendAnswers(Poller& poller);

  std::vector<Method> methods_;
  std::vector<std::unique_ptr<Poller>> pollers_;
  std::atomic<int64_t> in_flight_{0};
  std::atomic<bool> stopped_{false};
};

}  // namespace touchstone::server
