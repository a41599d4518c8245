// Commands on the aggregates of records: rebuilding one record, and filling what was newly
// declared.

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "store/apply_commands.h"
#include "store/keys.h"
#include "store/record.h"
#include "store/record_patch.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

}  // namespace

absl::StatusOr<bool> IsCurrent(uint64_t revision, PendingWrites* writes) {
  if (revision == 0) return true;
  const auto active =
      ReadMessage<storage::ActiveRevision>(Family::kMeta, kActiveRevisionRow, writes);
  if (!active.ok()) return active.status();
  return active->has_value() && (*active)->revision() == revision;
}

absl::Status BeginBackfill(const storage::PublishRevision& command, int64_t time_us,
                           PendingWrites* writes) {
  const auto kept = ReadMessage<storage::Backfill>(Family::kMeta, kBackfillRow, writes);
  if (!kept.ok()) return kept.status();
  const storage::Backfill before = kept->value_or(storage::Backfill());
  const absl::flat_hash_set<uint32_t> complete(before.complete().begin(), before.complete().end());
  storage::Backfill next;
  // In order, so that the row is the same everywhere.
  std::vector<uint32_t> declared(command.aggregates().begin(), command.aggregates().end());
  std::sort(declared.begin(), declared.end());
  for (const uint32_t id : declared) {
    if (complete.contains(id)) {
      next.add_complete(id);
    } else {
      next.add_filling(id);
    }
  }
  // What was half filled begins anew: under the revision that was active meanwhile, events may have
  // come that added nothing to it.
  if (next.filling_size() > 0) next.set_started_time_us(time_us);
  writes->Put(Family::kMeta, kBackfillRow, next.SerializeAsString());
  return absl::OkStatus();
}

AppliedOr ApplyRebuildRecord(const storage::RebuildRecord& command, PendingWrites* writes) {
  if (!IsValidId(command.record().id()) ||
      command.record().kind() == storage::RecordName::KIND_UNSPECIFIED) {
    return Refuse(EntryResult::REFUSAL_INVALID, "record: a kind, and 1-64 bytes of [A-Za-z0-9._-]");
  }
  if (command.patch().size() > kMaxPatchBytes || !ValidatePatch(command.patch()).ok() ||
      ChangesIdentities(command.patch())) {
    return Refuse(EntryResult::REFUSAL_INVALID,
                  "patch: malformed, too long, or changes identities");
  }
  const absl::StatusOr<bool> current = IsCurrent(command.revision(), writes);
  if (!current.ok()) return current.status();
  if (!*current) {
    return Refuse(EntryResult::REFUSAL_REVISION_CHANGED, "another revision is active");
  }
  const char kind = static_cast<char>(command.record().kind() == storage::RecordName::KIND_CUSTOMER
                                          ? RecordKind::kCustomer
                                          : RecordKind::kHousehold);
  const std::string row = RecordRow(kind, command.record().id());
  const absl::StatusOr<std::optional<std::string>> bytes = writes->Get(Family::kCustomers, row);
  if (!bytes.ok()) return bytes.status();
  writes->Delete(Family::kMeta, WaitingRow(kind, command.record().id()));
  if (!bytes->has_value()) return EntryResult();  // erased meanwhile
  const absl::StatusOr<RecordView> record = RecordView::Parse(**bytes);
  if (!record.ok()) return record.status();
  if (record->version() != command.expected_version()) {
    return Refuse(EntryResult::REFUSAL_VERSION_CHANGED, "the record has another version");
  }
  RecordPatch patch;
  patch.BumpVersion();
  patch.Append(command.patch());
  writes->MergeRecord(row, patch.bytes());
  return EntryResult();
}

AppliedOr ApplyUpdateBackfill(const storage::UpdateBackfill& command, PendingWrites* writes) {
  const absl::StatusOr<bool> current = IsCurrent(command.revision(), writes);
  if (!current.ok()) return current.status();
  if (!*current) {
    return Refuse(EntryResult::REFUSAL_REVISION_CHANGED, "another revision is active");
  }
  writes->Put(Family::kMeta, kBackfillRow, command.backfill().SerializeAsString());
  return EntryResult();
}

}  // namespace touchstone::store
