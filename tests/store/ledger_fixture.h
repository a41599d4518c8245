#pragma once

// A store of what transactions hold and sell, and what tests ask of it.
//
// Thread safety: for the test's thread. Errors: a test fails.

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/store.h"
#include "store/verify.h"
#include "tests/store/entries.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/written_store.h"

namespace touchstone::store {

class LedgerTest : public ::testing::Test {
 protected:
  using Entry = storage::Entry;
  using EntryResult = storage::EntryResult;
  using Reservation = storage::Reservation;
  using StoredSale = storage::StoredSale;

  static constexpr auto kApplied = EntryResult::REFUSAL_UNSPECIFIED;
  static constexpr auto kInvalid = EntryResult::REFUSAL_INVALID;
  static constexpr auto kNotFound = EntryResult::REFUSAL_NOT_FOUND;
  static constexpr auto kAlreadyExists = EntryResult::REFUSAL_ALREADY_EXISTS;
  static constexpr auto kClaimsRefused = EntryResult::REFUSAL_CLAIMS_REFUSED;
  static constexpr auto kSuperseded = EntryResult::REFUSAL_STEP_SUPERSEDED;
  static constexpr auto kSold = EntryResult::REFUSAL_TRANSACTION_COMMITTED;
  static constexpr auto kExpired = EntryResult::REFUSAL_RESERVATION_EXPIRED;

  EntryResult Write(const Entry& entry) { return store_.Write(entry); }
  EntryResult::Refusal RefusalOf(const Entry& entry) { return Write(entry).refusal(); }
  void MakeCustomer(absl::string_view customer_id) {
    ASSERT_EQ(RefusalOf(UpdateEntry(customer_id, "")), kApplied);
  }

  // "committed/reserved/overrun" of uses, then of money; "" for a budget that is not there.
  std::string Uses(absl::string_view budget) { return Text(budget, std::nullopt, false); }
  std::string Money(absl::string_view budget) { return Text(budget, std::nullopt, true); }
  std::string MoneyOn(absl::string_view budget, int32_t day) { return Text(budget, day, true); }

  Reservation::State StateOf(absl::string_view transaction_id) {
    const auto reservation = *store_->GetReservation(transaction_id);
    return reservation.has_value() ? reservation->state() : Reservation::STATE_UNSPECIFIED;
  }
  std::optional<StoredSale> Sale(absl::string_view transaction_id) {
    return *store_->GetSale(transaction_id);
  }

  // Offers of contacts of a kind, in the record's order.
  std::vector<uint64_t> Offers(absl::string_view customer_id, ContactKind kind) {
    std::vector<uint64_t> offers;
    PinnedValue bytes;
    const auto found =
        store_->GetRecord({RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &bytes);
    EXPECT_EQ(*found, Found::kFound) << customer_id;
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
    for (size_t i = 0; i < record->contact_count(); ++i) {
      if (record->contact(i).kind == kind) offers.push_back(record->contact(i).offer);
    }
    return offers;
  }
  std::vector<uint64_t> Reserved(absl::string_view customer_id) {
    return Offers(customer_id, ContactKind::kReserved);
  }
  std::vector<uint64_t> Redeemed(absl::string_view customer_id) {
    return Offers(customer_id, ContactKind::kRedeemed);
  }

  // Whether the transaction can hold what is claimed, or holds it now.
  bool CanHold(absl::string_view transaction_id, const storage::ClaimRequest& claim,
               absl::string_view customer_id, int64_t time_us) {
    const EntryResult result =
        Write(At(ReserveEntry(transaction_id, 1, {claim}, customer_id), time_us));
    EXPECT_TRUE(result.refusal() == kApplied || result.refusal() == kClaimsRefused)
        << result.refusal_detail();
    return result.refusal() == kApplied;
  }
  // Of a code or grant: "committed/reserved/overrun"; "" for one that is not there.
  std::string UsesOfCode(absl::string_view code) {
    storage::Code row;
    const absl::StatusOr<Found> found = store_->GetCode(code, ReadTier::kMayBlock, &row);
    EXPECT_TRUE(found.ok()) << found.status();
    if (*found != Found::kFound) return "";
    return absl::StrCat(row.committed(), "/", row.reserved(), "/", row.overrun());
  }
  bool IsSound() {
    const absl::StatusOr<VerifyReport> report = VerifyStore(store_.store(), [](auto) {});
    for (const VerifyFinding& finding : report->findings) {
      ADD_FAILURE() << FaultName(finding.fault) << ": " << finding.place;
    }
    return report->sound();
  }

  std::string Text(absl::string_view budget, std::optional<int32_t> day, bool money) {
    const auto budgets = store_->ListBudgets();
    for (const EntryResult::ChangedBudget& row : *budgets) {
      if (row.budget_id() != budget || row.by_day() != day.has_value()) continue;
      if (day.has_value() && row.day() != *day) continue;
      const storage::BudgetUse& use = row.use();
      return money ? absl::StrCat(use.committed_minor(), "/", use.reserved_minor(), "/",
                                  use.overrun_minor())
                   : absl::StrCat(use.committed_count(), "/", use.reserved_count(), "/",
                                  use.overrun_count());
    }
    return "";
  }

  WrittenStore store_;
};

}  // namespace touchstone::store
