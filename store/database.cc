#include "store/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/listener.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "store/keys.h"
#include "store/missing_log.h"
#include "store/rocks_options.h"
#include "store/write_log.h"

namespace touchstone::store {
namespace {

constexpr absl::string_view kFamilyNames[kFamilyCount] = {"customers", "identities", "events",
                                                          "ledger",    "sales",      "revisions",
                                                          "reference", "audit",      "meta"};

// A bucket of a hashed memtable for so many bytes of the write buffers.
constexpr size_t kBytesPerBucket = 512;
// Rows and patches of a bucket beyond which it becomes a skip list.
constexpr uint32_t kMostInList = 64;

// What a decision reads: never a range, but for the rare scan of all records.
bool IsReadByKey(Family family) {
  return family == Family::kCustomers || family == Family::kIdentities;
}

// A row is found by its hash, and its latest patch stands first in its bucket; a skip list would be
// walked through a dozen rows that are in no CPU cache. A scan sorts first what is not yet in a
// table.
void UseHashedMemtables(rocksdb::ColumnFamilyOptions* cf) {
  cf->prefix_extractor.reset(rocksdb::NewNoopTransform());  // the whole key
  cf->memtable_factory.reset(rocksdb::NewHashLinkListRepFactory(
      std::max<size_t>(1, cf->write_buffer_size / kBytesPerBucket),
      /*huge_page_tlb_size=*/0, /*bucket_entries_logging_threshold=*/0,
      /*if_log_bucket_dist_when_flash=*/false, kMostInList));
}

class StopWritesOnError : public rocksdb::EventListener {
 public:
  explicit StopWritesOnError(Database* database) : database_(database) {}
  void OnBackgroundError(rocksdb::BackgroundErrorReason /*reason*/,
                         rocksdb::Status* error) override {
    database_->StopWrites(ToStatus("background job", *error).message());
  }

