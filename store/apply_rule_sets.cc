// Commands on what head office owns: revisions, the active pointer, paused offers, reference
// tables.

#include "store/apply_commands.h"
#include "store/keys.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

absl::Status MarkRolledBack(uint64_t revision, PendingWrites* writes) {
  const std::string row = NumberRow(kRevisionInfoPrefix, revision);
  auto info = ReadMessage<storage::RevisionInfo>(Family::kRevisions, row, writes);
  if (!info.ok()) return info.status();
  if (!info->has_value()) return absl::OkStatus();
  (*info)->set_rolled_back(true);
  writes->Put(Family::kRevisions, row, (*info)->SerializeAsString());
  return absl::OkStatus();
}

EntryResult NoSuchRevision() { return Refuse(EntryResult::REFUSAL_NOT_FOUND, "no such revision"); }

}  // namespace

AppliedOr ApplyImportReference(const storage::ImportReference& command, PendingWrites* writes) {
  if (!IsValidId(command.table())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "table: 1-64 bytes of [A-Za-z0-9._-]");
  }
  const uint64_t version = writes->progress().last_reference_version() + 1;
  writes->progress().set_last_reference_version(version);
  writes->Put(Family::kReference, ReferenceRow(command.table(), version), command.snapshot());
  EntryResult result;
  result.set_reference_version(version);
  return result;
}

AppliedOr ApplyCreateRevision(const storage::CreateRevision& command, int64_t time_us,
                              PendingWrites* writes) {
  const uint64_t last = writes->progress().last_revision();
  EntryResult result;
  auto latest = ReadMessage<storage::RevisionInfo>(Family::kRevisions,
                                                   NumberRow(kRevisionInfoPrefix, last), writes);
  if (!latest.ok()) return latest.status();
  if (latest->has_value() && !command.content_hash().empty() &&
      (*latest)->content_hash() == command.content_hash()) {
    result.set_revision(last);
    return result;
  }
  storage::RevisionInfo info;
  info.set_revision(last + 1);
  info.set_content_hash(command.content_hash());
  info.set_author(command.author());
  info.set_note(command.note());
  info.set_created_time_us(time_us);
  info.set_offer_count(command.offer_count());
  writes->progress().set_last_revision(info.revision());
  writes->Put(Family::kRevisions, NumberRow(kRevisionInfoPrefix, info.revision()),
              info.SerializeAsString());
  writes->Put(Family::kRevisions, NumberRow(kRuleSetPrefix, info.revision()), command.rule_set());
  result.set_revision(info.revision());
  result.set_created(true);
  return result;
}

AppliedOr ApplyApproveRevision(const storage::ApproveRevision& command, int64_t time_us,
                               PendingWrites* writes) {
  if (command.approver().empty()) {
    return Refuse(EntryResult::REFUSAL_INVALID, "approver: must be named");
  }
  const std::string row = NumberRow(kRevisionInfoPrefix, command.revision());
  auto info = ReadMessage<storage::RevisionInfo>(Family::kRevisions, row, writes);
  if (!info.ok()) return info.status();
  if (!info->has_value()) return NoSuchRevision();
  if ((*info)->author() == command.approver()) {
    return Refuse(EntryResult::REFUSAL_AUTHOR_MAY_NOT_APPROVE,
                  "the author of a revision cannot approve it");
  }
  (*info)->set_approver(command.approver());
  (*info)->set_approved_time_us(time_us);
  writes->Put(Family::kRevisions, row, (*info)->SerializeAsString());
  EntryResult result;
  result.set_revision(command.revision());
  return result;
}

AppliedOr ApplyPublishRevision(const storage::PublishRevision& command, int64_t time_us,
                               PendingWrites* writes) {
  auto info = ReadMessage<storage::RevisionInfo>(
      Family::kRevisions, NumberRow(kRevisionInfoPrefix, command.revision()), writes);
  if (!info.ok()) return info.status();
  if (!info->has_value()) return NoSuchRevision();
  if (command.require_approval() && (*info)->approver().empty()) {
    return Refuse(EntryResult::REFUSAL_NOT_APPROVED, "the revision has not been approved");
  }
  if (command.rollback() && (*info)->published_epoch() == 0) {
    return Refuse(EntryResult::REFUSAL_NEVER_PUBLISHED, "the revision was never active");
  }
  const absl::StatusOr<storage::ActiveRevision> before = ReadActive(writes);
  if (!before.ok()) return before.status();
  if (command.expected_epoch() != 0 && command.expected_epoch() != before->epoch()) {
    return Refuse(EntryResult::REFUSAL_EPOCH_CHANGED, "another revision was published meanwhile");
  }
  storage::ActiveRevision next;
  next.set_revision(command.revision());
  next.set_epoch(before->epoch() + 1);
  next.set_published_time_us(time_us);
  next.set_publisher(command.publisher());
  next.set_previous_revision(before->revision());
  next.set_rollout(command.rollout());
  writes->Put(Family::kMeta, kActiveRevisionRow, next.SerializeAsString());
  if (command.rollback()) {
    if (absl::Status marked = MarkRolledBack(before->revision(), writes); !marked.ok()) {
      return marked;
    }
  }
  if (absl::Status begun = BeginBackfill(command, time_us, writes); !begun.ok()) return begun;
  (*info)->set_published_time_us(time_us);
  (*info)->set_published_epoch(next.epoch());
  (*info)->set_rolled_back(false);
  writes->Put(Family::kRevisions, NumberRow(kRevisionInfoPrefix, command.revision()),
              (*info)->SerializeAsString());
  EntryResult result;
  result.set_revision(next.revision());
  result.set_epoch(next.epoch());
  result.set_previous_revision(next.previous_revision());
  result.set_answer(command.answer());
  return result;
}

AppliedOr ApplyPauseOffer(const storage::PauseOffer& command, int64_t time_us,
                          PendingWrites* writes) {
  if (!IsValidId(command.offer_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "offer_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  storage::PausedOffer paused;
  paused.set_offer_id(command.offer_id());
  paused.set_principal(command.principal());
  paused.set_reason(command.reason());
  paused.set_time_us(time_us);
  writes->Put(Family::kMeta, PausedOfferRow(command.offer_id()), paused.SerializeAsString());
  return EntryResult();
}

AppliedOr ApplyResumeOffer(const storage::ResumeOffer& command, PendingWrites* writes) {
  const std::string row = PausedOfferRow(command.offer_id());
  absl::StatusOr<std::optional<std::string>> paused = writes->Get(Family::kMeta, row);
  if (!paused.ok()) return paused.status();
  if (!paused->has_value()) {
    return Refuse(EntryResult::REFUSAL_NOT_FOUND, "the offer was not paused");
  }
  writes->Delete(Family::kMeta, row);
  return EntryResult();
}

}  // namespace touchstone::store
