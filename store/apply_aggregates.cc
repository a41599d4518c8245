// Commands on the aggregates of records: rebuilding one record, and filling what was newly
// declared.

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "store/apply_commands.h"
#include "store/keys.h"
#include "store/links.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

// REQUIRES: the entry is the first of its batch.
absl::StatusOr<bool> HasEvents(const PendingWrites& writes) {
  const std::string prefix(1, static_cast<char>(Journal::kEvents));
  const Database::PrefixIterator rows = writes.committed().Iterate(Family::kEvents, prefix, prefix);
  if (absl::Status status = rows.status(); !status.ok()) return status;
  return rows.Valid();
}

}  // namespace

absl::StatusOr<storage::ActiveRevision> ReadActive(PendingWrites* writes) {
  const auto active =
      ReadMessage<storage::ActiveRevision>(Family::kMeta, kActiveRevisionRow, writes);
  if (!active.ok()) return active.status();
  return active->value_or(storage::ActiveRevision());
}

absl::Status BeginBackfill(const storage::PublishRevision& command, int64_t time_us,
                           PendingWrites* writes) {
  const auto kept = ReadMessage<storage::Backfill>(Family::kMeta, kBackfillRow, writes);
  if (!kept.ok()) return kept.status();
  const storage::Backfill before = kept->value_or(storage::Backfill());
  const absl::StatusOr<bool> has_events = HasEvents(*writes);
  if (!has_events.ok()) return has_events.status();
  const absl::flat_hash_set<uint32_t> complete(before.complete().begin(), before.complete().end());
  storage::Backfill next;
  // In order, so that the row is the same everywhere.
  std::vector<uint32_t> declared(command.aggregates().begin(), command.aggregates().end());
  std::sort(declared.begin(), declared.end());
  for (const uint32_t id : declared) {
    if (!*has_events || complete.contains(id)) {
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
  if (!IsUsablePatch(command.patch())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "patch: malformed, too long, or changes links");
  }
  const absl::StatusOr<storage::ActiveRevision> active = ReadActive(writes);
  if (!active.ok()) return active.status();
  if (active->epoch() != command.epoch()) {
    return Refuse(EntryResult::REFUSAL_REVISION_CHANGED, "there was another publish");
  }
  const char kind =
      command.record().kind() == storage::RecordName::KIND_CUSTOMER ? kCustomer : kHousehold;
  const auto record = Read(kind, command.record().id(), writes);
  if (!record.ok()) return record.status();
  writes->Delete(Family::kMeta, WaitingRow(kind, command.record().id()));
  if ((*record)->bytes.empty()) return EntryResult();  // erased or merged meanwhile
  if ((*record)->view.version() != command.expected_version()) {
    return Refuse(EntryResult::REFUSAL_VERSION_CHANGED, "the record has another version");
  }
  MergeAndBump(kind, command.record().id(), command.patch(), writes);
  return EntryResult();
}

AppliedOr ApplyUpdateBackfill(const storage::UpdateBackfill& command, PendingWrites* writes) {
  const absl::StatusOr<storage::ActiveRevision> active = ReadActive(writes);
  if (!active.ok()) return active.status();
  if (active->epoch() != command.epoch()) {
    return Refuse(EntryResult::REFUSAL_REVISION_CHANGED, "there was another publish");
  }
  writes->Put(Family::kMeta, kBackfillRow, command.backfill().SerializeAsString());
  return EntryResult();
}

}  // namespace touchstone::store
