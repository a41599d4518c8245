#pragma once

// What one thread needs to answer Decide: reused messages, scratch, and the way from raw bytes to
// raw bytes.
//
// Use, for one call: Read; then Answer with what was gathered.
// Thread safety: one a thread; what it refers to is shared and safe.
// Lifetime: `rooms` must outlive it. Cost: tens of microseconds a decision; no allocation of ours
// after warm-up.

#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/decide/budget_board.h"
#include "server/decide/computation.h"
#include "server/decide/decision_id.h"
#include "server/decide/gather.h"
#include "server/decide/receipt.h"
#include "server/decide/request_reader.h"
#include "server/decide/shown_contacts.h"
#include "server/decide/step_tracker.h"
#include "server/decide/token.h"
#include "server/live/live.h"

namespace touchstone::server {

// As store::ReceiptLog::Append: ResourceExhausted sheds the call, Unavailable answers without a
// receipt.
using AppendReceiptFunction = std::function<absl::Status(absl::string_view decision_id,
                                                         absl::Time time, absl::string_view bytes)>;

struct DecideStats {
  std::atomic<uint64_t> complete{0};
  std::atomic<uint64_t> partial{0};
  std::atomic<uint64_t> fallback{0};
  std::atomic<uint64_t> refused{0};          // errors of the caller
  std::atomic<uint64_t> shed{0};             // no room for the receipt
  std::atomic<uint64_t> without_receipt{0};  // the receipt log cannot be written
};

// Shared by all deciders of a server.
struct DecideRooms {
  const Live* live = nullptr;
  const TokenKey* token_key = nullptr;
  StepTracker* steps = nullptr;
  ShownContacts* contacts = nullptr;
  DecideStats* stats = nullptr;
  AppendReceiptFunction append_receipt;
  std::function<absl::Time()> clock;
  // Called when receipts begin to fail and when they are kept again; any thread.
  std::function<void(absl::string_view)> log;
  const BudgetBoard* budgets = nullptr;
  uint64_t step_limit = 0;
  bool allow_as_of = false;
  uint64_t process = 0;  // random, for decision ids
  // Set while receipts fail, so that the log names each change once.
  mutable std::atomic<bool> receipts_fail{false};
};

class Decider {
 public:
  // `thread` differs between the deciders of a process.
  Decider(const DecideRooms* rooms, uint32_t thread);
  Decider(const Decider&) = delete;
  Decider& operator=(const Decider&) = delete;

  // Parses, checks and binds. With an error the call is answered with it.
  grpc::Status Read(absl::string_view request);
  const v1::DecisionContext& context() const { return reader_.message().context(); }
  // For the whole call, from its arrival.
  absl::Duration budget() const;

  // Decides, logs the receipt and gives the response's bytes, valid until the next Read.
  grpc::Status Answer(const GatheredCustomer& gathered, bool fallback, absl::string_view* response);

  // What the rule set that Read bound under asks of the gathering.
  GatherRules gather_rules() const { return RulesOf(computation_.binder().live()); }
  // Where this thread gathers.
  GatheredRecord& gathered() { return gathered_; }

 private:
  grpc::Status CheckAgainstServer();
  grpc::Status LogReceipt(const DecisionTerms& terms, const GatheredCustomer& gathered,
                          v1::ReceiptState* state);
  // The answer with its tokens.
  absl::string_view Finish(const DecisionTerms& terms, const GatheredCustomer& gathered,
                           v1::ReceiptState receipt);
  void CountShown(const GatheredCustomer& gathered);
  void CountAnswer();

  const DecideRooms* rooms_;
  LiveReader live_;
  BudgetReader budgets_;
  DecisionIds ids_;
  TokenSealer sealer_;
  RequestReader reader_;
  absl::string_view request_bytes_;
  absl::Time server_now_;
  uint64_t transaction_ = 0;
  std::vector<Violation> violations_;
  std::vector<JudgedCode> codes_;
  Computation computation_;
  ReceiptBuilder receipts_;
  GatheredRecord gathered_;
  std::vector<uint32_t> shown_offers_;
};

}  // namespace touchstone::server
