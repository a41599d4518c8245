#pragma once

// One batch of events from its request to its answer: planned, written, planned again where what it
// was planned on changed meanwhile, answered.
//
// Use: Plan, Submit, and once `written` was called, Answer. The steps may run on different threads,
// one after the other, so that several batches can be in the writer's queue at once.
// Thread safety: for one thread at a time. Lifetime: the backend must outlive it, and it must live
// until `written` was called; it may go inside of that call.
// Errors: of a whole batch as AppendEvents of the contract says; of one event, in its result.
// Cost: Plan reads, see EventBatch. Answer only words the answer, unless must_block().

#include <functional>
#include <memory>
#include <optional>

#include "server/services/event_batch.h"
#include "store/writer.h"

namespace touchstone::server {

class EventAppend {
 public:
  EventAppend(const Backend& backend, v1::AppendEventsRequest request);
  EventAppend(const EventAppend&) = delete;
  EventAppend& operator=(const EventAppend&) = delete;

  // True: planned, without waiting for the device. False: Plan must come.
  bool PlanFromMemory();
  // Blocks. May be called again as long as Submit has not taken the batch.
  void Plan();
  // Something that an event names was not there. It may be what a batch before this one writes.
  bool missed() const { return batch_->missed(); }

  // Hands the planned batch to the writer. True: `written` is called exactly once, perhaps before
  // this returns, perhaps on the writer's thread; it must be quick. False: the writer's queue is
  // full and `written` is not called; Plan must come before the next try. Entries of one chain are
  // applied in the order of Submit.
  bool Submit(std::shared_ptr<store::EntryChain> chain, std::function<void()> written);

  // Whether Answer will read or write.
  bool must_block() const;
  // The status of the whole batch; with OK, fills in what became of each event. Whoever reads after
  // that finds what was taken back taken back.
  grpc::Status Answer(v1::AppendEventsResponse* response);

  // Of the request.
  size_t bytes() const { return bytes_; }

 private:
  // The batch is to be written.
  bool HasEntry() const;
  void WriteAndWait();

  const Backend& backend_;
  const v1::AppendEventsRequest request_;
  const size_t bytes_;
  std::optional<EventBatch> batch_;
  grpc::Status status_;
  storage::EntryResult result_;
};

}  // namespace touchstone::server
