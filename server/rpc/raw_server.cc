#include "server/rpc/raw_server.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/rpc/raw_poller.h"
#include "server/rpc/raw_stream.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {
namespace {

// std heaps keep the largest in front.
constexpr auto kLaterFirst = [](const auto& a, const auto& b) { return a.when > b.when; };

// Of a polling thread: the calls whose answers wait to be sent.
thread_local std::vector<RawCall*>* answered = nullptr;

gpr_timespec ToTimespec(MonotonicTime when) {
  const auto left = when - std::chrono::steady_clock::now();
  return gpr_time_add(
      gpr_now(GPR_CLOCK_MONOTONIC),
      gpr_time_from_nanos(std::chrono::duration_cast<std::chrono::nanoseconds>(left).count(),
                          GPR_TIMESPAN));
}

}  // namespace

// A call of one request and one answer.
class UnaryCall final : public RawCall {
 public:
  UnaryCall(RawServer* server, RawPoller* poller, size_t thread, size_t method)
      : RawCall(server, poller, thread, method) {}

  void Wait(const RawServer::RequestFunction& request);
  void FinishWithError(const grpc::Status& status) override;
  void Happened(bool ok, MonotonicTime now) override;

 private:
  using Writer = grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>;
  enum class State : uint8_t { kWaiting, kServing };

  void Send(const grpc::Slice& answer) override;
  // The slot is the polling thread's from here on: nothing of it is read any more.
  Writer* HandBack();

  std::unique_ptr<Writer> writer_;
  std::atomic<State> state_{State::kWaiting};  // handed over with release, taken with acquire
};

void UnaryCall::Wait(const RawServer::RequestFunction& request) {
  // Contexts and writers cannot be reused; a fresh pair costs less than a microsecond.
  writer_.reset();
  context_ = std::make_unique<grpc::ServerContext>();
  writer_ = std::make_unique<Writer>(context_.get());
  Forget();
  generation_.fetch_add(1, std::memory_order_acq_rel);
  state_.store(State::kWaiting, std::memory_order_release);
  request(context_.get(), &received_, writer_.get(), poller_->queue.get(), poller_->queue.get(),
          static_cast<RawTag*>(this));
}

void UnaryCall::Happened(bool ok, MonotonicTime now) {
  if (state_.load(std::memory_order_acquire) == State::kServing) {
    server_->Leave();
    if (!poller_->stopping) Wait(server_->methods_[method()].request);
    return;
  }
  // Else the server shuts down: this slot gets no more calls.
  if (ok) server_->Arrive(*this, now);
}

UnaryCall::Writer* UnaryCall::HandBack() {
  Writer* writer = writer_.get();
  state_.store(State::kServing, std::memory_order_release);
  return writer;
}

void UnaryCall::Send(const grpc::Slice& answer) {
  grpc::ByteBuffer buffer(&answer, 1);
  HandBack()->Finish(buffer, grpc::Status::OK, static_cast<RawTag*>(this));
}

void UnaryCall::FinishWithError(const grpc::Status& status) {
  HandBack()->FinishWithError(status, static_cast<RawTag*>(this));
}

absl::Duration RawCall::rpc_time_left() const {
  const std::chrono::system_clock::time_point deadline = context_->deadline();
  if (deadline == std::chrono::system_clock::time_point::max()) return absl::InfiniteDuration();
  const auto waited = std::chrono::steady_clock::now() - arrived_;
  return absl::FromChrono(deadline - std::chrono::system_clock::now()) + absl::FromChrono(waited);
}

bool RawCall::Claim(uint64_t generation) {
  uint64_t claimed = claimed_.load(std::memory_order_acquire);
  // The slot cannot begin its next call before this one is answered, which takes this claim.
  return claimed < generation &&
         claimed_.compare_exchange_strong(claimed, generation, std::memory_order_acq_rel);
}

