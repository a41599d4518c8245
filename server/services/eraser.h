#pragma once

// Erasure of customers: from the entry that takes her rows away to the moment when no file holds
// anything of her.
//
// The entry leaves a PendingErasure. A thread of its own then erases her receipts, has the files
// rewritten that held her rows, and ends the erasure; what waits meanwhile is done together. A
// failure is logged and tried again every minute, and a start takes up what was left pending.
//
// A decision that read her before she was erased may append its receipt after: for a minute, which
// no decision takes, receipts of hers are written as erased ones.
//
// Thread safety: all methods but Start and Stop are safe from any thread. Lifetime: what is given
// must outlive it. Cost: Erase blocks while all receipts are read and some tables rewritten;
// AppendReceipt adds a shared lock to the append.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/decide/receipt_subject.h"
#include "server/live/live.h"
#include "server/services/proposer.h"
#include "store/receipts.h"
#include "store/store.h"

namespace touchstone::server {

class Eraser {
 public:
  Eraser(store::Store* store, store::ReceiptLog* receipts, const Proposer* proposer,
         const Live* live);
  ~Eraser();
  Eraser(const Eraser&) = delete;
  Eraser& operator=(const Eraser&) = delete;

  // Begins to work, with what is pending. An error when the store cannot be read.
  absl::Status Start();
  // Calls that wait are answered with UNAVAILABLE; what is pending is taken up by the next Start.
  void Stop();

  // Writes the entry, a DeleteCustomer with a request id, calls `written`, and waits until nothing
  // is left. After an error of the work behind it the erasure goes on all the same.
  grpc::Status Erase(storage::Entry entry, absl::FunctionRef<void()> written, absl::Time* erased);
  // The same for an entry that was written before, by its request.
  grpc::Status Await(const std::string& customer_id, const std::string& request_id,
                     absl::Time* erased);

  // store::ReceiptLog::Append, with zeroes for a receipt of a customer who was just erased.
  absl::Status AppendReceipt(absl::string_view decision_id, absl::Time time,
                             absl::string_view receipt);

 private:
  struct Work {
    uint64_t asked = 0;     // how often
    bool tried = false;     // since it was asked for last; it failed
    absl::Status failure;   // of the latest attempt
    uint64_t attempts = 0;  // that failed
  };
  // Receipts of decisions as of a moment not after `until` are of one who is no longer known.
  struct Guard {
    std::string customer_id;
    ReceiptSubject subject;  // she and those who were merged into her
    absl::Time until;
    std::chrono::steady_clock::time_point expires;
  };

  void Run();
  // Ends those erasures; their customers are then no longer pending.
  absl::Status Finish(const std::vector<std::string>& customer_ids);
  absl::Status EraseReceipts(const std::vector<storage::PendingErasure>& erasures);
  grpc::Status Update(const storage::PendingErasure& erasure, bool done);
  void AddGuard(const std::string& customer_id, std::vector<std::string> ids);
  // The erasure was applied at `until`, or refused: InfinitePast.
  void SetGuard(const std::string& customer_id, absl::Time until);
  void DropGuards();

  store::Store* const store_;
  store::ReceiptLog* const receipts_;
  const Proposer* const proposer_;
  const Live* const live_;

  std::shared_mutex guards_mutex_;
  std::vector<Guard> guards_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::condition_variable ended_;
  std::map<std::string, Work> pending_;  // by customer
  bool fresh_ = false;                   // something came that was not tried yet
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace touchstone::server
