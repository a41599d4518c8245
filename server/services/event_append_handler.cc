#include "server/services/event_append_handler.h"

#include <functional>
#include <utility>

#include "server/rpc/parse.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {
namespace {

constexpr size_t kPoolThreads = 8;
constexpr size_t kPoolQueue = 1024;
constexpr absl::Duration kRetryAfterFull = absl::Milliseconds(100);

}  // namespace

struct EventAppendHandler::Append {
  Append(const Backend& backend, RawCall* to, v1::AppendEventsRequest request)
      : call(to),
        large(request.events_size() > kMaxEventsInline),
        work(backend, std::move(request)) {}

  RawCall* call;
  const bool large;
  EventAppend work;
};

class EventAppendHandler::Job : public ReadJob {
 public:
  explicit Job(std::function<void()> work) : work_(std::move(work)) {}
  void Read() override { work_(); }
  void Deliver() override {}

 private:
  std::function<void()> work_;
};

EventAppendHandler::EventAppendHandler(const Backend& backend)
    : backend_(backend), pool_(kPoolThreads, kPoolQueue) {}

void EventAppendHandler::Handle(RawCall& call) {
  v1::AppendEventsRequest request;
  if (const std::optional<Violation> wrong = ParseRequest(call.request(), &request)) {
    call.FinishWithError(InvalidRequest({*wrong}));
    return;
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ++open_;
  }
  auto append = std::make_unique<Append>(backend_, &call, std::move(request));
  if (append->large || !append->work.PlanFromMemory()) return PlanOnPool(std::move(append));
  Submit(std::move(append));
}

void EventAppendHandler::PlanOnPool(std::unique_ptr<Append> append) {
  // A function must be one that can be copied.
  auto shared = std::make_shared<std::unique_ptr<Append>>(std::move(append));
  const bool queued = pool_.TrySubmit(std::make_unique<Job>([this, shared] {
    (*shared)->work.Plan();
    Submit(std::move(*shared));
  }));
  if (!queued) Refuse(std::move(*shared), Overloaded(kRetryAfterFull, "too many batches wait"));
}

void EventAppendHandler::Submit(std::unique_ptr<Append> append) {
  EventAppend& work = append->work;
  // The writer holds it from here on, unless it has no room.
  Append* held = append.release();
  const bool taken = work.Submit(nullptr, [this, held] { Written(std::unique_ptr<Append>(held)); });
  if (taken) return;
  Refuse(std::unique_ptr<Append>(held), Overloaded(kRetryAfterFull, "the queue of writes is full"));
}

void EventAppendHandler::Written(std::unique_ptr<Append> append) {
  if (!append->large && !append->work.must_block()) return Answer(std::move(append));
  auto shared = std::make_shared<std::unique_ptr<Append>>(std::move(append));
  const bool queued =
      pool_.TrySubmit(std::make_unique<Job>([this, shared] { Answer(std::move(*shared)); }));
  // What is written stays written: the same request, sent again, gets its answer.
  if (!queued) Refuse(std::move(*shared), Overloaded(kRetryAfterFull, "too many batches wait"));
}

void EventAppendHandler::Answer(std::unique_ptr<Append> append) {
  v1::AppendEventsResponse response;
  const grpc::Status status = append->work.Answer(&response);
  if (!status.ok()) return Refuse(std::move(append), status);
  append->call->Finish(response.SerializeAsString());
  Leave();
}

void EventAppendHandler::Refuse(std::unique_ptr<Append> append, const grpc::Status& status) {
  append->call->FinishWithError(status);
  Leave();
}

void EventAppendHandler::Leave() {
  std::lock_guard<std::mutex> lock(mutex_);
  if (--open_ == 0) left_.notify_all();
}

void EventAppendHandler::Stop() {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    left_.wait(lock, [this] { return open_ == 0; });
  }
  pool_.Stop();
}

}  // namespace touchstone::server
