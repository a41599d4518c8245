#pragma once

// DecideStream: a till's way through a transaction, over one stream.
//
// What is decided (`decide`, `change`) goes the way of Decide, on the polling threads and inside
// the budget; what reads or writes the ledger (`resume`, `reserve`, `commit`, `release`, `suspend`)
// is done by threads of their own, through a bounded queue, by the methods of TransactionService. A
// request that fails leaves the open transaction as it was.
//
// Thread safety: as RawHandler. Lifetime: rooms must outlive it, and it the RawServer's streams.
// Errors: as DecideStream of the contract.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/decide/decide_handler.h"
#include "server/decide/read_pool.h"
#include "server/rpc/raw_stream.h"
#include "server/till/open_transactions.h"
#include "server/transactions/transaction_service.h"
#include "touchstone/v1/decision_service.pb.h"

namespace touchstone::server {

struct TillOptions {
  size_t polling_threads = 1;
  size_t open_bytes = size_t{64} << 20;          // of open transactions
  absl::Duration open_hold = absl::Minutes(30);  // of each after its last step
  // For what waits for the device. Writes of many share one fsync.
  size_t ledger_threads = 32;
  size_t ledger_queue = 1024;
};

struct TillRooms {
  DecideHandler* decide = nullptr;
  TransactionService* transactions = nullptr;
};

class TillStream final : public RawStreamHandler, private DecideExchange {
 public:
  TillStream(const TillOptions& options, const TillRooms& rooms);
  ~TillStream() override;

  std::unique_ptr<RawStreamState> Begin() override;
  void Handle(RawCall& call) override;
  void HandleDeadline(RawCall& call, uint64_t generation) override;

  // Answers what waits for the ledger's threads. After grpc::Server::Shutdown, before the RawServer
  // is stopped.
  void Stop();

  const OpenTransactions& open() const { return open_; }

 private:
  class Conversation;
  class Job;
  // Of a polling thread, reused.
  struct Messages {
    v1::DecideStreamRequest request;
    v1::DecideRequest state;
  };

  static Conversation& Of(RawCall& call);

  void TakeWhole(RawCall& call, Conversation& till, v1::DecideRequest& request);
  void TakeChange(RawCall& call, Conversation& till, v1::BasketChange& change);
  // False: the request was answered with what is wrong.
  bool TakeTurn(RawCall& call, Conversation& till, const std::string& transaction_id,
                bool may_open);
  bool MakeChange(RawCall& call, Conversation& till, v1::DecideRequest* state);

  absl::string_view RequestOf(RawCall& call) override;
  void Answer(RawCall& call, absl::string_view response) override;
  void Refuse(RawCall& call, const grpc::Status& status) override;

  void HandToLedger(RawCall& call, Conversation& till, v1::DecideStreamRequest& request);
  // On the ledger's threads.
  void WorkOff(RawCall& call);
  grpc::Status AskLedger(RawCall& call, Conversation& till, v1::DecideStreamResponse* answer);
  grpc::Status Resume(const v1::ResumeRequest& request, MonotonicTime now,
                      v1::OpenTransaction* open) const;
  // What the request leaves out, from the open transaction.
  grpc::Status FillReserve(MonotonicTime now, v1::ReserveRequest* request) const;
  void FillMode(MonotonicTime now, v1::DecisionContext* context) const;

  const TillRooms rooms_;
  OpenTransactions open_;
  std::vector<Messages> messages_;  // by polling thread
  ReadPool pool_;
};

}  // namespace touchstone::server
