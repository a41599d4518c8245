// Events to a server: a call a batch, since each waits for the device; one at a time in each lane,
// so that events of one customer stay in order.

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "server/import/import_run.h"
#include "server/import/import_sink.h"
#include "touchstone/v1/customer_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr size_t kBatchesWaiting = 2;  // in a lane

class LiveEvents : public EventSink {
 public:
  LiveEvents(const LiveTarget& target, ImportState* state)
      : target_(target), state_(state), stub_(v1::CustomerService::NewStub(target.channel)) {
    for (size_t i = 0; i < kEventLanes; ++i) threads_[i] = std::thread([this, i] { Run(i); });
  }

  ~LiveEvents() override { End(); }

  bool Send(EventsBatch batch) override {
    if (batch.request.events_size() == 0) {
      state_->Settle(batch.number, std::move(batch.aside));
      return true;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    std::deque<EventsBatch>& waiting = lanes_[batch.lane];
    changed_.wait(lock, [&] { return !failure_.ok() || waiting.size() < kBatchesWaiting; });
    if (!failure_.ok()) return false;
    waiting.push_back(std::move(batch));
    changed_.notify_all();
    return true;
  }

  grpc::Status End() override {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
    return failure_;
  }

 private:
  void Run(size_t lane) {
    v1::AppendEventsResponse response;
    while (true) {
      EventsBatch batch;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        std::deque<EventsBatch>& waiting = lanes_[lane];
        changed_.wait(lock, [&] { return !failure_.ok() || ending_ || !waiting.empty(); });
        if (!failure_.ok() || waiting.empty()) return;
        batch = std::move(waiting.front());
        waiting.pop_front();
        changed_.notify_all();
      }
      const grpc::Status status = CallWithRetries(target_, [&](grpc::ClientContext* context) {
        response.Clear();
        return stub_->AppendEvents(context, batch.request, &response);
      });
      if (!status.ok()) return Fail(status);
      const int64_t number = batch.number;
      absl::StatusOr<BatchOutcome> outcome = OutcomeOf(std::move(batch), response);
      if (!outcome.ok()) return Fail(AnswerDoesNotFit());
      state_->Settle(number, *std::move(outcome));
    }
  }

  void Fail(const grpc::Status& status) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (failure_.ok()) failure_ = status;
    changed_.notify_all();
  }

  const LiveTarget target_;
  ImportState* const state_;
  std::unique_ptr<v1::CustomerService::Stub> stub_;
  std::mutex mutex_;  // guards all below but the threads
  std::condition_variable changed_;
  std::array<std::deque<EventsBatch>, kEventLanes> lanes_;
  bool ending_ = false;
  grpc::Status failure_;
  std::array<std::thread, kEventLanes> threads_;
};

}  // namespace

std::unique_ptr<EventSink> LiveEventSink(const LiveTarget& target, ImportState* state) {
  return std::make_unique<LiveEvents>(target, state);
}

}  // namespace touchstone::server
