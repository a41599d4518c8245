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

// What is decided on for a request of the server, and where the answer goes. By itself: a call of
// Decide.
//
// Thread safety: methods are called by whoever has the right to answer the request, on any thread.
class DecideExchange {
 public:
  virtual ~DecideExchange() = default;
  // The serialized DecideRequest. Valid until the answer.
  virtual absl::string_view RequestOf(RawCall& call) { return call.request(); }
  virtual void Answer(RawCall& call, absl::string_view response) { call.Finish(response); }
  virtual void Refuse(RawCall& call, const grpc::Status& status) { call.FinishWithError(status); }
};

class DecideHandler : public RawHandler {
 public:
  // `threads` polling threads, whose deciders take the first numbers of `rooms`.
  DecideHandler(const DecideRooms* rooms, Gatherer* gatherer, size_t threads);
  ~DecideHandler() override;

  // Before the first call.
  void set_server(RawServer* server) { server_ = server; }

  void Handle(RawCall& call) override;
  void HandleDeadline(RawCall& call, uint64_t generation) override;

  // The same for what comes over another method. The exchange must outlive the read pool.
  void Decide(RawCall& call, DecideExchange& exchange);
  void PassDeadline(RawCall& call, uint64_t generation, DecideExchange& exchange);

 private:
  class PendingCall;

  static void Answer(RawCall& call, DecideExchange& exchange, Decider& decider,
                     const GatheredCustomer& gathered, bool fallback);
  static void AnswerLate(RawCall& call, DecideExchange& exchange, Decider& decider,
                         const GatheredCustomer& gathered);
  std::unique_ptr<Decider> BorrowDecider();
  void ReturnDecider(std::unique_ptr<Decider> decider);

  const DecideRooms* rooms_;
  Gatherer* gatherer_;
  RawServer* server_ = nullptr;
  DecideExchange unary_;
  std::vector<std::unique_ptr<Decider>> deciders_;  // by polling thread
  std::mutex mutex_;
  std::vector<std::unique_ptr<Decider>> spare_;  // for the read pool's threads
  uint32_t next_thread_;
};

}  // namespace touchstone::server