void RawCall::Finish(absl::string_view response) {
  grpc::Slice slice(response.data(), response.size());
  if (answered != nullptr) {
    answer_ = std::move(slice);
    answered->push_back(this);
    return;
  }
  Send(slice);
}

void RawCall::Forget() {
  received_.Clear();
  request_ = grpc::Slice();
}

RawServer::RawServer(grpc::ServerBuilder& builder, size_t threads) {
  for (size_t i = 0; i < threads; ++i) {
    pollers_.push_back(std::make_unique<RawPoller>());
    pollers_.back()->queue = builder.AddCompletionQueue();
  }
}

RawServer::~RawServer() { Stop(); }

void RawServer::AddMethod(RequestFunction request, RawHandler* handler, size_t slots,
                          size_t max_request_bytes) {
  methods_.push_back({std::move(request), nullptr, handler, slots, max_request_bytes});
}

void RawServer::AddStream(RequestStreamFunction request, RawStreamHandler* handler,
                          size_t max_streams, size_t max_message_bytes) {
  stream_handler_ = handler;
  max_streams_ = max_streams;
  methods_.push_back({nullptr, std::move(request), handler, 0, max_message_bytes});
}

void RawServer::Start() {
  for (size_t thread = 0; thread < pollers_.size(); ++thread) {
    RawPoller& poller = *pollers_[thread];
    for (size_t method = 0; method < methods_.size(); ++method) {
      if (methods_[method].request_stream) {
        WaitForStream(poller, thread, method);
      } else {
        AddCalls(thread, method);
      }
    }
    poller.thread = std::thread([this, &poller] { Poll(poller); });
  }
}

void RawServer::AddCalls(size_t thread, size_t method) {
  RawPoller& poller = *pollers_[thread];
  for (size_t slot = 0; slot < methods_[method].slots; ++slot) {
    auto call = std::make_unique<UnaryCall>(this, &poller, thread, method);
    call->Wait(methods_[method].request);
    poller.calls.push_back(std::move(call));
  }
}

void RawServer::WaitForStream(RawPoller& poller, size_t thread, size_t method) {
  if (poller.stopping) return;
  if (poller.closed_streams.empty()) {
    poller.streams.push_back(std::make_unique<RawStream>(this, &poller, thread, method));
    poller.closed_streams.push_back(poller.streams.back().get());
  }
  RawStream* stream = poller.closed_streams.back();
  poller.closed_streams.pop_back();
  stream->Accept(methods_[method].request_stream);
}

void RawServer::Drain() {
  if (draining_.exchange(true)) return;
  for (const auto& poller : pollers_) {
    if (!poller->thread.joinable()) continue;
    poller->drain.Set(poller->queue.get(), gpr_now(GPR_CLOCK_MONOTONIC), &poller->drain);
  }
}

void RawServer::Stop() {
  if (stopped_.exchange(true)) return;
  for (const auto& poller : pollers_) {
    if (poller->thread.joinable()) {
      poller->stop.Set(poller->queue.get(), gpr_now(GPR_CLOCK_MONOTONIC), &poller->stop);
      poller->thread.join();
      continue;
    }
    // Never started: the queue must still be drained before it goes.
    poller->queue->Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (poller->queue->Next(&tag, &ok)) {
    }
  }
}

void RawServer::ArmDeadline(RawCall& call, MonotonicTime when) {
  std::vector<RawPoller::Deadline>& deadlines = pollers_[call.thread_]->deadlines;
  deadlines.push_back({when, &call, call.generation()});
  std::push_heap(deadlines.begin(), deadlines.end(), kLaterFirst);
}

