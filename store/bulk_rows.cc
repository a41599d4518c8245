#include "store/bulk_rows.h"

#include <mutex>

#include "store/record_patch.h"

namespace touchstone::store {
namespace {

// Of the table and of the allocations of a row, beside its bytes.
constexpr size_t kRowBytes = 128;
// Patches of a record beyond which they are merged into it.
constexpr size_t kMostPatchBytes = 1024;

absl::string_view View(const rocksdb::Slice& slice) {
  return absl::string_view(slice.data(), slice.size());
}

}  // namespace

class BulkRows::Collector : public rocksdb::WriteBatch::Handler {
 public:
  Collector(BulkRows* rows, absl::FunctionRef<Family(uint32_t)> family_of)
      : rows_(rows), family_of_(family_of) {}

  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    rows_->PutLocked(family_of_(family), View(key), View(value));
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    rows_->DeleteLocked(family_of_(family), View(key));
    return rocksdb::Status::OK();
  }
  rocksdb::Status MergeCF(uint32_t family, const rocksdb::Slice& key,
                          const rocksdb::Slice& patch) override {
    rows_->MergeLocked(family_of_(family), View(key), View(patch));
    return rocksdb::Status::OK();
  }

 private:
  BulkRows* const rows_;
  const absl::FunctionRef<Family(uint32_t)> family_of_;
};

absl::Status BulkRows::Add(const rocksdb::WriteBatch& batch,
                           absl::FunctionRef<Family(uint32_t)> family_of) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  Collector collector(this, family_of);
  const rocksdb::Status taken = batch.Iterate(&collector);
  return taken.ok() ? absl::OkStatus() : absl::InternalError(taken.ToString());
}

void BulkRows::Put(Family family, absl::string_view key, absl::string_view value) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  PutLocked(family, key, value);
}

void BulkRows::Delete(Family family, absl::string_view key) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  DeleteLocked(family, key);
}

void BulkRows::Keep(Family family, absl::string_view key, absl::string_view value) {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  Row& row = Touch(family, key);
  if (row.kind != Row::Kind::kPatched) return;  // written meanwhile
  row.kind = Row::Kind::kKept;
  row.value.assign(value.data(), value.size());
  bytes_.fetch_add(value.size(), std::memory_order_relaxed);
}

BulkRows::Row& BulkRows::Touch(Family family, absl::string_view key) {
  const auto [at, is_new] = rows_[static_cast<size_t>(family)].try_emplace(key);
  if (is_new) bytes_.fetch_add(key.size() + kRowBytes, std::memory_order_relaxed);
  return at->second;
}

void BulkRows::PutLocked(Family family, absl::string_view key, absl::string_view value) {
  Row& row = Touch(family, key);
  row.kind = Row::Kind::kValue;
  row.value.assign(value.data(), value.size());
  row.patches.clear();
  bytes_.fetch_add(value.size(), std::memory_order_relaxed);
}

void BulkRows::DeleteLocked(Family family, absl::string_view key) {
  Row& row = Touch(family, key);
  row = Row();
  row.kind = Row::Kind::kDeleted;
}

void BulkRows::MergeLocked(Family family, absl::string_view key, absl::string_view patch) {
  Row& row = Touch(family, key);
  row.patches.append(patch.data(), patch.size());
  bytes_.fetch_add(patch.size(), std::memory_order_relaxed);
  if (row.patches.size() < kMostPatchBytes || row.kind == Row::Kind::kPatched) return;
  const absl::string_view base =
      row.kind == Row::Kind::kDeleted ? absl::string_view() : absl::string_view(row.value);
  absl::StatusOr<std::string> merged = ApplyPatches(base, {absl::string_view(row.patches)});
  if (!merged.ok()) return;  // Final says so
  row.kind = Row::Kind::kValue;
  row.value = *std::move(merged);
  row.patches.clear();
}

absl::StatusOr<std::optional<std::string>> BulkRows::Final(const Row& row, Below below) {
  std::optional<std::string> base;
  if (row.kind == Row::Kind::kValue || row.kind == Row::Kind::kKept) base = row.value;
  if (row.kind == Row::Kind::kPatched) {
    absl::StatusOr<std::optional<std::string>> found = below();
    if (!found.ok()) return found.status();
    base = *std::move(found);
  }
  if (row.patches.empty()) return base;
  absl::StatusOr<std::string> merged =
      ApplyPatches(base.value_or(std::string()), {absl::string_view(row.patches)});
  if (!merged.ok()) return merged.status();
  return std::optional<std::string>(*std::move(merged));
}

absl::StatusOr<std::optional<std::optional<std::string>>> BulkRows::Find(Family family,
                                                                         absl::string_view key,
                                                                         Below below) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const Rows& rows = rows_[static_cast<size_t>(family)];
  const auto found = rows.find(key);
  if (found == rows.end()) return std::nullopt;
  absl::StatusOr<std::optional<std::string>> row = Final(found->second, below);
  if (!row.ok()) return row.status();
  return std::optional<std::optional<std::string>>(*std::move(row));
}

std::optional<bool> BulkRows::Contains(Family family, absl::string_view key) const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  const Rows& rows = rows_[static_cast<size_t>(family)];
  const auto found = rows.find(key);
  if (found == rows.end()) return std::nullopt;
  return found->second.kind != Row::Kind::kDeleted || !found->second.patches.empty();
}

bool BulkRows::empty() const {
  const std::shared_lock<std::shared_mutex> lock(mutex_);
  for (const Rows& rows : rows_) {
    if (!rows.empty()) return false;
  }
  return true;
}

void BulkRows::Clear() {
  const std::unique_lock<std::shared_mutex> lock(mutex_);
  for (Rows& rows : rows_) rows.clear();
  bytes_.store(0, std::memory_order_relaxed);
}

}  // namespace touchstone::store
