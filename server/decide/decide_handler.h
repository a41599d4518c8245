#pragma once

// Decide on the polling threads: read, gather, answer, inside the budget of each call.
//
// Thread safety: Handle and HandleDeadline as RawHandler says; late reads are answered on the read
// pool's threads with deciders of their own.
// Lifetime: the read pool must be stopped before the handler goes.

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "server/decide/decider.h"
#include "server/decide/gather.h"
#include "server/rpc/raw_server.h"

namespace touchstone::server {

class DecideHandler : public RawHandler {
 public:
  // `threads` polling threads, whose deciders take the first numbers of `rooms`.
  DecideHandler(const DecideRooms* rooms, Gatherer* gatherer, size_t threads);
  ~DecideHandler() override;

  // Before the first call.
  void set_server(RawServer* server) { server_ = server; }

  void Handle(RawCall& call) override;
  void HandleDeadline(RawCall& call, uint64_t generation) override;

 private:
  class PendingCall;

  void Answer(RawCall& call, Decider& decider, const GatheredCustomer& gathered, bool fallback);
  void AnswerLate(RawCall& call, Decider& decider, const GatheredCustomer& gathered);
  std::unique_ptr<Decider> BorrowDecider();
  void ReturnDecider(std::unique_ptr<Decider> decider);

  const DecideRooms* rooms_;
  Gatherer* gatherer_;
  RawServer* server_ = nullptr;
  std::vector<std::unique_ptr<Decider>> deciders_;  // by polling thread
  std::mutex mutex_;
  std::vector<std::unique_ptr<Decider>> spare_;  // for the read pool's threads
  uint32_t next_thread_;
};

}  // namespace touchstone::server
