#include "server/services/event_stream.h"

#include <chrono>
#include <thread>
#include <utility>

#include "server/rpc/rpc_error.h"

namespace touchstone::server {
namespace {

// How often an idle stream looks whether the server drains; what its caller has to take its last
// answer before it is cancelled.
constexpr std::chrono::milliseconds kDrainLook{200};
constexpr std::chrono::milliseconds kRetryAfterFullQueue{10};

}  // namespace

grpc::Status EventStream::Run() {
  chain_ = std::make_shared<store::EntryChain>();
  std::thread answering([this] { AnswerBatches(); });
  grpc::Status status = ReadBatches();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  answering.join();
  return status;
}

grpc::Status EventStream::ReadBatches() {
  while (true) {
    WaitForRoom();
    v1::AppendEventsStreamRequest request;
    grpc::Status status;
    SetReading(true);
    if (!stream_->Read(&request, &status)) return status;
    SetReading(false);
    if (draining()) {
      return RpcError(grpc::StatusCode::UNAVAILABLE, v1::ERROR_REASON_NOT_READY,
                      "the server is going down: batches without an answer were not taken");
    }
    if (request.sequence() <= last_sequence_) {
      return InvalidRequest({{"sequence", "must grow from batch to batch, from 1"}});
    }
    last_sequence_ = request.sequence();
    Take(std::move(request));
  }
}

void EventStream::Take(v1::AppendEventsStreamRequest request) {
  auto taken = std::make_unique<Batch>(backend_, std::move(*request.mutable_request()));
  taken->sequence = request.sequence();
  Batch* batch = taken.get();
  batch->append.Plan();
  if (batch->append.missed()) {
    WaitUntilAllAreAnswered();
    batch->append.Plan();
  }
  {
    std::lock_guard<std::mutex> lock(mutex_);
    bytes_ += batch->append.bytes();
    batches_.push_back(std::move(taken));
  }
  while (true) {
    if (chain_->broken()) {
      // Only the answering thread is behind what broke it; this batch comes after all of that.
      // It is in the queue and not written: those before it are answered when it is in front.
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [&] { return batches_.front().get() == batch; });
      chain_ = std::make_shared<store::EntryChain>();
    }
    const bool submitted = batch->append.Submit(chain_, [this, batch] {
      std::lock_guard<std::mutex> lock(mutex_);
      batch->written = true;
      changed_.notify_all();  // under the lock: the stream may go as soon as it is released
    });
    if (submitted) return;
    std::this_thread::sleep_for(kRetryAfterFullQueue);
    batch->append.Plan();
  }
}

void EventStream::SetReading(bool reading) {
  std::lock_guard<std::mutex> lock(mutex_);
  reading_ = reading;
}

void EventStream::WaitForRoom() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] {
    return batches_.empty() || (batches_.size() < kMostBatches && bytes_ < kMostBytes);
  });
}

void EventStream::WaitUntilAllAreAnswered() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return batches_.empty(); });
}

EventStream::Batch* EventStream::Next() {
  std::unique_lock<std::mutex> lock(mutex_);
  const auto ready = [this] { return batches_.empty() ? ended_ : batches_.front()->written; };
  bool was_idle = false;
  while (!changed_.wait_for(lock, kDrainLook, ready)) {
    // Nothing is under way and nothing comes: there is nothing to lose.
    const bool idle = draining() && reading_ && batches_.empty();
    if (idle && was_idle) stream_->Cancel();
    was_idle = idle;
  }
  return batches_.empty() ? nullptr : batches_.front().get();
}

void EventStream::AnswerBatches() {
  bool caller_is_there = true;
  while (Batch* batch = Next()) {
    v1::AppendEventsStreamResponse response;
    response.set_sequence(batch->sequence);
    const grpc::Status status = batch->append.Answer(response.mutable_response());
    if (!status.ok()) *response.mutable_error() = ItemError(status);
    // What was taken is written, whether or not somebody still wants to know.
    if (caller_is_there) caller_is_there = stream_->Write(response);
    std::lock_guard<std::mutex> lock(mutex_);
    bytes_ -= batch->append.bytes();
    batches_.pop_front();
    changed_.notify_all();
  }
}

}  // namespace touchstone::server
