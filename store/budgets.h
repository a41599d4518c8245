#pragma once

// Budgets as one entry uses them: what fits, what is booked, what is given back.
//
// In every state committed + reserved of a budget is at most what the claims that were let in were
// bounded by. What posted sales take beyond it is its overrun; as long as there is any, it counts
// for whether something fits, and what comes back takes from it first.
//
// Thread safety, errors: as in apply.h. Use: claim by claim, then Flush.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/ledger.pb.h"

namespace touchstone::store {

// What stands against an opening use of a budget that is used so far, in all and on its day: the
// refusal of its item with the reason, without an index; no refusal: nothing.
storage::EntryResult::RefusedItem JudgeOpeningUse(const storage::AddOpeningUses::Item& item,
                                                  const storage::BudgetUse& in_all,
                                                  const storage::BudgetUse& on_day);

class Budgets {
 public:
  explicit Budgets(PendingWrites* writes) : writes_(writes) {}

  // False: it does not fit, and nothing is changed.
  absl::StatusOr<bool> Reserve(const storage::ClaimRequest& request);
  // Of a claim that is reserved.
  absl::Status Release(const storage::Claim& claim);
  absl::Status Commit(const storage::Claim& claim);
  // Of a claim that nobody asked for before: always, and what does not fit is in `overrun`. Money
  // in another currency than the budget's cannot be added to it: it is in `overrun` and no part of
  // `booked`, which begins as the claim.
  absl::Status Book(const storage::ClaimRequest& request, storage::Claim* booked,
                    storage::EntryResult::Overrun* overrun);
  // What was used before it was counted here. A refusal, as JudgeOpeningUse has it: nothing is
  // changed.
  absl::StatusOr<storage::EntryResult::RefusedItem> Open(const storage::AddOpeningUses::Item& item);
  // Of a claim that was committed or booked.
  absl::Status Restore(const storage::Claim& claim);

  // Writes what changed, and lists it.
  void Flush(storage::EntryResult* result);

 private:
  struct Row {
    std::string key;
    storage::EntryResult::ChangedBudget budget;
  };
  // The rows that a claim counts in: of all, and of its day.
  absl::StatusOr<std::vector<size_t>> RowsOf(const storage::Claim& claim);
  absl::StatusOr<size_t> Find(std::string key, const storage::Claim& claim, bool by_day);
  storage::BudgetUse* use(size_t row) { return rows_[row].budget.mutable_use(); }

  PendingWrites* writes_;
  std::vector<Row> rows_;
};

}  // namespace touchstone::store
