#include "store/budgets.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "store/apply_commands.h"
#include "store/keys.h"

namespace touchstone::store {
namespace {

using storage::BudgetUse;
using storage::Claim;
using storage::ClaimRequest;
using storage::EntryResult;

// What a budget, in all or on a day, has room for. A bound of 0 is none.
struct Room {
  int64_t count = std::numeric_limits<int64_t>::max();
  int64_t minor = std::numeric_limits<int64_t>::max();
};

int64_t Left(int64_t bound, int64_t committed, int64_t reserved, int64_t overrun) {
  if (bound == 0) return std::numeric_limits<int64_t>::max() - committed - reserved - overrun;
  return std::max<int64_t>(0, bound - committed - reserved - overrun);
}

Room RoomIn(const BudgetUse& use, int64_t most_uses, int64_t most_minor) {
  return {
      Left(most_uses, use.committed_count(), use.reserved_count(), use.overrun_count()),
      Left(most_minor, use.committed_minor(), use.reserved_minor(), use.overrun_minor()),
  };
}

Room RoomFor(const EntryResult::ChangedBudget& budget, const ClaimRequest& request) {
  if (budget.by_day()) return RoomIn(budget.use(), 0, request.most_minor_a_day());
  return RoomIn(budget.use(), request.most_uses(), request.most_minor());
}

bool IsInAnotherCurrency(const BudgetUse& use, const Claim& claim) {
  return !use.currency().empty() && !claim.currency().empty() && use.currency() != claim.currency();
}

void AddCommitted(int64_t count, int64_t minor, BudgetUse* use) {
  use->set_committed_count(use->committed_count() + count);
  use->set_committed_minor(use->committed_minor() + minor);
}

void AddReserved(int64_t count, int64_t minor, BudgetUse* use) {
  use->set_reserved_count(use->reserved_count() + count);
  use->set_reserved_minor(use->reserved_minor() + minor);
}

void AddOverrun(int64_t count, int64_t minor, BudgetUse* use) {
  use->set_overrun_count(use->overrun_count() + count);
  use->set_overrun_minor(use->overrun_minor() + minor);
}

bool IsBelowZero(const BudgetUse& use) {
  return use.committed_count() < 0 || use.committed_minor() < 0 || use.reserved_count() < 0 ||
         use.reserved_minor() < 0;
}

absl::Status Lost() { return absl::DataLossError("ledger: a budget holds less than its claims"); }

}  // namespace

EntryResult::RefusedItem JudgeOpeningUse(const storage::AddOpeningUses::Item& item,
                                         const BudgetUse& in_all, const BudgetUse& on_day) {
  EntryResult::RefusedItem refused;
  const auto refuse = [&refused](EntryResult::Refusal refusal, const char* detail) {
    refused.set_refusal(refusal);
    refused.set_refusal_detail(detail);
    return refused;
  };
  const storage::OpeningUse& use = item.use();
  if (!in_all.currency().empty() && !use.currency().empty() &&
      in_all.currency() != use.currency()) {
    return refuse(EntryResult::REFUSAL_INVALID, "the budget was used in another currency");
  }
  const Room room = RoomIn(in_all, item.most_uses(), item.most_minor());
  if (use.count() > room.count) {
    return refuse(EntryResult::REFUSAL_TOO_MANY, "the budget has fewer uses left");
  }
  if (use.amount_minor() > room.minor) {
    return refuse(EntryResult::REFUSAL_TOO_MANY, "the budget has less money left");
  }
  if (use.day_minor() > RoomIn(on_day, 0, item.most_minor_a_day()).minor) {
    return refuse(EntryResult::REFUSAL_TOO_MANY, "the budget has less money left on that day");
  }
  return refused;
}

absl::StatusOr<bool> Budgets::Reserve(const ClaimRequest& request) {
  const Claim& claim = request.claim();
  const absl::StatusOr<std::vector<size_t>> rows = RowsOf(claim);
  if (!rows.ok()) return rows.status();
  for (const size_t row : *rows) {
    const Room room = RoomFor(rows_[row].budget, request);
    if (claim.count() > room.count || claim.amount_minor() > room.minor ||
        IsInAnotherCurrency(*use(row), claim)) {
      return false;
    }
  }
  for (const size_t row : *rows) {
    AddReserved(claim.count(), claim.amount_minor(), use(row));
    if (!claim.currency().empty()) use(row)->set_currency(claim.currency());
  }
  return true;
}

absl::Status Budgets::Release(const Claim& claim) {
  const absl::StatusOr<std::vector<size_t>> rows = RowsOf(claim);
  if (!rows.ok()) return rows.status();
  for (const size_t row : *rows) {
    AddReserved(-claim.count(), -claim.amount_minor(), use(row));
    if (IsBelowZero(*use(row))) return Lost();
  }
  return absl::OkStatus();
}

absl::Status Budgets::Commit(const Claim& claim) {
  if (absl::Status released = Release(claim); !released.ok()) return released;
  const absl::StatusOr<std::vector<size_t>> rows = RowsOf(claim);
  if (!rows.ok()) return rows.status();
  for (const size_t row : *rows) AddCommitted(claim.count(), claim.amount_minor(), use(row));
  return absl::OkStatus();
}

absl::Status Budgets::Book(const ClaimRequest& request, Claim* booked,
                           EntryResult::Overrun* overrun) {
  const absl::StatusOr<std::vector<size_t>> rows = RowsOf(*booked);
  if (!rows.ok()) return rows.status();
  if (IsInAnotherCurrency(*use(rows->front()), *booked)) {
    overrun->set_amount_minor(booked->amount_minor());
    booked->set_amount_minor(0);
    booked->clear_currency();
  }
  for (const size_t row : *rows) {
    const Room room = RoomFor(rows_[row].budget, request);
    const int64_t count = std::min(booked->count(), room.count);
    const int64_t minor = std::min(booked->amount_minor(), room.minor);
    AddCommitted(count, minor, use(row));
    AddOverrun(booked->count() - count, booked->amount_minor() - minor, use(row));
    if (!booked->currency().empty()) use(row)->set_currency(booked->currency());
    overrun->set_count(std::max(overrun->count(), booked->count() - count));
    overrun->set_amount_minor(std::max(overrun->amount_minor(), booked->amount_minor() - minor));
  }
  return absl::OkStatus();
}

absl::StatusOr<EntryResult::RefusedItem> Budgets::Open(const storage::AddOpeningUses::Item& item) {
  const storage::OpeningUse& opening = item.use();
  Claim claim;
  claim.set_id(opening.budget_id());
  claim.set_day(opening.day());
  claim.set_by_day(opening.by_day());
  const size_t known = rows_.size();
  const absl::StatusOr<std::vector<size_t>> rows = RowsOf(claim);
  if (!rows.ok()) return rows.status();
  EntryResult::RefusedItem refused = JudgeOpeningUse(
      item, *use(rows->front()), opening.by_day() ? *use(rows->back()) : BudgetUse());
  if (refused.refusal() != EntryResult::REFUSAL_UNSPECIFIED) {
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(known), rows_.end());
    return refused;
  }
  AddCommitted(opening.count(), opening.amount_minor(), use(rows->front()));
  if (opening.by_day()) AddCommitted(0, opening.day_minor(), use(rows->back()));
  for (const size_t row : *rows) {
    if (!opening.currency().empty()) use(row)->set_currency(opening.currency());
  }
  return refused;
}

