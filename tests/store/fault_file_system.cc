#include "tests/store/fault_file_system.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>

namespace touchstone::store {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::string DirectoryOf(const std::string& path) {
  return std::filesystem::path(path).parent_path().string();
}

// RocksDB names the same file with one slash and with two.
std::string Normal(const std::string& path) {
  std::string normal = std::filesystem::path(path).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

IOStatus InputOutputError() { return IOStatus::IOError("injected by a test"); }

}  // namespace

class FaultRandomAccessFile : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  FaultRandomAccessFile(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file,
                        FaultFileSystem* faults)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), faults_(faults) {}

  IOStatus Read(uint64_t offset, size_t bytes, const IOOptions& options, Slice* result,
                char* scratch, IODebugContext* debug) const override {
    const IOStatus fault = faults_->BeforeRead();
    if (!fault.ok()) return fault;
    const IOStatus read = target()->Read(offset, bytes, options, result, scratch, debug);
    if (read.ok()) faults_->AfterRead(result, scratch);
    return read;
  }
  IOStatus MultiRead(rocksdb::FSReadRequest* requests, size_t count, const IOOptions& options,
                     IODebugContext* debug) override {
    const IOStatus fault = faults_->BeforeRead();
    if (!fault.ok()) return fault;
    const IOStatus read = target()->MultiRead(requests, count, options, debug);
    for (size_t i = 0; read.ok() && i < count; ++i) {
      if (requests[i].status.ok()) faults_->AfterRead(&requests[i].result, requests[i].scratch);
    }
    return read;
  }

 private:
  FaultFileSystem* faults_;
};

class FaultWritableFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  FaultWritableFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string path,
                    FaultFileSystem* faults)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)), faults_(faults) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    bool no_space = false;
    const IOStatus fault = faults_->BeforeWrite(&no_space);
    if (no_space) AppendHalf(data, options, debug);
    if (!fault.ok()) return fault;
    const IOStatus written = target()->Append(data, options, debug);
    if (written.ok()) faults_->Written(path_, data.size());
    return written;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo& /*verification*/,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t bytes, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus fault = faults_->BeforeChange();
    if (!fault.ok()) return fault;
    const IOStatus truncated = target()->Truncate(bytes, options, debug);
    if (truncated.ok()) faults_->Truncated(path_, bytes);
    return truncated;
  }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return Sync(); }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return Sync();
  }
  // Starts writing back; that is no promise.
  IOStatus RangeSync(uint64_t /*offset*/, uint64_t /*bytes*/, const IOOptions& /*options*/,
                     IODebugContext* /*debug*/) override {
    return IOStatus::OK();
  }

 private:
  void AppendHalf(const Slice& data, const IOOptions& options, IODebugContext* debug) {
    const Slice half(data.data(), data.size() / 2);
    if (target()->Append(half, options, debug).ok()) faults_->Written(path_, half.size());
  }
  IOStatus Sync() {
    const IOStatus fault = faults_->BeforeSync();
    if (fault.ok()) faults_->Synced(path_);
    return fault;
  }

  const std::string path_;
  FaultFileSystem* faults_;
};

class FaultDirectory : public rocksdb::FSDirectoryWrapper {
 public:
  FaultDirectory(std::unique_ptr<rocksdb::FSDirectory>&& directory, std::string path,
                 FaultFileSystem* faults)
      : FSDirectoryWrapper(std::move(directory)), path_(std::move(path)), faults_(faults) {}

  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return Sync();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& /*options*/, IODebugContext* /*debug*/,
                               const rocksdb::DirFsyncOptions& /*dir_options*/) override {
    return Sync();
  }

 private:
  IOStatus Sync() {
    const IOStatus fault = faults_->BeforeChange();
    if (fault.ok()) faults_->DirectorySynced(path_);
    return fault;
  }

  const std::string path_;
  FaultFileSystem* faults_;
};

void FaultFileSystem::set_read_delay(absl::Duration delay) {
  std::lock_guard<std::mutex> lock(mutex_);
  read_delay_ = delay;
}

void FaultFileSystem::HoldReads() {
  std::lock_guard<std::mutex> lock(mutex_);
  hold_reads_ = true;
}

void FaultFileSystem::ReleaseReads() {
  std::lock_guard<std::mutex> lock(mutex_);
  hold_reads_ = false;
  released_.notify_all();
}

uint64_t FaultFileSystem::reads() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return reads_;
}

int FaultFileSystem::held_reads() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return held_reads_;
}

void FaultFileSystem::AwaitHeldReads(int count) {
  std::unique_lock<std::mutex> lock(mutex_);
  held_.wait(lock, [&] { return held_reads_ >= count; });
}