void RawServer::Poll(RawPoller& poller) {
  answered = &poller.answered;
  while (true) {
    const gpr_timespec until = poller.deadlines.empty() ? gpr_inf_future(GPR_CLOCK_MONOTONIC)
                                                        : ToTimespec(poller.deadlines.front().when);
    void* tag = nullptr;
    bool ok = false;
    switch (poller.queue->AsyncNext(&tag, &ok, until)) {
      case grpc::CompletionQueue::SHUTDOWN:
        return;
      case grpc::CompletionQueue::GOT_EVENT:
        TakeEvents(poller, tag, ok);
        HandleArrived(poller);
        break;
      case grpc::CompletionQueue::TIMEOUT:
        break;
    }
    FireDeadlines(poller);
    SendAnswers(poller);
    // Here, and not in Stop: to ask for a call on a queue that is shut down aborts, and this thread
    // is the one that asks. Streams are cut off by then and have their end still to come.
    if (poller.stopping && poller.open_streams == 0 && !std::exchange(poller.shut_down, true)) {
      poller.queue->Shutdown();
    }
  }
}

void RawServer::TakeEvents(RawPoller& poller, void* tag, bool ok) {
  const MonotonicTime now = std::chrono::steady_clock::now();
  size_t taken = 0;
  do {
    if (tag == &poller.stop) {
      poller.stopping = true;
    } else if (tag == &poller.drain) {
      for (const auto& stream : poller.streams) stream->EndIfIdle();
    } else {
      static_cast<RawTag*>(tag)->Happened(ok, now);
    }
  } while (++taken < kMostEventsAtOnce &&
           poller.queue->AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC)) ==
               grpc::CompletionQueue::GOT_EVENT);
}

void RawServer::Arrive(RawCall& call, MonotonicTime now) {
  call.arrived_ = now;
  in_flight_.fetch_add(1, std::memory_order_relaxed);
  call.poller_->arrived.push_back(&call);
}

void RawServer::HandleArrived(RawPoller& poller) {
  MonotonicTime turn_ends = std::chrono::steady_clock::now() + kLongestTurn;
  for (RawCall* call : poller.arrived) {
    if (std::chrono::steady_clock::now() > turn_ends) {
      FireDeadlines(poller);
      SendAnswers(poller);
      turn_ends = std::chrono::steady_clock::now() + kLongestTurn;
    }
    Handle(*call);
  }
  poller.arrived.clear();
}

void RawServer::Handle(RawCall& call) {
  const Method& method = methods_[call.method_];
  if (call.rpc_time_left() <= absl::ZeroDuration()) {
    call.FinishWithError(RpcError(grpc::StatusCode::DEADLINE_EXCEEDED,
                                  v1::ERROR_REASON_DEADLINE_PASSED,
                                  "the deadline had passed when the call was taken"));
    return;
  }
  if (call.received_.Length() > method.max_request_bytes) {
    call.FinishWithError(InvalidRequest(
        {{"", absl::StrCat("the request has ", call.received_.Length(), " bytes: at most ",
                           method.max_request_bytes, " are taken")}}));
    return;
  }
  grpc::Slice single;
  if (call.received_.TrySingleSlice(&single).ok() ||
      call.received_.DumpToSingleSlice(&single).ok()) {
    call.request_ = std::move(single);
    method.handler->Handle(call);
    return;
  }
  call.FinishWithError(grpc::Status(grpc::StatusCode::INTERNAL, "the request could not be read"));
}

void RawServer::SendAnswers(RawPoller& poller) {
  for (RawCall* call : poller.answered) call->Send(std::exchange(call->answer_, grpc::Slice()));
  poller.answered.clear();
}

void RawServer::FireDeadlines(RawPoller& poller) {
  if (poller.deadlines.empty()) return;
  const MonotonicTime now = std::chrono::steady_clock::now();
  while (!poller.deadlines.empty() && poller.deadlines.front().when <= now) {
    std::pop_heap(poller.deadlines.begin(), poller.deadlines.end(), kLaterFirst);
    const RawPoller::Deadline due = poller.deadlines.back();
    poller.deadlines.pop_back();
    methods_[due.call->method_].handler->HandleDeadline(*due.call, due.generation);
  }
}

}  // namespace touchstone::server
