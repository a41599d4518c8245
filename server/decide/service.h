#pragma once

// The hot half of the server: DecisionService and OutcomeService, from the sockets to the store.
//
// Use: Register before the grpc::Server is built, Start after; at the end grpc::Server::Shutdown,
// then Stop. Methods of the two services that this version does not serve answer UNIMPLEMENTED.
// Thread safety: Register, Start and Stop from one thread; stats from any.
// Lifetime: what `rooms` points to must outlive the server. The store's writer calls back into the
// server: nothing of it may be left in the writer when the server goes (Shutdown waits for that,
// since every entry is a call).
// Errors: none; a slow or failing store degrades answers, see decider.h.

#include <grpcpp/server_builder.h>

#include <functional>
#include <memory>
#include <vector>

#include "server/decide/decide_handler.h"
#include "server/decide/explain.h"
#include "server/decide/outcome_handler.h"
#include "server/decide/read_pool.h"
#include "server/decide/store_reader.h"
#include "server/rpc/raw_server.h"
#include "server/rpc/raw_stream.h"
#include "server/rpc/rpc_service.h"
#include "store/store.h"

namespace touchstone::server {

struct DecideServerOptions {
  size_t threads = 1;               // polling, one a core that decisions are given
  size_t decide_slots = 256;        // calls in flight on each thread
  size_t outcome_slots = 64;        // the same of RecordOutcomes
  size_t read_threads = 8;          // for reads that wait for the device
  size_t read_queue = 256;          // beyond it, calls are answered without the record at once
  uint64_t step_limit = 1'000'000;  // evaluator steps of one decision
  bool allow_as_of = false;         // whether callers may set `now`: replays of old data
  size_t tracked_transactions = 65536;
  size_t shown_waiting = 8192;       // customers whose contacts wait for the store
  size_t open_streams = 4096;        // of DecideStream, over all threads
  int max_concurrent_streams = 256;  // of one connection; what is beyond waits at the client
  size_t max_request_bytes = size_t{8} << 20;  // a receipt, which holds it, may have 16 MiB
};

// A method of another service that is taken from the same completion queues.
struct HotMethod {
  RawServer::RequestFunction request;
  RawHandler* handler = nullptr;
  size_t slots = 256;  // calls in flight on each thread
  size_t max_request_bytes = 0;
};

struct DecideServerRooms {
  const Live* live = nullptr;
  const BudgetBoard* budgets = nullptr;
  const store::Store* store = nullptr;
  const TokenKey* token_key = nullptr;
  CallLimit* limit = nullptr;            // of the methods that are not hot
  SubmitFunction submit;                 // store::Writer::Submit
  AppendReceiptFunction append_receipt;  // store::ReceiptLog::Append
  FindReceiptFunction find_receipt;      // store::ReceiptLog::Find
  RevisionResolver resolver;
  // Empty: the system's clock.
  std::function<absl::Time()> clock;
  // Takes a line for operators; without personal data. Any thread. Empty: dropped.
  std::function<void(absl::string_view)> log;
  // Their handlers must hold no call when Stop is called.
  std::vector<HotMethod> methods;
};

class DecideServer {
 public:
  DecideServer(const DecideServerOptions& options, DecideServerRooms rooms);
  ~DecideServer();
  DecideServer(const DecideServer&) = delete;
  DecideServer& operator=(const DecideServer&) = delete;

  // Before Register: who serves DecideStream; without it the method answers UNIMPLEMENTED. It must
  // hold no call when Stop is called.
  void ServeStream(RawStreamHandler* handler) { stream_handler_ = handler; }
  void Register(grpc::ServerBuilder& builder);
  void Start();
  // As RawServer::Drain.
  void Drain();
  void Stop();

  // What decisions read, for whoever decides elsewhere.
  const RecordReader& reader() const { return reader_; }
  // Decides what comes over DecideStream.
  DecideHandler& decide_handler() { return decide_handler_; }
  // The random part of decision ids.
  uint64_t process() const { return decide_rooms_.process; }

  const DecideStats& decide_stats() const { return stats_; }
  const GatherStats& gather_stats() const { return gatherer_.stats(); }
  const ShownContacts::Stats& shown_stats() const { return contacts_.stats(); }
  size_t open_streams() const { return raw_ == nullptr ? 0 : raw_->open_streams(); }
  int64_t in_flight() const { return raw_ == nullptr ? 0 : raw_->in_flight(); }

 private:
  const DecideServerOptions options_;
  DecideServerRooms rooms_;
  DecideStats stats_;
  StepTracker steps_;
  ShownContacts contacts_;
  StoreReader reader_;
  ReadPool pool_;
  Gatherer gatherer_;
  DecideRooms decide_rooms_;
  OutcomeRooms outcome_rooms_;
  DecideHandler decide_handler_;
  OutcomeHandler outcome_handler_;
  RawStreamHandler* stream_handler_ = nullptr;
  Explainer explainer_;
  RpcService decisions_;
  RpcService outcomes_;
  std::unique_ptr<RawServer> raw_;
};

}  // namespace touchstone::server