void FaultFileSystem::FailSyncs(int count) {
  std::lock_guard<std::mutex> lock(mutex_);
  failing_syncs_ = count;
}

void FaultFileSystem::FailReads(int count) {
  std::lock_guard<std::mutex> lock(mutex_);
  failing_reads_ = count;
}

void FaultFileSystem::FailWrites(int count) {
  std::lock_guard<std::mutex> lock(mutex_);
  failing_writes_ = count;
}

void FaultFileSystem::DamageReads(std::mt19937_64* random) {
  std::lock_guard<std::mutex> lock(mutex_);
  damage_ = random;
}

uint64_t FaultFileSystem::damaged_reads() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return damaged_reads_;
}

void FaultFileSystem::AfterRead(Slice* result, char* scratch) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (damage_ == nullptr || result->empty()) return;
  if (result->data() != scratch) std::memcpy(scratch, result->data(), result->size());
  const uint64_t bit = (*damage_)() % (result->size() * 8);
  scratch[bit / 8] = static_cast<char>(scratch[bit / 8] ^ (1 << (bit % 8)));
  *result = Slice(scratch, result->size());
  ++damaged_reads_;
}

void FaultFileSystem::set_no_space(bool no_space) {
  std::lock_guard<std::mutex> lock(mutex_);
  no_space_ = no_space;
}

uint64_t FaultFileSystem::syncs() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return syncs_;
}

void FaultFileSystem::CutPower() {
  std::lock_guard<std::mutex> lock(mutex_);
  power_is_cut_ = true;
}

void FaultFileSystem::RestorePower(std::mt19937_64* random) {
  std::lock_guard<std::mutex> lock(mutex_);
  UndoRenamings();
  for (const auto& [path, state] : files_) {
    std::error_code ignored;
    if (!state.name_is_durable) {
      std::filesystem::remove(path, ignored);
      continue;
    }
    uint64_t kept = state.durable_bytes;
    bool garbage = false;
    if (random != nullptr && state.bytes > state.durable_bytes) {
      kept += (*random)() % (state.bytes - state.durable_bytes + 1);
      garbage = kept > state.durable_bytes && (*random)() % 2 == 0;
    }
    std::filesystem::resize_file(path, kept, ignored);
    if (garbage && !ignored) {
      std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(static_cast<std::streamoff>(kept - 1));
      file.put(static_cast<char>((*random)()));
    }
  }
  files_.clear();
  renamings_.clear();
  power_is_cut_ = false;
}

void FaultFileSystem::UndoRenamings() {
  for (auto renaming = renamings_.rbegin(); renaming != renamings_.rend(); ++renaming) {
    std::error_code ignored;
    std::filesystem::rename(renaming->to, renaming->from, ignored);
    files_[renaming->from] = files_[renaming->to];
    files_.erase(renaming->to);
    if (!renaming->replaced) continue;
    std::ofstream(renaming->to, std::ios::binary) << renaming->replaced_content;
  }
}

IOStatus FaultFileSystem::BeforeRead() {
  std::unique_lock<std::mutex> lock(mutex_);
  ++reads_;
  if (failing_reads_ > 0) {
    --failing_reads_;
    return InputOutputError();
  }
  if (hold_reads_) {
    ++held_reads_;
    held_.notify_all();
    released_.wait(lock, [this] { return !hold_reads_; });
    --held_reads_;
  }
  const absl::Duration delay = read_delay_;
  lock.unlock();
  // A slow device is made of nothing but time.
  if (delay > absl::ZeroDuration()) std::this_thread::sleep_for(absl::ToChronoNanoseconds(delay));
  return IOStatus::OK();
}

IOStatus FaultFileSystem::BeforeChange() {
  std::lock_guard<std::mutex> lock(mutex_);
  return power_is_cut_ ? InputOutputError() : IOStatus::OK();
}

IOStatus FaultFileSystem::BeforeWrite(bool* no_space) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (power_is_cut_) return InputOutputError();
  if (failing_writes_ > 0) {
    --failing_writes_;
    return InputOutputError();
  }
  *no_space = no_space_;
  return no_space_ ? IOStatus::NoSpace("injected by a test") : IOStatus::OK();
}

IOStatus FaultFileSystem::BeforeSync() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++syncs_;
  if (power_is_cut_) return InputOutputError();
  if (failing_syncs_ == 0) return IOStatus::OK();
  --failing_syncs_;
  return InputOutputError();
}

void FaultFileSystem::Written(const std::string& path, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto file = files_.find(path);
  if (file != files_.end()) file->second.bytes += bytes;
}

