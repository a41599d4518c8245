#include "server/transactions/reservation_expiry.h"

#include <chrono>
#include <utility>

#include "server/log.h"

namespace touchstone::server {
namespace {

constexpr std::chrono::seconds kBetweenSweeps(1);
constexpr size_t kMostInEntry = 1000;

}  // namespace

void ReservationExpiry::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ReservationExpiry::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ReservationExpiry::Run() {
  bool failing = false;
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    const absl::StatusOr<size_t> due = Sweep();
    // Once for each time that it begins to fail.
    if (!due.ok() && !failing) {
      Log(LogLevel::kError, "reservation_expiry_failed", {{"error", due.status().message()}});
    }
    failing = !due.ok();
    lock.lock();
    if (due.ok() && *due == kMostInEntry) continue;
    wake_.wait_for(lock, kBetweenSweeps, [this] { return stopping_; });
  }
}

absl::StatusOr<size_t> ReservationExpiry::Sweep() {
  absl::StatusOr<std::vector<std::string>> due =
      backend_->store->ListDue(backend_->proposer->now(), kMostInEntry);
  if (!due.ok()) return due.status();
  if (due->empty()) return size_t{0};
  storage::Entry entry = backend_->proposer->NewEntry("", 0);
  for (std::string& transaction_id : *due) {
    entry.mutable_expire()->add_transaction_ids(std::move(transaction_id));
  }
  storage::EntryResult result;
  const grpc::Status written =
      backend_->proposer->Write(std::move(entry), v1::ERROR_REASON_RESERVATION_NOT_FOUND, &result);
  if (!written.ok()) return ToAbsl(written);
  return due->size();
}

}  // namespace touchstone::server