 private:
  Database* database_;
};

// Compactions into the last level, which are nearly all of the work and for which no write waits,
// run on a thread that gives way to all others: on two cores, one that did not would make reads
// wait for a CPU for hundredths of the time, milliseconds each. Only so far: a thread that is
// idle by class keeps the locks that it holds where something else has all of the CPUs. Flushes and
// the other compactions give no way; where they were starved, writes would have to stop.
void LetLastLevelWait(rocksdb::Env* env) {
  env->IncBackgroundThreadsIfNeeded(1, rocksdb::Env::BOTTOM);
  // Not supported everywhere, and then no harm is done.
  env->LowerThreadPoolCPUPriority(rocksdb::Env::BOTTOM, rocksdb::CpuPriority::kLow)
      .PermitUncheckedError();
}

absl::StatusOr<RocksOptions> TunedOptions(const std::string& changes_path) {
  OptionsText changes = {changes_path, ""};
  if (!changes_path.empty()) {
    std::ifstream in(changes_path, std::ios::binary);
    changes.text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    if (!in) {
      return absl::InvalidArgumentError(absl::StrCat("cannot read the options of the store in ",
                                                     changes_path, ". Name a file that exists."));
    }
  }
  return ReadRocksOptions({"store/rocksdb.options", std::string(BuiltInRocksOptions())}, changes);
}

// What no file may say, on top of what it says.
void CompleteDatabase(const StoreOptions& options, rocksdb::Env* env, Database* database,
                      rocksdb::DBOptions* db) {
  db->env = env;
  db->create_if_missing = options.create_if_missing;
  db->create_missing_column_families = true;
  // With a limit, a memory-only read of a table that is not open answers OK with an empty value.
  db->max_open_files = -1;
  // A row that was read is found by one look-up, where its table would be asked for the block and
  // the block for the row. The other half is for blocks.
  if (options.keep_rows) db->row_cache = rocksdb::NewLRUCache(options.cache_bytes / 2);
  if (options.write_buffer_bytes > 0) db->db_write_buffer_size = options.write_buffer_bytes;
  db->allow_concurrent_memtable_write = false;  // hashed memtables cannot; there is one writer
  // RocksDB's own log tells the keys of a compaction that was asked for, and an identity is
  // personal.
  db->info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  // The manifest holds the first and the last key of every table that there ever was, until it is
  // begun anew: so that an erased identity is in none, each change of the tables begins it anew. It
  // has about a hundred bytes a table.
  db->max_manifest_file_size = 1;
  // Tolerates the torn end that a power cut leaves. Damage before it is found by ReadWriteLogs,
  // and a log that is missing or too short by this (but see store/missing_log.h).
  db->wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db->track_and_verify_wals_in_manifest = true;
  // What became of a write that failed is known only after opening again.
  db->max_bgerror_resume_count = 0;
  db->listeners.push_back(std::make_shared<StopWritesOnError>(database));
}

// The same of a column family. REQUIRES: `db` is complete.
void CompleteFamily(Family family, const rocksdb::DBOptions& db,
                    const rocksdb::BlockBasedTableOptions& table, RequestExpiry* request_expiry,
                    rocksdb::ColumnFamilyOptions* cf) {
  cf->table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // None of its own: the limit of all together is reached first.
  cf->write_buffer_size = db.db_write_buffer_size;
  cf->disable_auto_compactions = true;  // until the format is known to be ours
  if (IsReadByKey(family)) UseHashedMemtables(cf);
  if (family == Family::kCustomers) cf->merge_operator = std::make_shared<RecordMergeOperator>();
  if (family == Family::kMeta) cf->compaction_filter = request_expiry;
}

// Whether recovery gives all batches before this one. Changes nothing.
bool RecoversTo(uint64_t next_sequence, const rocksdb::DBOptions& db_options,
                const std::string& path,
                const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::OpenForReadOnly(db_options, path, families, &handles, &opened);
  if (!status.ok()) return false;
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return db->GetLatestSequenceNumber() + 1 >= next_sequence;
}

// Takes what is noted of logs out of the manifest.
rocksdb::Status ForgetLogs(rocksdb::DBOptions db_options, const std::string& path,
                           const std::vector<rocksdb::ColumnFamilyDescriptor>& families) {
  db_options.track_and_verify_wals_in_manifest = false;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  rocksdb::Status status = rocksdb::DB::Open(db_options, path, families, &handles, &opened);
  if (!status.ok()) return status;
  const std::unique_ptr<rocksdb::DB> db(opened);
  for (rocksdb::ColumnFamilyHandle* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return db->Close();
}

}  // namespace

absl::string_view FamilyName(Family family) { return kFamilyNames[static_cast<size_t>(family)]; }

absl::Status ToStatus(absl::string_view what, const rocksdb::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const std::string text = absl::StrCat(what, ": ", status.ToString());
  if (status.IsNotFound()) return absl::NotFoundError(text);
  if (status.IsCorruption()) return absl::DataLossError(text);
  return absl::UnavailableError(text);
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const StoreOptions& options) {
  auto database = std::unique_ptr<Database>(new Database);
  if (absl::Status status = database->OpenFamilies(options); !status.ok()) return status;
  if (absl::Status status = database->CheckFormat(); !status.ok()) return status;
  if (absl::Status status = database->ReadProgress(); !status.ok()) return status;
  // Held back until the format was known to be ours.
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(database->handles_.begin(),
                                                          database->handles_.end());
  absl::Status status = ToStatus("open", database->db_->EnableAutoCompaction(handles));
  if (!status.ok()) return status;
  return database;
}

absl::Status Database::OpenFamilies(const StoreOptions& options) {
  if (options.file_system != nullptr) env_ = rocksdb::NewCompositeEnv(options.file_system);
  rocksdb::Env* env = env_ != nullptr ? env_.get() : rocksdb::Env::Default();
  absl::StatusOr<RocksOptions> tuned = TunedOptions(options.options_file);
  if (!tuned.ok()) return tuned.status();
  rocksdb::DBOptions& db_options = tuned->db;
  CompleteDatabase(options, env, this, &db_options);
  LetLastLevelWait(env);

  const rocksdb::Status exists = env->FileExists(options.path + "/CURRENT");
  if (exists.IsNotFound() && !options.create_if_missing) {
    return absl::NotFoundError(absl::StrCat("no store in ", options.path));
  }
  WriteLogs logs;
  if (exists.ok()) {
    std::vector<std::string> present;
    const rocksdb::Status listed =
        rocksdb::DB::ListColumnFamilies(db_options, options.path, &present);
    if (!listed.ok()) return ToStatus("open", listed);
    if (present.size() > kFamilyCount + 1) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the store in ", options.path,
          " was written by a later version of touchstone: it has more column families"));
    }
    absl::StatusOr<WriteLogs> read = ReadWriteLogs(env, options.path);
    if (!read.ok()) return read.status();
    logs = *std::move(read);
  }

  std::shared_ptr<rocksdb::Cache> cache =
      rocksdb::NewLRUCache(options.keep_rows ? options.cache_bytes / 2 : options.cache_bytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (size_t i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    tuned->tables[i].block_cache = cache;
    CompleteFamily(family, db_options, tuned->tables[i], &request_expiry_, &tuned->families[i]);
    families.emplace_back(std::string(FamilyName(family)), tuned->families[i]);
  }
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  if (!logs.damage.ok() && !RecoversTo(logs.next_sequence, db_options, options.path, families)) {
    return logs.damage;
  }

  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  rocksdb::Status opened = rocksdb::DB::Open(db_options, options.path, families, &handles, &db);
  if (MissesOnlyAFlushedLog(opened, db_options, options.path, families)) {
    opened = ForgetLogs(db_options, options.path, families);
    if (opened.ok()) {
      opened = rocksdb::DB::Open(db_options, options.path, families, &handles, &db);
    }
  }
  if (!opened.ok()) {
    const absl::Status status = ToStatus("open", opened);
    if (!absl::StrContains(status.message(), "lock")) return status;
    return absl::FailedPreconditionError(
        absl::StrCat("another process has the store in ", options.path,
                     " open: stop it, or choose another folder (", status.message(), ")"));
  }
  db_.reset(db);
  db_->DestroyColumnFamilyHandle(handles.back());  // "default" holds nothing
  for (size_t i = 0; i < kFamilyCount; ++i) handles_[i] = handles[i];
  return absl::OkStatus();
}

