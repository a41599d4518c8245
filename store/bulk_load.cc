#include "store/bulk_load.h"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "store/bulk_rows.h"
#include "store/database.h"
#include "store/keys.h"

namespace touchstone::store {
namespace {

constexpr size_t kRowsInFile = 400'000;
constexpr int kThreads = 2;

using RowOf = std::pair<const std::string, BulkRows::Row>;

// A row and the beginning of its key as two numbers, so that sorting seldom looks at the key, which
// is anywhere in memory.
struct Keyed {
  uint64_t first;
  uint64_t second;
  const RowOf* row;

  explicit Keyed(const RowOf& of)
      : first(Eight(of.first, 0)), second(Eight(of.first, 8)), row(&of) {}
  friend bool operator<(const Keyed& a, const Keyed& b) {
    if (a.first != b.first) return a.first < b.first;
    if (a.second != b.second) return a.second < b.second;
    return a.row->first < b.row->first;
  }

 private:
  // What is missing is as a zero byte; where that is not so, the rest decides.
  static uint64_t Eight(const std::string& key, size_t at) {
    char bytes[sizeof(uint64_t)] = {};
    if (at < key.size())
      std::memcpy(bytes, key.data() + at, std::min(sizeof(bytes), key.size() - at));
    return ReadOrdered(bytes);
  }
};

// A part of a family's rows that becomes one file.
struct Part {
  Family family;
  const Keyed* begin;
  const Keyed* end;
  std::string path;
  bool empty = true;  // nothing was in it
};

// Runs `work` for each index below `count`, on two threads; the first error stays.
template <typename Work>
absl::Status InParallel(size_t count, const Work& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  absl::Status failure;
  const auto run = [&] {
    for (size_t i = next++; i < count; i = next++) {
      const absl::Status done = work(i);
      const std::lock_guard<std::mutex> lock(mutex);
      if (failure.ok()) failure = done;
      if (!failure.ok()) return;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < kThreads; ++i) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
  return failure;
}

class Chunk {
 public:
  Chunk(Database* database, const BulkRows& rows, std::string folder)
      : database_(database), rows_(rows), folder_(std::move(folder)) {}

  absl::Status Write() {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
    std::filesystem::create_directories(folder_, error);
    if (error) {
      return absl::UnavailableError(absl::StrCat("cannot make ", folder_, ": ", error.message()));
    }
    absl::Status sorted = InParallel(kFamilyCount, [this](size_t i) {
      Sort(static_cast<Family>(i));
      return absl::OkStatus();
    });
    if (!sorted.ok()) return sorted;
    for (size_t i = 0; i < kFamilyCount; ++i) Divide(static_cast<Family>(i));
    return InParallel(parts_.size(), [this](size_t i) { return WriteFile(&parts_[i]); });
  }

  absl::Status Ingest() {
    std::vector<rocksdb::IngestExternalFileArg> files;
    for (const Part& part : parts_) {
      if (part.empty) continue;
      if (files.empty() || files.back().column_family != database_->handle(part.family)) {
        files.emplace_back().column_family = database_->handle(part.family);
        files.back().options.move_files = true;
        files.back().options.snapshot_consistency = false;
        files.back().options.write_global_seqno = false;
      }
      files.back().external_files.push_back(part.path);
    }
    if (files.empty()) return absl::OkStatus();
    return ToStatus("load", database_->rocks()->IngestExternalFiles(files));
  }

 private:
  void Sort(Family family) {
    std::vector<Keyed>& sorted = sorted_[static_cast<size_t>(family)];
    const BulkRows::Rows& rows = rows_.rows(family);
    sorted.reserve(rows.size());
    for (const RowOf& row : rows) {
      if (BulkRows::IsChanged(row.second)) sorted.emplace_back(row);
    }
    std::sort(sorted.begin(), sorted.end());
  }

  void Divide(Family family) {
    const std::vector<Keyed>& sorted = sorted_[static_cast<size_t>(family)];
    for (size_t at = 0; at < sorted.size(); at += kRowsInFile) {
      const size_t end = std::min(at + kRowsInFile, sorted.size());
      parts_.push_back({family, sorted.data() + at, sorted.data() + end,
                        absl::StrCat(folder_, "/", parts_.size(), ".sst"), true});
    }
  }

  absl::Status WriteFile(Part* part) const {
    rocksdb::DB* rocks = database_->rocks();
    rocksdb::ColumnFamilyHandle* handle = database_->handle(part->family);
    rocksdb::SstFileWriter writer(rocksdb::EnvOptions(), rocks->GetOptions(handle), handle);
    rocksdb::Status status = writer.Open(part->path);
    for (const Keyed* keyed = part->begin; keyed != part->end && status.ok(); ++keyed) {
      const std::string& key = keyed->row->first;
      const BulkRows::Row& from = keyed->row->second;
      // Nearly all rows are whole: they are written as they are.
      if (from.kind == BulkRows::Row::Kind::kValue && from.patches.empty()) {
        status = writer.Put(key, from.value);
        continue;
      }
      const absl::StatusOr<std::optional<std::string>> value =
          BulkRows::Final(from, [&] { return database_->GetFlushedCopy(part->family, key); });
      if (!value.ok()) return value.status();
      status = value->has_value() ? writer.Put(key, **value) : writer.Delete(key);
    }
    if (status.ok()) status = writer.Finish();
    part->empty = false;
    return ToStatus("load", status);
  }

  Database* const database_;
  const BulkRows& rows_;
  const std::string folder_;
  std::array<std::vector<Keyed>, kFamilyCount> sorted_;
  std::vector<Part> parts_;
};

}  // namespace

BulkLoad::BulkLoad(Store* store) : store_(store) { store_->database().BeginBulkLoad(); }

absl::StatusOr<std::optional<std::string>> BulkLoad::ReadState(absl::string_view name) const {
  return store_->database().GetCopy(Family::kMeta, LoadRow(name));
}

size_t BulkLoad::bytes() const { return store_->database().bulk_rows()->bytes(); }

absl::Status BulkLoad::Flush(absl::string_view name, const std::optional<std::string>& state) {
  Database& database = store_->database();
  if (absl::Status status = database.write_status(); !status.ok()) return status;
  BulkRows* rows = database.bulk_rows();
  const std::string row = LoadRow(name);
  if (state.has_value()) {
    rows->Put(Family::kMeta, row, *state);
  } else {
    rows->Delete(Family::kMeta, row);
  }
  const std::string folder = absl::StrCat(database.rocks()->GetName(), "/load");
  Chunk chunk(&database, *rows, folder);
  absl::Status status = chunk.Write();
  if (status.ok()) status = chunk.Ingest();
  std::error_code error;
  std::filesystem::remove_all(folder, error);
  if (!status.ok()) {
    database.StopWrites(status.message());
    return status;
  }
  rows->Clear();
  return absl::OkStatus();
}

}  // namespace touchstone::store
