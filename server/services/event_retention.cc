#include "server/services/event_retention.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/log.h"

namespace touchstone::server {
namespace {

constexpr std::chrono::hours kBetweenSweeps(1);
constexpr size_t kMaxEventsInEntry = 1000;

}  // namespace

EventRetention::EventRetention(const store::Store* store, const Proposer* proposer,
                               absl::Duration age)
    : store_(store), proposer_(proposer), age_(age) {}

EventRetention::~EventRetention() { Stop(); }

void EventRetention::Start() {
  if (age_ == absl::InfiniteDuration()) return;
  thread_ = std::thread([this] { Run(); });
}

void EventRetention::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool EventRetention::stopping() {
  std::lock_guard<std::mutex> lock(mutex_);
  return stopping_;
}

void EventRetention::Run() {
  while (!stopping()) {
    const absl::StatusOr<uint64_t> dropped = Sweep();
    if (!dropped.ok()) {
      Log(LogLevel::kError, "event_retention_failed", {{"error", dropped.status().message()}});
    } else if (*dropped > 0) {
      Log(LogLevel::kInfo, "events_dropped", {{"events", absl::StrCat(*dropped)}});
    }
    std::unique_lock<std::mutex> lock(mutex_);
    wake_.wait_for(lock, kBetweenSweeps, [this] { return stopping_; });
  }
}

absl::StatusOr<uint64_t> EventRetention::Sweep() {
  const absl::Time before = proposer_->now() - age_;
  uint64_t dropped = 0;
  std::string customer_id;
  do {
    absl::StatusOr<store::Store::OldEvents> old =
        store_->ListOldEvents(before, customer_id, kMaxEventsInEntry);
    if (!old.ok()) return old.status();
    if (old->events.items_size() > 0) {
      storage::Entry entry = proposer_->NewEntry("", 0);
      *entry.mutable_drop_events() = std::move(old->events);
      storage::EntryResult result;
      const grpc::Status written =
          proposer_->Write(std::move(entry), v1::ERROR_REASON_CUSTOMER_NOT_FOUND, &result);
      if (!written.ok()) return ToAbsl(written);
      dropped += result.applied();
    }
    customer_id = std::move(old->next_id);
  } while (!customer_id.empty() && !stopping());
  return dropped;
}

}  // namespace touchstone::server