absl::Status Database::CheckFormat() {
  absl::StatusOr<std::optional<std::string>> row = GetCopy(Family::kMeta, kFormatRow);
  if (!row.ok()) return row.status();
  if (!row->has_value()) {
    rocksdb::WriteOptions write;
    write.sync = true;
    return ToStatus("open", db_->Put(write, handle(Family::kMeta), ToSlice(kFormatRow),
                                     absl::StrCat(kFormatVersion)));
  }
  uint32_t version = 0;
  if (!absl::SimpleAtoi(**row, &version)) return absl::DataLossError("format version: no number");
  if (version > kFormatVersion) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store has format ", version, ", and this touchstone knows formats up to ",
                     kFormatVersion, ": use the version that wrote it, or a later one"));
  }
  return absl::OkStatus();
}

absl::Status Database::ReadProgress() {
  absl::StatusOr<std::optional<std::string>> row = GetCopy(Family::kMeta, kProgressRow);
  if (!row.ok()) return row.status();
  if (row->has_value() && !progress_.ParseFromString(**row)) {
    return absl::DataLossError("progress: malformed");
  }
  request_expiry_.set_newest_us(progress_.time_us());
  return absl::OkStatus();
}

Database::~Database() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  db_.reset();  // before the members that its listener uses
}

absl::StatusOr<Found> Database::Get(Family family, absl::string_view key, ReadTier tier,
                                    rocksdb::PinnableSlice* value) const {
  if (bulk_rows_ == nullptr) return GetFlushed(family, key, tier, value);
  auto row = bulk_rows_->Find(family, key, [&] { return GetFlushedCopy(family, key); });
  if (!row.ok()) return row.status();
  if (!row->has_value()) {
    const absl::StatusOr<Found> found = GetFlushed(family, key, tier, value);
    if (family == Family::kCustomers && found.ok() && *found == Found::kFound) {
      bulk_rows_->Keep(family, key, ToView(*value));
    }
    return found;
  }
  value->Reset();
  if (!(*row)->has_value()) return Found::kNotFound;
  value->PinSelf(***row);
  return Found::kFound;
}

absl::StatusOr<Found> Database::GetFlushed(Family family, absl::string_view key, ReadTier tier,
                                           rocksdb::PinnableSlice* value) const {
  rocksdb::ReadOptions options;
  if (tier == ReadTier::kMemoryOnly) options.read_tier = rocksdb::kBlockCacheTier;
  value->Reset();
  // RocksDB counts every comparison of keys for this thread, at a fifth of a read; nobody asks.
  rocksdb::SetPerfLevel(rocksdb::PerfLevel::kDisable);
  const rocksdb::Status status = db_->Get(options, handle(family), ToSlice(key), value);
  if (status.ok()) return Found::kFound;
  if (status.IsNotFound()) return Found::kNotFound;
  if (status.IsIncomplete()) return Found::kNotInMemory;
  return ToStatus(FamilyName(family), status);
}

absl::StatusOr<bool> Database::Contains(Family family, absl::string_view key) const {
  if (bulk_rows_ != nullptr) {
    const std::optional<bool> known = bulk_rows_->Contains(family, key);
    if (known.has_value()) return *known;
  }
  const PresenceRead presence;
  rocksdb::PinnableSlice value;
  const absl::StatusOr<Found> found = GetFlushed(family, key, ReadTier::kMayBlock, &value);
  if (!found.ok()) return found.status();
  return *found == Found::kFound;
}

