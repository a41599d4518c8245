#pragma once

// What tills in training, and previews, have reserved: answered alike and kept nowhere.
//
// Holds the transactions reserved last, so many of them that a class of trainees can each finish
// theirs; they are gone when the process ends. Nothing is claimed.
// Thread safety: any thread. Cost: a short lock.

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "touchstone/v1/decision.pb.h"
#include "touchstone/v1/transaction_service.pb.h"

namespace touchstone::server {

inline constexpr size_t kMostPractised = 1000;

class Practice {
 public:
  struct Held {
    v1::DecideRequest request;
    v1::Reservation reservation;
  };

  // In the place of what the transaction had.
  void Keep(const std::string& transaction_id, Held held);
  std::optional<Held> Find(absl::string_view transaction_id) const;
  void Drop(absl::string_view transaction_id);

 private:
  mutable std::mutex mutex_;  // guards what follows
  absl::flat_hash_map<std::string, Held> held_;
  std::deque<std::string> oldest_first_;
};

// Of a context: the call may keep nothing.
inline bool IsPractice(const v1::DecisionContext& context) {
  return context.mode() == v1::DECISION_MODE_TRAINING ||
         context.mode() == v1::DECISION_MODE_PREVIEW;
}

}  // namespace touchstone::server
