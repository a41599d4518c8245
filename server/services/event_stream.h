#pragma once

// AppendEventsStream: batches of one stream on their way into the store, several at once.
//
// The call's thread reads, plans and submits; a second one answers, in the same order. As long as
// kMostBatches or kMostBytes wait for their write or for their caller to take answers, nothing more
// is read, and the flow control of the stream holds the caller. All batches of a stream are one
// chain of the writer: where one must be planned again, so must those behind it, and none has
// overtaken it. A batch that names what is not there waits until those before it are written, then
// it is planned again.
//
// When the server drains, what was taken is answered and the stream ends with UNAVAILABLE, once its
// caller sends again, or is cancelled if the caller sends nothing.
// Thread safety: one Run. Lifetime: the backend and the stream must outlive it. Cost: two threads.

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "server/rpc/rpc_service.h"
#include "server/services/event_append.h"

namespace touchstone::server {

class EventStream {
 public:
  static constexpr size_t kMostBatches = 16;
  static constexpr size_t kMostBytes = size_t{8} << 20;  // one batch of any size is always taken

  EventStream(const Backend& backend, RpcStream* stream) : backend_(backend), stream_(stream) {}

  // The status that the stream ends with.
  grpc::Status Run();

 private:
  struct Batch {
    Batch(const Backend& backend, v1::AppendEventsRequest request)
        : append(backend, std::move(request)) {}
    int64_t sequence = 0;
    EventAppend append;
    bool written = false;  // guarded by mutex_
  };

  grpc::Status ReadBatches();
  void Take(v1::AppendEventsStreamRequest request);
  void AnswerBatches();
  // The batch whose answer is next, once it is written; null at the end.
  Batch* Next();
  void Write(Batch& batch);
  bool draining() const { return backend_.draining != nullptr && backend_.draining->load(); }

  void SetReading(bool reading);
  void WaitForRoom();
  void WaitUntilAllAreAnswered();

  const Backend& backend_;
  RpcStream* const stream_;
  int64_t last_sequence_ = 0;                 // of the reading thread
  std::shared_ptr<store::EntryChain> chain_;  // of the reading thread

  std::mutex mutex_;  // guards what is below
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Batch>> batches_;  // that were submitted, until they are answered
  size_t bytes_ = 0;                            // of their requests
  bool reading_ = false;                        // the reading thread waits for the caller
  bool ended_ = false;                          // nothing more is read
};

}  // namespace touchstone::server
