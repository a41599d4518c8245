#pragma once

// AppendEvents, served hot: taken raw from the completion queues, planned from memory on the
// polling thread, answered when the writer has the batch on the device. No thread waits for a
// write.
//
// Batches that are large, that need the device, or that must be planned again are worked off by a
// pool of threads of their own, so that they cost decisions nothing but CPU.
// Thread safety: as RawHandler. Lifetime: the backend must outlive it; Stop before the RawServer is
// stopped, while the writer still runs. Errors: as AppendEvents of the contract; RESOURCE_EXHAUSTED
// OVERLOADED when the writer or the pool has no room, then a retry gets the answer.

#include <condition_variable>
#include <memory>
#include <mutex>

#include "server/decide/read_pool.h"
#include "server/rpc/raw_server.h"
#include "server/services/event_append.h"

namespace touchstone::server {

// As many are planned on a polling thread; one takes some ten microseconds.
inline constexpr int kMaxEventsInline = 4;

class EventAppendHandler : public RawHandler {
 public:
  explicit EventAppendHandler(const Backend& backend);

  void Handle(RawCall& call) override;
  void HandleDeadline(RawCall& /*call*/, uint64_t /*generation*/) override {}  // arms none

  // Waits until every call that was taken is answered. No call may come any more.
  void Stop();

 private:
  class Job;
  struct Append;

  // Any thread but the writer's.
  void PlanOnPool(std::unique_ptr<Append> append);
  void Submit(std::unique_ptr<Append> append);
  // Any thread.
  void Written(std::unique_ptr<Append> append);
  void Answer(std::unique_ptr<Append> append);
  void Refuse(std::unique_ptr<Append> append, const grpc::Status& status);
  void Leave();

  const Backend& backend_;
  ReadPool pool_;
  std::mutex mutex_;
  std::condition_variable left_;
  size_t open_ = 0;  // guarded by mutex_: calls that were taken and not answered
};

}  // namespace touchstone::server
