#include "server/services/eraser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/decide/receipt_subject.h"
#include "server/log.h"
#include "server/rpc/rpc_error.h"

namespace touchstone::server {
namespace {

using grpc::StatusCode;
using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::minutes kGuardLife(1);
constexpr std::chrono::minutes kRetryAfterFailure(1);
// Each adds a search of every receipt.
constexpr size_t kMaxTogether = 16;

// The request under which the end of an erasure is remembered.
std::string EndOf(const std::string& request_id) { return absl::StrCat("erased/", request_id); }

}  // namespace

Eraser::Eraser(store::Store* store, store::ReceiptLog* receipts, const Proposer* proposer,
               const Live* live)
    : store_(store), receipts_(receipts), proposer_(proposer), live_(live) {}

Eraser::~Eraser() { Stop(); }

absl::Status Eraser::Start() {
  const absl::StatusOr<std::vector<storage::PendingErasure>> pending =
      store_->ListPendingErasures();
  if (!pending.ok()) return pending.status();
  for (const storage::PendingErasure& erasure : *pending) pending_[erasure.customer_id()];
  fresh_ = !pending_.empty();
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void Eraser::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

grpc::Status Eraser::Erase(storage::Entry entry, absl::FunctionRef<void()> written,
                           absl::Time* erased) {
  const std::string customer_id = entry.delete_customer().customer_id();
  const std::string request_id = entry.request_id();
  absl::StatusOr<std::vector<std::string>> ids = store_->ListIds(customer_id);
  if (!ids.ok()) return StoreError(ids.status());
  AddGuard(customer_id, *std::move(ids));
  storage::EntryResult result;
  grpc::Status applied =
      proposer_->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
  SetGuard(customer_id, applied.ok() ? proposer_->now() : absl::InfinitePast());
  if (!applied.ok()) return applied;
  written();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    Work& work = pending_[customer_id];
    ++work.asked;
    work.tried = false;
    fresh_ = true;
  }
  wake_.notify_all();
  return Await(customer_id, request_id, erased);
}

grpc::Status Eraser::Await(const std::string& customer_id, const std::string& request_id,
                           absl::Time* erased) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    const auto found = pending_.find(customer_id);
    const uint64_t attempts = found == pending_.end() ? 0 : found->second.attempts;
    while (true) {
      const auto work = pending_.find(customer_id);
      if (work == pending_.end()) break;
      if (work->second.attempts > attempts) {
        return RpcError(StatusCode::UNAVAILABLE, v1::ERROR_REASON_NOT_READY,
                        absl::StrCat("the customer is erased, but something of her is left; it is "
                                     "tried again every minute: ",
                                     work->second.failure.message()));
      }
      if (stopping_) {
        return RpcError(StatusCode::UNAVAILABLE, v1::ERROR_REASON_NOT_READY,
                        "the server stops; its next start goes on with the erasure");
      }
      ended_.wait(lock);
    }
  }
  std::optional<storage::EntryResult> end;
  grpc::Status recalled = proposer_->Recall(EndOf(request_id), 0, &end);
  if (!recalled.ok()) return recalled;
  // Where she came back and was erased again, the end is remembered under the later request.
  *erased = end.has_value() ? absl::FromUnixMicros(end->erased_time_us()) : proposer_->now();
  return grpc::Status::OK;
}

void Eraser::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    // Guards are dropped, and failures tried again, from time to time.
    wake_.wait_for(lock, kRetryAfterFailure, [this] { return stopping_ || fresh_; });
    if (stopping_) return;
    std::vector<std::string> customer_ids;
    std::vector<uint64_t> asked;
    for (const auto& [customer_id, work] : pending_) {
      // While something new waits, what failed does not hold it up.
      if ((fresh_ && work.tried) || customer_ids.size() == kMaxTogether) continue;
      customer_ids.push_back(customer_id);
      asked.push_back(work.asked);
    }
    fresh_ = customer_ids.size() == kMaxTogether;
    lock.unlock();
    DropGuards();
    const absl::Status finished = customer_ids.empty() ? absl::OkStatus() : Finish(customer_ids);
    if (!finished.ok() && !stopping_) {
      Log(LogLevel::kError, "erasure_failed", {{"error", finished.message()}});
    }
    lock.lock();
    for (size_t i = 0; i < customer_ids.size(); ++i) {
      Work& work = pending_[customer_ids[i]];
      if (work.asked != asked[i]) continue;  // she came back, and was erased again meanwhile
      if (finished.ok()) {
        pending_.erase(customer_ids[i]);
        continue;
      }
      work.tried = true;
      work.failure = finished;
      ++work.attempts;
    }
    ended_.notify_all();
  }
}

