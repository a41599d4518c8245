// Events, grants and opening uses to a server: a call a batch, since each waits for the device; one
// at a time in each lane, so that what is of one customer or budget stays in order.

#include <array>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

#include "server/import/import_run.h"
#include "server/import/import_sink.h"
#include "touchstone/v1/budget_service.grpc.pb.h"
#include "touchstone/v1/customer_service.grpc.pb.h"
#include "touchstone/v1/grant_service.grpc.pb.h"

namespace touchstone::server {
namespace {

constexpr size_t kBatchesWaiting = 2;  // in a lane

template <typename Batch, typename Response>
class LiveLanes : public ImportSink<Batch> {
 public:
  using Request = decltype(Batch::request);
  using Call = std::function<grpc::Status(grpc::ClientContext*, const Request&, Response*)>;

  LiveLanes(const LiveTarget& target, ImportState* state, Call call)
      : target_(target), state_(state), call_(std::move(call)) {
    for (size_t i = 0; i < kLanes; ++i) threads_[i] = std::thread([this, i] { Run(i); });
  }

  ~LiveLanes() override { End(); }

  bool Send(Batch batch) override {
    if (batch.origins.empty()) {
      state_->Settle(batch.number, std::move(batch.aside));
      return true;
    }
    std::unique_lock<std::mutex> lock(mutex_);
    std::deque<Batch>& waiting = lanes_[batch.lane];
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
    Response response;
    while (true) {
      Batch batch;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        std::deque<Batch>& waiting = lanes_[lane];
        changed_.wait(lock, [&] { return !failure_.ok() || ending_ || !waiting.empty(); });
        if (!failure_.ok() || waiting.empty()) return;
        batch = std::move(waiting.front());
        waiting.pop_front();
        changed_.notify_all();
      }
      const grpc::Status status = CallWithRetries(target_, [&](grpc::ClientContext* context) {
        response.Clear();
        return call_(context, batch.request, &response);
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
  const Call call_;
  std::mutex mutex_;  // guards all below but the threads
  std::condition_variable changed_;
  std::array<std::deque<Batch>, kLanes> lanes_;
  bool ending_ = false;
  grpc::Status failure_;
  std::array<std::thread, kLanes> threads_;
};

}  // namespace

std::unique_ptr<EventSink> LiveEventSink(const LiveTarget& target, ImportState* state) {
  const std::shared_ptr<v1::CustomerService::Stub> stub =
      v1::CustomerService::NewStub(target.channel);
  return std::make_unique<LiveLanes<EventsBatch, v1::AppendEventsResponse>>(
      target, state, [stub](grpc::ClientContext* context, const auto& request, auto* response) {
        return stub->AppendEvents(context, request, response);
      });
}

std::unique_ptr<GrantSink> LiveGrantSink(const LiveTarget& target, ImportState* state) {
  const std::shared_ptr<v1::GrantService::Stub> stub = v1::GrantService::NewStub(target.channel);
  return std::make_unique<LiveLanes<GrantsBatch, v1::ImportGrantsResponse>>(
      target, state, [stub](grpc::ClientContext* context, const auto& request, auto* response) {
        return stub->ImportGrants(context, request, response);
      });
}

std::unique_ptr<BudgetSink> LiveBudgetSink(const LiveTarget& target, ImportState* state) {
  const std::shared_ptr<v1::BudgetService::Stub> stub = v1::BudgetService::NewStub(target.channel);
  return std::make_unique<LiveLanes<BudgetsBatch, v1::ImportBudgetsResponse>>(
      target, state, [stub](grpc::ClientContext* context, const auto& request, auto* response) {
        return stub->ImportBudgets(context, request, response);
      });
}

}  // namespace touchstone::server
