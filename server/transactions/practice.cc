#include "server/transactions/practice.h"

#include <utility>

namespace touchstone::server {

void Practice::Keep(const std::string& transaction_id, Held held) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto [found, is_new] = held_.try_emplace(transaction_id);
  found->second = std::move(held);
  if (!is_new) return;
  oldest_first_.push_back(transaction_id);
  if (oldest_first_.size() <= kMostPractised) return;
  held_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

std::optional<Practice::Held> Practice::Find(absl::string_view transaction_id) const {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = held_.find(transaction_id);
  if (found == held_.end()) return std::nullopt;
  return found->second;
}

void Practice::Drop(absl::string_view transaction_id) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (held_.erase(transaction_id) > 0) std::erase(oldest_first_, transaction_id);
}

}  // namespace touchstone::server
