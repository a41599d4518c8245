#pragma once

// What each command does; Apply (apply.h) puts idempotency, audit and undo around it.
//
// Thread safety, errors: as in apply.h. `time_us` is the entry's.

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "store/database.h"
#include "store/pending_writes.h"
#include "touchstone/storage/v1/entry.pb.h"
#include "touchstone/storage/v1/state.pb.h"

namespace touchstone::store {

using AppliedOr = absl::StatusOr<storage::EntryResult>;

// The row of a message type; nullopt when there is none.
template <typename Message>
absl::StatusOr<std::optional<Message>> ReadMessage(Family family, absl::string_view key,
                                                   PendingWrites* writes) {
  absl::StatusOr<std::optional<std::string>> row = writes->Get(family, key);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  Message message;
  if (!message.ParseFromString(**row)) {
    return absl::DataLossError(std::string(FamilyName(family)) + ": malformed row");
  }
  return message;
}

storage::EntryResult Refuse(storage::EntryResult::Refusal refusal, absl::string_view detail);
// Or failed.
inline bool IsRefused(const AppliedOr& result) {
  return !result.ok() || result->refusal() != storage::EntryResult::REFUSAL_UNSPECIFIED;
}

AppliedOr ApplyUpdateRecord(const storage::UpdateRecord& command, PendingWrites* writes);
// A refused item is listed in the result and does not stop the others.
AppliedOr ApplyUpdateRecords(const storage::UpdateRecords& command, PendingWrites* writes);
AppliedOr ApplyAppendEvents(const storage::AppendEvents& command, PendingWrites* writes);
AppliedOr ApplyRecordOutcomes(const storage::RecordOutcomes& command, int64_t time_us,
                              PendingWrites* writes);
AppliedOr ApplyLinkIdentities(const storage::LinkIdentities& command, PendingWrites* writes);
AppliedOr ApplyResolveOrCreate(const storage::ResolveOrCreate& command, PendingWrites* writes);

AppliedOr ApplyDeleteCustomer(const storage::DeleteCustomer& command, absl::string_view request_id,
                              int64_t time_us, PendingWrites* writes);
AppliedOr ApplyUpdateErasure(const storage::UpdateErasure& command, int64_t time_us,
                             PendingWrites* writes);
// Events that are not there are passed over.
AppliedOr ApplyDropEvents(const storage::DropEvents& command, PendingWrites* writes);

AppliedOr ApplyMergeCustomers(const storage::MergeCustomers& command, int64_t time_us,
                              PendingWrites* writes);
// Drops the oldest when there are more than kMaxImportRuns.
inline constexpr size_t kMaxImportRuns = 1000;
AppliedOr ApplyRecordImport(const storage::RecordImport& command, PendingWrites* writes);

// What transactions hold (apply_ledger.cc).
AppliedOr ApplyReserve(const storage::Reserve& command, PendingWrites* writes);
AppliedOr ApplyRelease(const storage::Release& command, PendingWrites* writes);
AppliedOr ApplySuspend(const storage::Suspend& command, PendingWrites* writes);
AppliedOr ApplyExpire(const storage::Expire& command, PendingWrites* writes);
// What was sold (apply_sales.cc).
AppliedOr ApplyCommit(const storage::Commit& command, PendingWrites* writes);
AppliedOr ApplyPostSale(const storage::PostSale& command, PendingWrites* writes);
AppliedOr ApplyReturnSale(const storage::ReturnSale& command, PendingWrites* writes);
// Takes erased customers out of their sales, gives back what is held for them, and names both in
// the erasure.
absl::Status ForgetTransactions(absl::Span<const std::string> customer_ids,
                                storage::PendingErasure* erasure, storage::EntryResult* result,
                                PendingWrites* writes);

// What was used of budgets elsewhere (apply_budgets.cc).
inline constexpr int kMaxOpeningUses = 1000;  // in one entry
inline constexpr int64_t kMaxOpeningCount = 1'000'000'000'000;
AppliedOr ApplyAddOpeningUses(const storage::AddOpeningUses& command, PendingWrites* writes);

// Codes and grants (apply_codes.cc). `time_us`: when they were made.
AppliedOr ApplyAddCodes(const storage::AddCodes& command, int64_t time_us, PendingWrites* writes);
// Beyond so many of one customer that are open no more are granted; a merge may bring her more.
inline constexpr int kMaxOpenGrants = 64;
AppliedOr ApplyAddGrants(const storage::AddGrants& command, int64_t time_us, PendingWrites* writes);
AppliedOr ApplyRevokeCodes(const storage::RevokeCodes& command, PendingWrites* writes);
// Withdraws the codes and grants that are erased customers', takes these out of them, and names
// both in the erasure. REQUIRES: as PendingWrites::committed, and that their records are deleted.
absl::Status ForgetCodes(absl::Span<const std::string> customer_ids,
                         storage::PendingErasure* erasure, PendingWrites* writes);

// What aggregates of records are made of (apply_aggregates.cc).
AppliedOr ApplyRebuildRecord(const storage::RebuildRecord& command, PendingWrites* writes);
AppliedOr ApplyUpdateBackfill(const storage::UpdateBackfill& command, PendingWrites* writes);
// Revision and epoch 0 before the first publish.
absl::StatusOr<storage::ActiveRevision> ReadActive(PendingWrites* writes);
// Begins to fill what a revision declares and is not complete.
absl::Status BeginBackfill(const storage::PublishRevision& command, int64_t time_us,
                           PendingWrites* writes);

AppliedOr ApplyImportReference(const storage::ImportReference& command, PendingWrites* writes);
AppliedOr ApplyCreateRevision(const storage::CreateRevision& command, int64_t time_us,
                              PendingWrites* writes);
AppliedOr ApplyApproveRevision(const storage::ApproveRevision& command, int64_t time_us,
                               PendingWrites* writes);
AppliedOr ApplyPublishRevision(const storage::PublishRevision& command, int64_t time_us,
                               PendingWrites* writes);
AppliedOr ApplyPauseOffer(const storage::PauseOffer& command, int64_t time_us,
                          PendingWrites* writes);
AppliedOr ApplyResumeOffer(const storage::ResumeOffer& command, PendingWrites* writes);

}  // namespace touchstone::store