absl::Status Eraser::Finish(const std::vector<std::string>& customer_ids) {
  std::vector<storage::PendingErasure> erasures;
  for (const std::string& customer_id : customer_ids) {
    absl::StatusOr<std::optional<storage::PendingErasure>> erasure =
        store_->GetPendingErasure(customer_id);
    if (!erasure.ok()) return erasure.status();
    if (erasure->has_value()) erasures.push_back(**std::move(erasure));
  }
  if (absl::Status erased = EraseReceipts(erasures); !erased.ok()) return erased;
  if (absl::Status purged = store_->PurgeErased(erasures, &stopping_); !purged.ok()) return purged;
  // What was looked for is personal too, and goes in the same way.
  for (storage::PendingErasure& erasure : erasures) {
    erasure.clear_identities();
    erasure.clear_outcome_ids();
    erasure.clear_merged_ids();
    erasure.clear_transaction_ids();
    erasure.clear_codes();
    erasure.clear_household_ids();
    if (grpc::Status cleared = Update(erasure, /*done=*/false); !cleared.ok()) {
      return ToAbsl(cleared);
    }
  }
  if (absl::Status purged = store_->PurgeErasures(&stopping_); !purged.ok()) return purged;
  for (const storage::PendingErasure& erasure : erasures) {
    if (grpc::Status done = Update(erasure, /*done=*/true); !done.ok()) return ToAbsl(done);
  }
  Log(LogLevel::kInfo, "customers_erased", {{"customers", absl::StrCat(erasures.size())}});
  return absl::OkStatus();
}

absl::Status Eraser::EraseReceipts(const std::vector<storage::PendingErasure>& erasures) {
  const std::shared_ptr<const LiveState> live = live_->Get();
  const IdentitySpecs declared =
      live == nullptr ? IdentitySpecs() : live->rule_set->schema.identities;
  std::vector<ReceiptSubject> subjects;
  for (const storage::PendingErasure& erasure : erasures) {
    std::vector<std::string> ids(erasure.merged_ids().begin(), erasure.merged_ids().end());
    ids.push_back(erasure.customer_id());
    subjects.emplace_back(
        std::move(ids),
        std::vector<std::string>(erasure.identities().begin(), erasure.identities().end()),
        declared);
  }
  return receipts_
      ->Erase(
          [&subjects](absl::string_view receipt) {
            return std::any_of(
                subjects.begin(), subjects.end(),
                [receipt](const ReceiptSubject& subject) { return subject.Owns(receipt); });
          },
          &stopping_)
      .status();
}

grpc::Status Eraser::Update(const storage::PendingErasure& erasure, bool done) {
  storage::Entry entry = proposer_->NewEntry(
      done && !erasure.request_id().empty() ? EndOf(erasure.request_id()) : "", 0);
  *entry.mutable_update_erasure()->mutable_erasure() = erasure;
  entry.mutable_update_erasure()->set_done(done);
  storage::EntryResult result;
  return proposer_->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
}

void Eraser::AddGuard(const std::string& customer_id, std::vector<std::string> ids) {
  std::unique_lock<std::shared_mutex> lock(guards_mutex_);
  guards_.push_back(Guard{customer_id, ReceiptSubject(std::move(ids), {}, {}),
                          absl::InfiniteFuture(), SteadyClock::time_point::max()});
}

void Eraser::SetGuard(const std::string& customer_id, absl::Time until) {
  std::unique_lock<std::shared_mutex> lock(guards_mutex_);
  for (Guard& guard : guards_) {
    if (guard.customer_id != customer_id || guard.until != absl::InfiniteFuture()) continue;
    guard.until = until;
    guard.expires = SteadyClock::now() + kGuardLife;
    return;
  }
}

void Eraser::DropGuards() {
  std::unique_lock<std::shared_mutex> lock(guards_mutex_);
  const SteadyClock::time_point now = SteadyClock::now();
  guards_.erase(std::remove_if(guards_.begin(), guards_.end(),
                               [now](const Guard& guard) { return guard.expires <= now; }),
                guards_.end());
}

absl::Status Eraser::AppendReceipt(absl::string_view decision_id, absl::Time time,
                                   absl::string_view receipt) {
  // Held during the append: an erasure that adds its guard afterwards finds the receipt in the log.
  std::shared_lock<std::shared_mutex> lock(guards_mutex_);
  for (const Guard& guard : guards_) {
    if (time > guard.until || !guard.subject.Owns(receipt)) continue;
    return receipts_->Append(decision_id, time, std::string(receipt.size(), '\0'));
  }
  return receipts_->Append(decision_id, time, receipt);
}

}  // namespace touchstone::server
