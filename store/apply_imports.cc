// What became of imports.

#include <vector>

#include "store/apply_commands.h"
#include "store/keys.h"

namespace touchstone::store {

using storage::EntryResult;

AppliedOr ApplyRecordImport(const storage::RecordImport& command, PendingWrites* writes) {
  const storage::ImportRun& run = command.run();
  if (!IsValidId(run.run_id())) {
    return Refuse(EntryResult::REFUSAL_INVALID, "run_id: 1-64 bytes of [A-Za-z0-9._-]");
  }
  const std::string prefix(1, kImportRunPrefix);
  std::vector<std::string> others;  // oldest first
  Database::PrefixIterator rows = writes->committed().Iterate(Family::kMeta, prefix, prefix);
  for (; rows.Valid(); rows.Next()) {
    storage::ImportRun kept;
    if (!kept.ParseFromArray(rows.value().data(), static_cast<int>(rows.value().size()))) {
      return absl::DataLossError("imports: malformed row");
    }
    if (kept.run_id() == run.run_id()) {
      writes->Delete(Family::kMeta, rows.key());
    } else {
      others.emplace_back(rows.key());
    }
  }
  if (!rows.status().ok()) return rows.status();
  for (size_t i = 0; i + kMaxImportRuns <= others.size(); ++i) {
    writes->Delete(Family::kMeta, others[i]);
  }
  writes->Put(Family::kMeta, ImportRunRow(run.ended_time_us(), run.run_id()),
              run.SerializeAsString());
  return EntryResult();
}

}  // namespace touchstone::store