absl::StatusOr<std::optional<std::string>> Database::GetCopy(Family family,
                                                             absl::string_view key) const {
  rocksdb::PinnableSlice value;
  absl::StatusOr<Found> found = Get(family, key, ReadTier::kMayBlock, &value);
  if (!found.ok()) return found.status();
  if (*found != Found::kFound) return std::nullopt;
  return value.ToString();
}

absl::StatusOr<std::optional<std::string>> Database::GetFlushedCopy(Family family,
                                                                    absl::string_view key) const {
  rocksdb::PinnableSlice value;
  absl::StatusOr<Found> found = GetFlushed(family, key, ReadTier::kMayBlock, &value);
  if (!found.ok()) return found.status();
  if (*found != Found::kFound) return std::nullopt;
  return value.ToString();
}

std::unique_ptr<rocksdb::Iterator> Database::NewIterator(Family family) const {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.total_order_seek = true;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, handle(family)));
}

Database::PrefixIterator Database::Iterate(Family family, std::string prefix,
                                           absl::string_view start) const {
  std::unique_ptr<rocksdb::Iterator> iterator = NewIterator(family);
  iterator->Seek(ToSlice(start));
  return PrefixIterator(std::move(iterator), std::move(prefix));
}

Database::PrefixIterator Database::FindLast(Family family, std::string prefix,
                                            absl::string_view key) const {
  std::unique_ptr<rocksdb::Iterator> iterator = NewIterator(family);
  iterator->SeekForPrev(ToSlice(key));
  return PrefixIterator(std::move(iterator), std::move(prefix));
}

Family Database::FamilyOf(uint32_t number) const {
  for (size_t i = 0; i < kFamilyCount; ++i) {
    if (handles_[i]->GetID() == number) return static_cast<Family>(i);
  }
  return Family::kMeta;  // no other family has a handle
}

absl::Status Database::Commit(rocksdb::WriteBatch* batch, const storage::Progress& progress,
                              bool sync) {
  if (absl::Status status = write_status(); !status.ok()) return status;
  if (bulk_rows_ != nullptr) {
    absl::Status taken =
        bulk_rows_->Add(*batch, [this](uint32_t number) { return FamilyOf(number); });
    if (!taken.ok()) return taken;
  } else {
    rocksdb::WriteOptions options;
    options.sync = sync;
    const rocksdb::Status written = db_->Write(options, batch);
    if (!written.ok()) {
      StopWrites(ToStatus("write", written).message());
      return write_status();
    }
  }
  request_expiry_.set_newest_us(progress.time_us());
  std::lock_guard<std::mutex> lock(mutex_);
  progress_ = progress;
  return absl::OkStatus();
}

absl::Status Database::Purge(absl::Span<const KeyRange> ranges, std::atomic<bool>* cancel) {
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(handles_.begin(), handles_.end());
  // All families: a log is kept as long as one of them needs it.
  absl::Status flushed = ToStatus("flush", db_->Flush(rocksdb::FlushOptions(), handles));
  if (!flushed.ok()) return flushed;
  for (const KeyRange& range : ranges) {
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    options.canceled = cancel;
    const rocksdb::Slice first = ToSlice(range.first);
    const rocksdb::Slice last = ToSlice(range.last);
    const rocksdb::Status compacted =
        db_->CompactRange(options, handle(range.family), &first, &last);
    if (cancel->load()) return absl::CancelledError("compaction: stopped");
    if (!compacted.ok()) return ToStatus("compaction", compacted);
  }
  return DeleteObsoleteFiles(*cancel);
}

absl::Status Database::DeleteObsoleteFiles(const std::atomic<bool>& cancel) {
  while (true) {
    // RocksDB deletes behind its callers' backs, but for who lets it delete again.
    absl::Status deleted = ToStatus("purge", db_->DisableFileDeletions());
    if (deleted.ok()) deleted = ToStatus("purge", db_->EnableFileDeletions(/*force=*/false));
    if (!deleted.ok()) return deleted;
    // 1 when they are enabled, whatever the header says of it.
    uint64_t enabled = 0;
    if (!db_->GetIntProperty(rocksdb::DB::Properties::kIsFileDeletionsEnabled, &enabled)) {
      return absl::InternalError("purge: RocksDB does not say whether files are held");
    }
    if (enabled != 0) return absl::OkStatus();
    if (cancel) return absl::CancelledError("purge: stopped");
    // A backup holds the files while it copies them.
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

storage::Progress Database::progress() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return progress_;
}

absl::Status Database::write_status() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return write_status_;
}

void Database::StopWrites(absl::string_view reason) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!write_status_.ok()) return;
  write_status_ = absl::UnavailableError(
      absl::StrCat("the store is read-only until it is opened again: ", reason));
}

}  // namespace touchstone::store
