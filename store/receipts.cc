#include "store/receipts.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "store/receipt_files.h"
#include "store/receipt_segment.h"

namespace touchstone::store {

class ReceiptLog::Impl {
 public:
  Impl(const ReceiptLogOptions& options, std::unique_ptr<ReceiptFiles> files,
       const ReceiptRecovery& recovery)
      : options_(options), recovery_(recovery), files_(std::move(files)) {
    active_.reserve(Capacity());
    thread_ = std::thread([this] { Run(); });
  }

  ~Impl() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

  absl::Status Append(absl::string_view decision_id, absl::Time time,
                      absl::Span<const absl::string_view> parts) {
    size_t receipt_bytes = 0;
    for (absl::string_view part : parts) receipt_bytes += part.size();
    if (decision_id.empty() || decision_id.size() > kMaxDecisionIdBytes ||
        receipt_bytes > kMaxReceiptBytes) {
      return absl::InvalidArgumentError("receipt: the id or the content is too long or empty");
    }
    const size_t frame_bytes = FrameBytes(decision_id.size(), receipt_bytes);
    bool wake = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (!device_.ok()) {
        ++stats_.shed;
        return device_;
      }
      if (active_.size() + frame_bytes > Capacity()) {
        ++stats_.shed;
        return absl::ResourceExhaustedError("the buffer of receipts is full");
      }
      // The thread sleeps without a limit only while there is nothing to write.
      wake = active_.empty() || active_.size() + frame_bytes > Capacity() / 2;
      AppendFrame(decision_id, absl::ToUnixMicros(time), parts, &active_);
      ++stats_.appended;
    }
    if (wake) wake_.notify_one();
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Find(absl::string_view decision_id) {
    WriteOut(/*sync=*/false).IgnoreError();
    absl::StatusOr<std::optional<std::string>> found = files_->Find(decision_id);
    if (!found.ok()) return found.status();
    if (!found->has_value()) return absl::NotFoundError("no receipt of that decision");
    return **std::move(found);
  }

  absl::Status Scan(absl::Time from, absl::Time until,
                    absl::FunctionRef<bool(const ReceiptRef&)> visit) {
    WriteOut(/*sync=*/false).IgnoreError();
    const auto bound = [](absl::Time time) {
      return absl::ToUnixMicros(time + absl::Nanoseconds(999));
    };
    if (from >= until) return absl::OkStatus();
    // `until` is not included; in the far future there is nothing to leave out.
    const int64_t last_us = bound(until) - (until == absl::InfiniteFuture() ? 0 : 1);
    return files_->Scan(bound(from), last_us, [&](const Frame& frame) {
      return visit(
          ReceiptRef{frame.decision_id, absl::FromUnixMicros(frame.time_us), frame.receipt});
    });
  }

