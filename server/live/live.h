#pragma once

// What is live: the rule set, the reference snapshot and the paused offers that decisions use now.
//
// One pointer swap makes another state live; a decision keeps the state that it began with, and no
// decision that begins after Set returns sees the old one.
// Thread safety: Live is safe from any thread. A LiveReader belongs to one thread and costs one
// atomic load a call while nothing changes. States are immutable and freed when the last decision
// lets go.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "rules/facts/reference.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::server {

// KeptTerms.offer and KeptTerms.id.
using TermsKey = std::pair<uint32_t, uint32_t>;

struct LiveState {
  std::shared_ptr<const rules::RuleSet> rule_set;
  // Bound to rule_set's schema.
  std::shared_ptr<const rules::ReferenceSnapshot> reference;
  uint64_t revision = 0;
  std::vector<TermsKey> kept_terms;        // those of rule_set that are not its own, ascending
  uint64_t epoch = 0;                      // of its publish; 0 in what a receipt names
  uint64_t reference_version = 0;          // 0: nothing imported
  std::vector<uint32_t> paused;            // offer indexes, ascending
  std::vector<std::string> paused_offers;  // ids, ascending; may name offers of other revisions
  // Ids of the aggregates that are being filled, ascending: until that is done, nobody has a value.
  std::vector<uint32_t> incomplete_aggregates;
};

class Live {
 public:
  // Null until the first Set: nothing is published yet.
  std::shared_ptr<const LiveState> Get() const {
    std::lock_guard<std::mutex> lock(mutex_);
    return state_;
  }
  void Set(std::shared_ptr<const LiveState> state) {
    std::lock_guard<std::mutex> lock(mutex_);
    state_ = std::move(state);
    generation_.fetch_add(1, std::memory_order_release);
  }
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const LiveState> state_;
  std::atomic<uint64_t> generation_{0};
};

class LiveReader {
 public:
  explicit LiveReader(const Live* live) : live_(live) {}

  const std::shared_ptr<const LiveState>& Get() {
    const uint64_t generation = live_->generation();
    if (generation != seen_) {
      state_ = live_->Get();
      seen_ = generation;
    }
    return state_;
  }

 private:
  const Live* live_;
  uint64_t seen_ = 0;
  std::shared_ptr<const LiveState> state_;
};

}  // namespace touchstone::server
