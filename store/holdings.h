#pragma once

// What one transaction holds, and the rows that say so: the reservation, when it is due, for whom.
//
// Thread safety, errors: as in apply.h.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_field.h"
#include "store/apply_commands.h"
#include "store/budgets.h"
#include "store/codes.h"
#include "store/record_patch.h"

namespace touchstone::store {

inline constexpr int kMaxClaims = 4096;
// Of one claim: so that no sum of a budget leaves 64 bits.
inline constexpr int64_t kMaxClaimCount = 1'000'000'000;
inline constexpr int64_t kMaxClaimMinor = 1'000'000'000'000'000;
// How long it is known of a transaction that its claims were given back.
inline constexpr int64_t kKeepEndedUs = int64_t{24} * 3600 * 1'000'000;

inline bool IsHeld(const storage::Reservation& reservation) {
  return reservation.state() == storage::Reservation::STATE_HELD ||
         reservation.state() == storage::Reservation::STATE_SUSPENDED;
}

// "" when the claims are fine, else what is wrong with one. Empty `customer_id`: of nobody.
// `transaction`: as contacts name it.
absl::string_view ClaimsFault(
    const google::protobuf::RepeatedPtrField<storage::ClaimRequest>& claims,
    absl::string_view customer_id, uint64_t transaction);
bool HasLimits(const google::protobuf::RepeatedPtrField<storage::ClaimRequest>& claims);
// How many contacts of the record count for a claim on a limit, but for those of the transaction.
int64_t CountedForLimit(const RecordView& record, const storage::ClaimRequest& request,
                        uint64_t transaction);

// The customer who stands for this one; empty when there is none, or no more.
absl::StatusOr<std::string> CustomerNow(absl::string_view customer_id, PendingWrites* writes);

// For taking a merge back: what of these customers' transactions holds something, as contacts name
// it, and in which of their sales something was returned. REQUIRES: as PendingWrites::committed.
using ContactTransactions = absl::flat_hash_set<uint64_t>;
absl::StatusOr<ContactTransactions> HeldTransactions(absl::Span<const std::string> customer_ids,
                                                     PendingWrites* writes);
absl::StatusOr<ContactTransactions> ReturnedTransactions(absl::Span<const std::string> customer_ids,
                                                         PendingWrites* writes);

class Holdings {
 public:
  // The id must live as long.
  Holdings(absl::string_view transaction_id, PendingWrites* writes)
      : transaction_id_(transaction_id), writes_(writes) {}

  // What is wrong with the transaction's id or step.
  AppliedOr CheckNames(int32_t step) const;
  // Refused when the transaction was sold.
  AppliedOr CheckUnsold();
  absl::StatusOr<std::optional<storage::Reservation>> Find();
  // What is held for the step, not beyond its time; else a refusal, as Commit of entry.proto says.
  AppliedOr FindHeld(int32_t step, storage::Reservation* held);

  // Gives back the claims of a reservation, if it is held: its row stays to be written.
  absl::Status GiveBack(const storage::Reservation& held, Budgets* budgets, Codes* codes);
  // The part of GiveBack that is hers: what stands in her record for what is held.
  absl::Status RemoveReserved(const storage::Reservation& held);
  // What is kept of a reservation that is over.
  storage::Reservation Ended(storage::Reservation::State state, int32_t step) const;
  // In the place of `before`.
  void Write(const std::optional<storage::Reservation>& before,
             const storage::Reservation& reservation);
  void Drop(const storage::Reservation& reservation);

  // The latest time of an entry that was applied, or of this one: it never goes back.
  int64_t now_us() const { return writes_->progress().time_us(); }

 private:
  absl::string_view transaction_id_;
  PendingWrites* writes_;
};

}  // namespace touchstone::store
