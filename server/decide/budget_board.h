#pragma once

// How much of each budget is used, and which budgets have nothing left.
//
// The ledger is in the store; this is what decisions see of it, in memory. A decision claims
// nothing: what it sees may be used up by the time of the claim.
// Thread safety: BudgetBoard is safe from any thread; a BudgetReader belongs to one. Lifetime: the
// board must outlive its readers. Cost: Update takes a short lock; a reader one atomic load while
// no budget closes or opens.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/live/live.h"
#include "touchstone/storage/v1/entry.pb.h"

namespace touchstone::server {

// Of a budget, as of a position in the order of all writes.
using ChangedBudget = ::touchstone::storage::v1::EntryResult::ChangedBudget;

class BudgetBoard {
 public:
  explicit BudgetBoard(const Live* live) : live_(live) {}

  // What an entry has changed. What is older than what is known is passed over, so that results may
  // come in any order.
  void Update(uint64_t position, const google::protobuf::RepeatedPtrField<ChangedBudget>& budgets);

  // Of the rule set: those with nothing left at all, and those with nothing left on a day, both in
  // order of their indexes.
  struct Closed {
    std::vector<uint32_t> always;
    std::vector<std::pair<uint32_t, int32_t>> by_day;  // days since the epoch
  };
  Closed ListClosed(const rules::RuleSet& rule_set) const;
  uint64_t generation() const { return generation_.load(std::memory_order_acquire); }

 private:
  struct Use {
    uint64_t position = 0;
    int64_t count = 0;
    int64_t minor = 0;
  };
  struct Budget {
    Use all;
    std::map<int32_t, Use> days;
  };
  static bool IsSpent(const rules::BudgetSpec& spec, const Use& use, bool by_day);
  void UpdateOne(uint64_t position, const ChangedBudget& changed, const rules::RuleSet* rule_set);

  const Live* const live_;
  mutable std::mutex mutex_;  // guards budgets_
  absl::flat_hash_map<std::string, Budget> budgets_;
  std::atomic<uint64_t> generation_{1};
};

class BudgetReader {
 public:
  explicit BudgetReader(const BudgetBoard* board) : board_(board) {}

  // Indexes of the budgets that are closed at that moment, ascending; valid until the next call.
  // `live`: that of the decision, since another rule set has other indexes.
  absl::Span<const uint32_t> Closed(const LiveState& live, absl::Time now);

 private:
  const BudgetBoard* board_;
  uint64_t seen_ = 0;
  std::shared_ptr<const rules::RuleSet> rule_set_;
  BudgetBoard::Closed closed_;
  std::vector<uint32_t> now_closed_;
};

// The local day on which a claim at that moment is booked, days since the epoch.
int32_t BudgetDay(const rules::RuleSet& rule_set, absl::Time now);

}  // namespace touchstone::server
