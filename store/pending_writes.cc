#include "store/pending_writes.h"

#include "absl/hash/hash.h"
#include "store/keys.h"
#include "store/record_patch.h"

namespace touchstone::store {

PendingWrites::PendingWrites(Database* database)
    : database_(database), progress_(database->progress()), present_(kPresentRecords) {}

absl::string_view PendingWrites::NameOf(Family family, absl::string_view key) {
  name_.assign(1, static_cast<char>(family));
  name_.append(key.data(), key.size());
  return name_;
}

PendingWrites::Rows::iterator PendingWrites::Find(Family family, absl::string_view key) {
  return rows_.find(NameOf(family, key));
}

std::string& PendingWrites::PlaceOf(absl::string_view record_key) {
  return present_[absl::HashOf(record_key) % kPresentRecords];
}

absl::StatusOr<bool> PendingWrites::ContainsRecord(absl::string_view key) {
  const auto found = Find(Family::kCustomers, key);
  if (found != rows_.end()) {
    const Row& row = found->second;
    if (row.base == Row::Base::kValue || !row.patches.empty()) return true;
    if (row.base == Row::Base::kDeleted) return false;
  }
  std::string& place = PlaceOf(key);
  if (place == key) return true;
  const absl::StatusOr<bool> committed = database_->Contains(Family::kCustomers, key);
  if (committed.ok() && *committed) place.assign(key.data(), key.size());
  return committed;
}

absl::StatusOr<std::optional<std::string>> PendingWrites::Get(Family family,
                                                              absl::string_view key) {
  const auto found = Find(family, key);
  if (found == rows_.end()) return database_->GetCopy(family, key);
  const Row& row = found->second;
  std::optional<std::string> base;
  if (row.base == Row::Base::kValue) base = row.value;
  if (row.base == Row::Base::kCommitted) {
    absl::StatusOr<std::optional<std::string>> committed = database_->GetCopy(family, key);
    if (!committed.ok()) return committed.status();
    base = *std::move(committed);
  }
  if (row.patches.empty()) return base;
  absl::StatusOr<std::string> merged =
      ApplyPatches(base.value_or(std::string()), {absl::string_view(row.patches)});
  if (!merged.ok()) return merged.status();
  return std::optional<std::string>(*std::move(merged));
}

PendingWrites::Row& PendingWrites::Touch(Family family, absl::string_view key) {
  const auto [at, created] = rows_.try_emplace(NameOf(family, key));
  Row& row = at->second;
  // Undone is what was before the entry, however often it changes the row.
  if (row.entry != entry_) {
    undo_.emplace_back(&*at, created ? std::nullopt : std::optional<Row>(row));
    row.entry = entry_;
  }
  return row;
}

void PendingWrites::Put(Family family, absl::string_view key, absl::string_view value) {
  batch_.Put(database_->handle(family), ToSlice(key), ToSlice(value));
  Row& row = Touch(family, key);
  row.base = Row::Base::kValue;
  row.value.assign(value.data(), value.size());
  row.patches.clear();
}

void PendingWrites::Delete(Family family, absl::string_view key) {
  batch_.Delete(database_->handle(family), ToSlice(key));
  Row& row = Touch(family, key);
  row.base = Row::Base::kDeleted;
  row.value.clear();
  row.patches.clear();
  if (family == Family::kCustomers && PlaceOf(key) == key) PlaceOf(key).clear();
}

void PendingWrites::MergeRecord(absl::string_view key, absl::string_view patch) {
  batch_.Merge(database_->handle(Family::kCustomers), ToSlice(key), ToSlice(patch));
  Touch(Family::kCustomers, key).patches.append(patch.data(), patch.size());
}

void PendingWrites::MakeOrMergeRecord(absl::string_view key, absl::string_view patch) {
  rocksdb::PinnableSlice value;
  // What is not known without waiting is merged: both ways give the same record.
  const bool absent = Find(Family::kCustomers, key) == rows_.end() &&
                      database_->Get(Family::kCustomers, key, ReadTier::kMemoryOnly, &value)
                              .value_or(Found::kNotInMemory) == Found::kNotFound;
  if (!absent) return MergeRecord(key, patch);
  const absl::StatusOr<std::string> record = ApplyPatches("", {patch});
  if (!record.ok()) return MergeRecord(key, patch);
  Put(Family::kCustomers, key, *record);
}

void PendingWrites::BeginEntry() {
  batch_.SetSavePoint();
  ++entry_;
  undo_.clear();
  undo_progress_ = progress_;
}

void PendingWrites::KeepEntry() {
  batch_.PopSavePoint();
  undo_.clear();
}

void PendingWrites::UndoEntry() {
  batch_.RollbackToSavePoint();
  for (auto& [row, before] : undo_) {
    if (before.has_value()) {
      row->second = *std::move(before);
    } else {
      rows_.erase(rows_.find(row->first));
    }
  }
  undo_.clear();
  progress_ = undo_progress_;
}

absl::Status PendingWrites::Commit(bool sync) {
  const rocksdb::Status added = batch_.Put(database_->handle(Family::kMeta), ToSlice(kProgressRow),
                                           progress_.SerializeAsString());
  if (!added.ok()) return ToStatus("write", added);
  return database_->Commit(&batch_, progress_, sync);
}

void PendingWrites::Clear() {
  batch_.Clear();
  rows_.clear();
  undo_.clear();
  progress_ = database_->progress();
}

}  // namespace touchstone::store
