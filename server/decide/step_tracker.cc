#include "server/decide/step_tracker.h"

namespace touchstone::server {

StepTracker::StepTracker(size_t capacity) : capacity_(capacity) {
  index_.reserve(capacity);
  entries_.reserve(capacity);
}

bool StepTracker::Advance(uint64_t transaction, int32_t step) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = index_.find(transaction);
  uint32_t index;
  if (found != index_.end()) {
    index = found->second;
    if (step < entries_[index].step) return false;
    Unlink(index);
  } else {
    index = TakeEntry();
    entries_[index].transaction = transaction;
    index_[transaction] = index;
  }
  entries_[index].step = step;
  LinkNewest(index);
  return true;
}

uint32_t StepTracker::TakeEntry() {
  if (entries_.size() < capacity_) {
    entries_.emplace_back();
    return static_cast<uint32_t>(entries_.size() - 1);
  }
  const uint32_t index = oldest_;
  Unlink(index);
  index_.erase(entries_[index].transaction);
  return index;
}

void StepTracker::Unlink(uint32_t index) {
  Entry& entry = entries_[index];
  (entry.newer == kNone ? newest_ : entries_[entry.newer].older) = entry.older;
  (entry.older == kNone ? oldest_ : entries_[entry.older].newer) = entry.newer;
}

void StepTracker::LinkNewest(uint32_t index) {
  Entry& entry = entries_[index];
  entry.newer = kNone;
  entry.older = newest_;
  (newest_ == kNone ? oldest_ : entries_[newest_].newer) = index;
  newest_ = index;
}

}  // namespace touchstone::server
