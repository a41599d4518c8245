#include "store/apply.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "store/apply_commands.h"
#include "store/keys.h"
#include "store/merge.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

AppliedOr Dispatch(const storage::Entry& entry, PendingWrites* writes) {
  switch (entry.command_case()) {
    case storage::Entry::kUpdateRecord:
      return ApplyUpdateRecord(entry.update_record(), writes);
    case storage::Entry::kUpdateRecords:
      return ApplyUpdateRecords(entry.update_records(), writes);
    case storage::Entry::kAppendEvents:
      return ApplyAppendEvents(entry.append_events(), writes);
    case storage::Entry::kRecordOutcomes:
      return ApplyRecordOutcomes(entry.record_outcomes(), entry.time_us(), writes);
    case storage::Entry::kLinkIdentities:
      return ApplyLinkIdentities(entry.link_identities(), writes);
    case storage::Entry::kResolveOrCreate:
      return ApplyResolveOrCreate(entry.resolve_or_create(), writes);
    case storage::Entry::kImportReference:
      return ApplyImportReference(entry.import_reference(), writes);
    case storage::Entry::kCreateRevision:
      return ApplyCreateRevision(entry.create_revision(), entry.time_us(), writes);
    case storage::Entry::kApproveRevision:
      return ApplyApproveRevision(entry.approve_revision(), entry.time_us(), writes);
    case storage::Entry::kPublishRevision:
      return ApplyPublishRevision(entry.publish_revision(), entry.time_us(), writes);
    case storage::Entry::kPauseOffer:
      return ApplyPauseOffer(entry.pause_offer(), entry.time_us(), writes);
    case storage::Entry::kResumeOffer:
      return ApplyResumeOffer(entry.resume_offer(), writes);
    case storage::Entry::kDeleteCustomer:
      return ApplyDeleteCustomer(entry.delete_customer(), entry.request_id(), entry.time_us(),
                                 writes);
    case storage::Entry::kUpdateErasure:
      return ApplyUpdateErasure(entry.update_erasure(), entry.time_us(), writes);
    case storage::Entry::kDropEvents:
      return ApplyDropEvents(entry.drop_events(), writes);
    case storage::Entry::kRebuildRecord:
      return ApplyRebuildRecord(entry.rebuild_record(), writes);
    case storage::Entry::kUpdateBackfill:
      return ApplyUpdateBackfill(entry.update_backfill(), writes);
    case storage::Entry::kMergeCustomers:
      return ApplyMergeCustomers(entry.merge_customers(), entry.time_us(), writes);
    case storage::Entry::kRecordImport:
      return ApplyRecordImport(entry.record_import(), writes);
    case storage::Entry::kReserve:
      return ApplyReserve(entry.reserve(), writes);
    case storage::Entry::kCommit:
      return ApplyCommit(entry.commit(), writes);
    case storage::Entry::kRelease:
      return ApplyRelease(entry.release(), writes);
    case storage::Entry::kSuspend:
      return ApplySuspend(entry.suspend(), writes);
    case storage::Entry::kExpire:
      return ApplyExpire(entry.expire(), writes);
    case storage::Entry::kPostSale:
      return ApplyPostSale(entry.post_sale(), writes);
    case storage::Entry::kReturnSale:
      return ApplyReturnSale(entry.return_sale(), writes);
    case storage::Entry::kAddCodes:
      return ApplyAddCodes(entry.add_codes(), entry.time_us(), writes);
    case storage::Entry::kAddGrants:
      return ApplyAddGrants(entry.add_grants(), entry.time_us(), writes);
    case storage::Entry::kAddOpeningUses:
      return ApplyAddOpeningUses(entry.add_opening_uses(), writes);
    case storage::Entry::kRevokeCodes:
      return ApplyRevokeCodes(entry.revoke_codes(), writes);
    case storage::Entry::COMMAND_NOT_SET:
      break;
  }
  return Refuse(EntryResult::REFUSAL_INVALID, "the entry holds no command that is known here");
}

// The first answer to the same request, or a refusal; nullopt for a request that is new.
absl::StatusOr<std::optional<EntryResult>> Recall(const storage::Entry& entry, int64_t newest_us,
                                                  PendingWrites* writes) {
  absl::StatusOr<std::optional<std::string>> row =
      writes->Get(Family::kMeta, RequestRow(entry.request_id()));
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::nullopt;
  return RecalledResult(**row, entry.body_hash(), newest_us);
}

void Remember(const storage::Entry& entry, const EntryResult& result, PendingWrites* writes) {
  std::string value;
  RequestHead{entry.body_hash(), entry.time_us()}.AppendTo(&value);
  result.AppendToString(&value);
  writes->Put(Family::kMeta, RequestRow(entry.request_id()), value);
}

AppliedOr ApplyUnguarded(const storage::Entry& entry, PendingWrites* writes) {
  if (entry.format_version() != kEntryFormatVersion) {
    return Refuse(
        EntryResult::REFUSAL_INVALID,
        absl::StrCat("entries of format ", entry.format_version(), " are not known here"));
  }
  const bool remembered = !entry.request_id().empty();
  if (remembered && !IsValidKeyText(entry.request_id(), kMaxRequestIdBytes)) {
    return Refuse(EntryResult::REFUSAL_INVALID, "request_id: 1-128 bytes, none of them zero");
  }
  storage::Progress& progress = writes->progress();
  progress.set_time_us(std::max(progress.time_us(), entry.time_us()));
  if (remembered) {
    absl::StatusOr<std::optional<EntryResult>> recalled = Recall(entry, progress.time_us(), writes);
    if (!recalled.ok()) return recalled.status();
    if (recalled->has_value()) return **recalled;
  }
  AppliedOr result = Dispatch(entry, writes);
  if (IsRefused(result)) return result;
  progress.set_position(progress.position() + 1);
  result->set_position(progress.position());
  if (remembered) Remember(entry, *result, writes);
  if (entry.has_audit()) {
    writes->Put(Family::kAudit, NumberRow(kAuditPrefix, progress.position()),
                entry.audit().SerializeAsString());
  }
  return result;
}

}  // namespace

EntryResult Refuse(EntryResult::Refusal refusal, absl::string_view detail) {
  EntryResult result;
  result.set_refusal(refusal);
  result.set_refusal_detail(std::string(detail));
  return result;
}

AppliedOr Apply(const storage::Entry& entry, PendingWrites* writes) {
  writes->BeginEntry();
  AppliedOr result = ApplyUnguarded(entry, writes);
  const bool applied =
      result.ok() && result->refusal() == EntryResult::REFUSAL_UNSPECIFIED && !result->replayed();
  if (applied) {
    writes->KeepEntry();
  } else {
    writes->UndoEntry();
  }
  return result;
}

bool MustBePlannedAgain(EntryResult::Refusal refusal) {
  return refusal == EntryResult::REFUSAL_REVISION_CHANGED ||
         refusal == EntryResult::REFUSAL_HOUSEHOLD_CHANGED;
}

bool NeedsOwnBatch(const storage::Entry& entry) {
  return entry.has_delete_customer() || entry.has_publish_revision() ||
         entry.has_merge_customers() || entry.has_record_import();
}

}  // namespace touchstone::store
