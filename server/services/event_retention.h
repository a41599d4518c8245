#pragma once

// Drops events that are older than events are kept: when the server starts, and every hour.
//
// What they added to aggregates stays. A thread of its own reads through the customers, a seek or
// two for each, and proposes entries of at most a thousand events.
//
// Thread safety: Start and Stop from one thread. Lifetime: what is given must outlive it. Errors:
// logged, and tried again in the next hour.

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/services/proposer.h"
#include "store/store.h"

namespace touchstone::server {

class EventRetention {
 public:
  EventRetention(const store::Store* store, const Proposer* proposer, absl::Duration age);
  ~EventRetention();
  EventRetention(const EventRetention&) = delete;
  EventRetention& operator=(const EventRetention&) = delete;

  // An infinite age: there is nothing to do.
  void Start();
  void Stop();

 private:
  void Run();
  // How many were dropped.
  absl::StatusOr<uint64_t> Sweep();
  bool stopping();

  const store::Store* const store_;
  const Proposer* const proposer_;
  const absl::Duration age_;

  std::mutex mutex_;  // guards stopping_
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace touchstone::server