absl::Status Budgets::Restore(const Claim& claim) {
  const absl::StatusOr<std::vector<size_t>> rows = RowsOf(claim);
  if (!rows.ok()) return rows.status();
  for (const size_t row : *rows) {
    const int64_t count = std::min(claim.count(), use(row)->overrun_count());
    const int64_t minor = std::min(claim.amount_minor(), use(row)->overrun_minor());
    AddOverrun(-count, -minor, use(row));
    AddCommitted(count - claim.count(), minor - claim.amount_minor(), use(row));
    if (IsBelowZero(*use(row))) return Lost();
  }
  return absl::OkStatus();
}

void Budgets::Flush(EntryResult* result) {
  for (Row& row : rows_) {
    writes_->Put(Family::kLedger, row.key, row.budget.use().SerializeAsString());
    *result->add_budgets() = std::move(row.budget);
  }
  rows_.clear();
}

absl::StatusOr<std::vector<size_t>> Budgets::RowsOf(const Claim& claim) {
  std::vector<size_t> rows;
  const absl::StatusOr<size_t> all = Find(BudgetRow(claim.id()), claim, false);
  if (!all.ok()) return all.status();
  rows.push_back(*all);
  if (!claim.by_day()) return rows;
  const absl::StatusOr<size_t> day = Find(BudgetDayRow(claim.id(), claim.day()), claim, true);
  if (!day.ok()) return day.status();
  rows.push_back(*day);
  return rows;
}

absl::StatusOr<size_t> Budgets::Find(std::string key, const Claim& claim, bool by_day) {
  for (size_t i = 0; i < rows_.size(); ++i) {
    if (rows_[i].key == key) return i;
  }
  absl::StatusOr<std::optional<BudgetUse>> use =
      ReadMessage<BudgetUse>(Family::kLedger, key, writes_);
  if (!use.ok()) return use.status();
  Row row;
  row.key = std::move(key);
  row.budget.set_budget_id(claim.id());
  row.budget.set_by_day(by_day);
  if (by_day) row.budget.set_day(claim.day());
  *row.budget.mutable_use() = std::move(*use).value_or(BudgetUse());
  rows_.push_back(std::move(row));
  return rows_.size() - 1;
}

}  // namespace touchstone::store