void FaultFileSystem::Truncated(const std::string& path, uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto file = files_.find(path);
  if (file == files_.end()) return;
  file->second.bytes = bytes;
  file->second.durable_bytes = std::min(file->second.durable_bytes, bytes);
}

void FaultFileSystem::Synced(const std::string& path) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto file = files_.find(path);
  if (file != files_.end()) file->second.durable_bytes = file->second.bytes;
}

void FaultFileSystem::DirectorySynced(const std::string& path) {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto& [name, state] : files_) {
    if (DirectoryOf(name) == path) state.name_is_durable = true;
  }
  renamings_.erase(
      std::remove_if(renamings_.begin(), renamings_.end(),
                     [&](const Renaming& renaming) { return DirectoryOf(renaming.to) == path; }),
      renamings_.end());
}

IOStatus FaultFileSystem::NewRandomAccessFile(const std::string& path,
                                              const rocksdb::FileOptions& options,
                                              std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                              IODebugContext* debug) {
  const IOStatus opened = target()->NewRandomAccessFile(path, options, file, debug);
  if (opened.ok()) *file = std::make_unique<FaultRandomAccessFile>(std::move(*file), this);
  return opened;
}

IOStatus FaultFileSystem::NewWritableFile(const std::string& path,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSWritableFile>* file,
                                          IODebugContext* debug) {
  const IOStatus fault = BeforeChange();
  if (!fault.ok()) return fault;
  const IOStatus opened = target()->NewWritableFile(path, options, file, debug);
  if (!opened.ok()) return opened;
  *file = std::make_unique<FaultWritableFile>(std::move(*file), Normal(path), this);
  std::lock_guard<std::mutex> lock(mutex_);
  files_[Normal(path)] = FileState();
  return opened;
}

IOStatus FaultFileSystem::ReopenWritableFile(const std::string& path,
                                             const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext* debug) {
  const IOStatus fault = BeforeChange();
  if (!fault.ok()) return fault;
  const bool existed = std::filesystem::exists(path);
  const IOStatus opened = target()->ReopenWritableFile(path, options, file, debug);
  if (!opened.ok()) return opened;
  *file = std::make_unique<FaultWritableFile>(std::move(*file), Normal(path), this);
  std::lock_guard<std::mutex> lock(mutex_);
  const auto [state, created] = files_.try_emplace(Normal(path));
  if (created && existed) {
    const uint64_t bytes = std::filesystem::file_size(path);
    state->second = FileState{bytes, bytes, true};
  }
  return opened;
}

IOStatus FaultFileSystem::ReuseWritableFile(const std::string& path, const std::string& old_path,
                                            const rocksdb::FileOptions& options,
                                            std::unique_ptr<rocksdb::FSWritableFile>* file,
                                            IODebugContext* debug) {
  const IOStatus renamed = RenameFile(old_path, path, options.io_options, debug);
  return renamed.ok() ? NewWritableFile(path, options, file, debug) : renamed;
}

IOStatus FaultFileSystem::NewDirectory(const std::string& path, const IOOptions& options,
                                       std::unique_ptr<rocksdb::FSDirectory>* directory,
                                       IODebugContext* debug) {
  const IOStatus opened = target()->NewDirectory(path, options, directory, debug);
  if (opened.ok()) {
    *directory = std::make_unique<FaultDirectory>(std::move(*directory), Normal(path), this);
  }
  return opened;
}

IOStatus FaultFileSystem::RenameFile(const std::string& from, const std::string& to,
                                     const IOOptions& options, IODebugContext* debug) {
  const IOStatus fault = BeforeChange();
  if (!fault.ok()) return fault;
  Renaming renaming{Normal(from), Normal(to), std::filesystem::exists(to), {}};
  if (renaming.replaced) renaming.replaced_content = ReadFile(to);
  const IOStatus renamed = target()->RenameFile(from, to, options, debug);
  if (!renamed.ok()) return renamed;
  std::lock_guard<std::mutex> lock(mutex_);
  const auto state = files_.find(renaming.from);
  if (state == files_.end()) return renamed;  // not written through here, so not tracked
  files_[renaming.to] = state->second;
  files_.erase(renaming.from);
  renamings_.push_back(std::move(renaming));
  return renamed;
}

IOStatus FaultFileSystem::DeleteFile(const std::string& path, const IOOptions& options,
                                     IODebugContext* debug) {
  const IOStatus fault = BeforeChange();
  if (!fault.ok()) return fault;
  const IOStatus deleted = target()->DeleteFile(path, options, debug);
  std::lock_guard<std::mutex> lock(mutex_);
  if (deleted.ok()) files_.erase(Normal(path));
  return deleted;
}

}  // namespace touchstone::store
