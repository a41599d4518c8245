// Reads of what transactions hold and of what was sold.

#include <algorithm>
#include <utility>

#include "store/database.h"
#include "store/keys.h"
#include "store/message_row.h"
#include "store/store.h"

namespace touchstone::store {
namespace {

// What follows the prefix in every key that begins with it.
absl::StatusOr<std::vector<std::string>> EndsOfKeys(const Database& database,
                                                    const std::string& prefix) {
  std::vector<std::string> ends;
  Database::PrefixIterator rows = database.Iterate(Family::kLedger, prefix, prefix);
  for (; rows.Valid(); rows.Next()) ends.emplace_back(rows.key().substr(prefix.size()));
  if (!rows.status().ok()) return rows.status();
  return ends;
}

}  // namespace

absl::StatusOr<std::optional<storage::Reservation>> Store::GetReservation(
    absl::string_view transaction_id) const {
  return ReadIfThere<storage::Reservation>(*database_, Family::kLedger,
                                           ReservationRow(transaction_id));
}

absl::StatusOr<std::optional<storage::StoredSale>> Store::GetSale(
    absl::string_view transaction_id) const {
  return ReadIfThere<storage::StoredSale>(*database_, Family::kSales, SaleRow(transaction_id));
}

absl::StatusOr<Found> Store::GetCode(absl::string_view code, ReadTier tier,
                                     storage::Code* row) const {
  rocksdb::PinnableSlice value;
  const absl::StatusOr<Found> found = database_->Get(Family::kLedger, CodeRow(code), tier, &value);
  if (!found.ok() || *found != Found::kFound) return found;
  if (!row->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::DataLossError("ledger: malformed code");
  }
  return found;
}

absl::StatusOr<Found> Store::GetCodeHold(absl::string_view code, absl::string_view transaction_id,
                                         ReadTier tier) const {
  rocksdb::PinnableSlice value;
  return database_->Get(Family::kLedger, CodeHoldRow(code, transaction_id), tier, &value);
}

absl::StatusOr<Found> Store::GetSurvivor(absl::string_view customer_id, ReadTier tier,
                                         std::string* surviving_id) const {
  surviving_id->assign(customer_id.data(), customer_id.size());
  // Ends: whoever stays has no such row.
  for (;;) {
    rocksdb::PinnableSlice value;
    const absl::StatusOr<Found> found =
        database_->Get(Family::kMeta, SurvivorRow(*surviving_id), tier, &value);
    if (!found.ok() || *found == Found::kNotInMemory) return found;
    if (*found == Found::kNotFound) return Found::kFound;
    surviving_id->assign(value.data(), value.size());
  }
}

absl::StatusOr<std::vector<std::string>> Store::ListDue(absl::Time now, size_t limit) const {
  std::vector<std::string> due;
  const std::string prefix(1, kDuePrefix);
  constexpr size_t kIdAt = 1 + sizeof(uint64_t);
  const int64_t now_us = absl::ToUnixMicros(now);
  Database::PrefixIterator rows = database_->Iterate(Family::kLedger, prefix, prefix);
  for (; rows.Valid() && due.size() < limit; rows.Next()) {
    if (rows.key().size() <= kIdAt) return absl::DataLossError("ledger: malformed key");
    if (ReadOrderedSigned(rows.key().data() + 1) > now_us) break;
    due.emplace_back(rows.key().substr(kIdAt));
  }
  if (!rows.status().ok()) return rows.status();
  return due;
}

absl::StatusOr<std::vector<std::string>> Store::ListHeld(absl::string_view customer_id) const {
  return EndsOfKeys(*database_, HeldRow(customer_id, {}));
}

absl::StatusOr<std::vector<std::string>> Store::ListCodes(absl::string_view customer_id) const {
  absl::StatusOr<std::vector<std::string>> ids =
      EndsOfKeys(*database_, CustomerCodeRow(customer_id, {}));
  if (ids.ok()) std::erase_if(*ids, IsGrantId);
  return ids;
}

absl::StatusOr<std::vector<std::pair<std::string, storage::Code>>> Store::ListGrants(
    absl::string_view customer_id) const {
  const absl::StatusOr<std::vector<std::string>> holders = ListIds(customer_id);
  if (!holders.ok()) return holders.status();
  std::vector<std::pair<std::string, storage::Code>> grants;
  for (const std::string& id : *holders) {
    const absl::StatusOr<std::vector<std::string>> ids =
        EndsOfKeys(*database_, CustomerCodeRow(id, {}));
    if (!ids.ok()) return ids.status();
    for (const std::string& grant_id : *ids) {
      if (!IsGrantId(grant_id)) continue;
      storage::Code grant;
      const absl::StatusOr<Found> found = GetCode(grant_id, ReadTier::kMayBlock, &grant);
      if (!found.ok()) return found.status();
      // She may have been erased between the two reads.
      if (*found == Found::kFound && !grant.customer_id().empty()) {
        grants.emplace_back(grant_id, std::move(grant));
      }
    }
  }
  std::sort(grants.begin(), grants.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return grants;
}

absl::StatusOr<std::vector<std::string>> Store::ListSales(absl::string_view customer_id,
                                                          size_t limit) const {
  std::vector<std::string> sales;
  const std::string prefix = CustomerSalesPrefix(customer_id);
  std::string last = prefix;
  last.back() = '\1';
  Database::PrefixIterator rows = database_->FindLast(Family::kSales, prefix, last);
  for (; rows.Valid() && sales.size() < limit; rows.Previous()) {
    if (rows.key().size() <= prefix.size() + sizeof(uint64_t)) {
      return absl::DataLossError("sales: malformed key");
    }
    sales.emplace_back(rows.key().substr(prefix.size() + sizeof(uint64_t)));
  }
  if (!rows.status().ok()) return rows.status();
  return sales;
}

absl::StatusOr<Found> Store::GetOpeningUse(absl::string_view budget_id, absl::string_view batch,
                                           storage::OpeningUse* use) const {
  rocksdb::PinnableSlice value;
  const absl::StatusOr<Found> found =
      database_->Get(Family::kLedger, OpeningUseRow(budget_id, batch), ReadTier::kMayBlock, &value);
  if (!found.ok() || *found != Found::kFound) return found;
  if (!use->ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return absl::DataLossError("ledger: malformed opening use");
  }
  return found;
}

absl::StatusOr<std::vector<storage::EntryResult::ChangedBudget>> Store::ListBudgets() const {
  std::vector<storage::EntryResult::ChangedBudget> budgets;
  for (const char kind : {kBudgetPrefix, kBudgetDayPrefix}) {
    const std::string prefix(1, kind);
    Database::PrefixIterator rows = database_->Iterate(Family::kLedger, prefix, prefix);
    for (; rows.Valid(); rows.Next()) {
      storage::EntryResult::ChangedBudget& budget = budgets.emplace_back();
      absl::string_view id = rows.key().substr(1);
      if (kind == kBudgetDayPrefix) {
        const size_t end = id.find('\0');
        if (end == absl::string_view::npos || id.size() != end + 1 + sizeof(uint64_t)) {
          return absl::DataLossError("ledger: malformed key");
        }
        budget.set_by_day(true);
        budget.set_day(static_cast<int32_t>(ReadOrderedSigned(id.data() + end + 1)));
        id = id.substr(0, end);
      }
      budget.set_budget_id(std::string(id));
      if (!budget.mutable_use()->ParseFromArray(rows.value().data(),
                                                static_cast<int>(rows.value().size()))) {
        return absl::DataLossError("ledger: malformed budget");
      }
    }
    if (!rows.status().ok()) return rows.status();
  }
  return budgets;
}

}  // namespace touchstone::store