  // Waits until everything appended before is written, and synced if `sync`.
  absl::Status WriteOut(bool sync) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!sync && active_.empty() && !writing_) return absl::OkStatus();
    const uint64_t ticket = ++tickets_;
    if (sync) sync_ticket_ = ticket;
    wake_.notify_all();
    written_.wait(lock, [&] { return done_ticket_ >= ticket; });
    return device_;
  }

  absl::StatusOr<uint64_t> Erase(absl::FunctionRef<bool(absl::string_view)> is_erased,
                                 const std::atomic<bool>* cancel) {
    uint64_t through = 0;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      const uint64_t ticket = ++tickets_;
      sync_ticket_ = ticket;
      seal_ticket_ = ticket;
      wake_.notify_all();
      written_.wait(lock, [&] { return done_ticket_ >= ticket; });
      if (!device_.ok()) return device_;
      through = sealed_through_;
    }
    return files_->Erase(through, is_erased, cancel);
  }

  ReceiptLogStats stats() const {
    ReceiptLogStats stats;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stats = stats_;
    }
    for (const SegmentSummary& segment : files_->Summaries()) {
      ++stats.segments;
      stats.bytes += segment.bytes;
    }
    return stats;
  }

  const ReceiptRecovery& recovery() const { return recovery_; }

 private:
  using Clock = std::chrono::steady_clock;

  size_t Capacity() const { return options_.buffer_bytes / 2; }

  // REQUIRES: mutex_ is held.
  bool IsUrgent() const {
    return stopping_ || tickets_ > done_ticket_ || active_.size() > Capacity() / 2;
  }

  void Run() {
    const auto flush_interval = absl::ToChronoNanoseconds(options_.flush_interval);
    const auto sync_interval = absl::ToChronoNanoseconds(options_.sync_interval);
    const auto retry_interval = absl::ToChronoNanoseconds(options_.retry_interval);
    std::string buffer;
    buffer.reserve(Capacity());
    Clock::time_point last_sync = Clock::now();
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      const auto has_work = [this] { return IsUrgent() || !active_.empty(); };
      if (!device_.ok()) {
        wake_.wait_for(lock, retry_interval, has_work);
      } else if (unsynced_) {
        wake_.wait_until(lock, last_sync + sync_interval, has_work);
      } else {
        wake_.wait(lock, has_work);
      }
      // Others join this write meanwhile.
      if (!active_.empty()) wake_.wait_for(lock, flush_interval, [this] { return IsUrgent(); });

      buffer.swap(active_);
      const uint64_t ticket = tickets_;
      const bool sync =
          stopping_ || sync_ticket_ > done_ticket_ || Clock::now() - last_sync >= sync_interval;
      const bool seal = seal_ticket_ > done_ticket_;
      const bool stopping = stopping_;
      writing_ = true;
      lock.unlock();
      const ReceiptFiles::Outcome outcome = files_->Write(&buffer, sync);
      if (sync) last_sync = Clock::now();
      const uint64_t sealed_through = seal && outcome.status.ok() ? files_->Seal() : 0;
      buffer.clear();
      lock.lock();
      if (sealed_through > 0) sealed_through_ = sealed_through;
      writing_ = false;
      unsynced_ = outcome.status.ok() && outcome.unsynced;
      stats_.lost += outcome.lost;
      device_ = outcome.status;
      done_ticket_ = std::max(done_ticket_, ticket);
      written_.notify_all();
      if (stopping && active_.empty()) return;
    }
  }

  const ReceiptLogOptions options_;
  const ReceiptRecovery recovery_;
  const std::unique_ptr<ReceiptFiles> files_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable written_;
  std::string active_;  // frames without checksums
  bool writing_ = false;
  bool unsynced_ = false;
  bool stopping_ = false;
  uint64_t tickets_ = 0;
  uint64_t sync_ticket_ = 0;
  uint64_t seal_ticket_ = 0;
  uint64_t sealed_through_ = 0;  // no receipt goes into a segment below this number any more
  uint64_t done_ticket_ = 0;
  absl::Status device_;
  ReceiptLogStats stats_;

  std::thread thread_;
};

ReceiptLog::ReceiptLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

ReceiptLog::~ReceiptLog() = default;

absl::StatusOr<std::unique_ptr<ReceiptLog>> ReceiptLog::Open(const ReceiptLogOptions& options) {
  ReceiptRecovery recovery;
  absl::StatusOr<std::unique_ptr<ReceiptFiles>> files = ReceiptFiles::Open(options, &recovery);
  if (!files.ok()) return files.status();
  return std::unique_ptr<ReceiptLog>(
      new ReceiptLog(std::make_unique<Impl>(options, *std::move(files), recovery)));
}

absl::Status ReceiptLog::Append(absl::string_view decision_id, absl::Time time,
                                absl::Span<const absl::string_view> parts) {
  return impl_->Append(decision_id, time, parts);
}

absl::StatusOr<std::string> ReceiptLog::Find(absl::string_view decision_id) {
  return impl_->Find(decision_id);
}

absl::Status ReceiptLog::Scan(absl::Time from, absl::Time until,
                              absl::FunctionRef<bool(const ReceiptRef&)> visit) {
  return impl_->Scan(from, until, visit);
}

absl::StatusOr<uint64_t> ReceiptLog::Erase(
    absl::FunctionRef<bool(absl::string_view receipt)> is_erased, const std::atomic<bool>* cancel) {
  return impl_->Erase(is_erased, cancel);
}

bool IsErasedReceipt(absl::string_view receipt) {
  return !receipt.empty() && receipt.find_first_not_of('\0') == absl::string_view::npos;
}

absl::Status ReceiptLog::Flush() { return impl_->WriteOut(/*sync=*/true); }

ReceiptLogStats ReceiptLog::stats() const { return impl_->stats(); }

const ReceiptRecovery& ReceiptLog::recovery() const { return impl_->recovery(); }

}  // namespace touchstone::store
