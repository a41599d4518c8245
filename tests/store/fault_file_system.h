#pragma once

// A file system that stalls, fails and loses power when a test says so. It wraps the default one,
// for StoreOptions::file_system and ReceiptLogOptions::file_system.
//
// Thread safety: all methods are safe from any thread.
// Lifetime: shared by the store and the test; RestorePower needs every file of it closed.
// What is durable: bytes of a file up to its last Sync or Fsync; a file's name, and a renaming,
// once its directory was synced. Deletions are durable at once. Files that were there before are
// durable.

#include <rocksdb/file_system.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace touchstone::store {

class FaultFileSystem : public rocksdb::FileSystemWrapper {
 public:
  FaultFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "touchstone.fault"; }

  // Stalls. Each read of a table or a receipt waits; writes and opening files do not.
  void set_read_delay(absl::Duration delay);  // zero: none
  // Reads wait from now on until they are released.
  void HoldReads();
  void ReleaseReads();
  // How many reads have begun, and how many are held now.
  uint64_t reads() const;
  int held_reads() const;
  // Returns when `count` reads are held.
  void AwaitHeldReads(int count);

  // Errors. The next `count` operations of the kind fail with an input/output error.
  void FailSyncs(int count);
  void FailReads(int count);
  void FailWrites(int count);
  // One random bit of what each read of a table or a receipt gives is wrong, until nullptr.
  void DamageReads(std::mt19937_64* random);
  // How many reads were damaged.
  uint64_t damaged_reads() const;
  // Every write fails with "no space", and takes half of its bytes first.
  void set_no_space(bool no_space);

  // How many Sync and Fsync of files were asked for.
  uint64_t syncs() const;

  // The power goes: nothing can be written, synced, created, renamed or deleted any more.
  void CutPower();
  // And comes back: everything that was not durable is gone. With `random`, a random part of the
  // bytes that were not synced is still there, from their beginning, and may end in garbage.
  // REQUIRES: power is cut and all files are closed.
  void RestorePower(std::mt19937_64* random);

  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  friend class FaultWritableFile;
  friend class FaultRandomAccessFile;
  friend class FaultDirectory;

  struct FileState {
    uint64_t bytes = 0;
    uint64_t durable_bytes = 0;
    bool name_is_durable = false;
  };
  // A renaming that its directory has not been synced after.
  struct Renaming {
    std::string from;
    std::string to;
    bool replaced = false;
    std::string replaced_content;
  };

  rocksdb::IOStatus BeforeRead();
  // `scratch`: memory of the reader for all of the result.
  void AfterRead(rocksdb::Slice* result, char* scratch);
  // OK, or why a change of the disk fails now.
  rocksdb::IOStatus BeforeChange();
  // As BeforeChange; `no_space` says whether half of the write should be done.
  rocksdb::IOStatus BeforeWrite(bool* no_space);
  rocksdb::IOStatus BeforeSync();
  void Written(const std::string& path, uint64_t bytes);
  void Truncated(const std::string& path, uint64_t bytes);
  void Synced(const std::string& path);
  void DirectorySynced(const std::string& path);
  void UndoRenamings();

  mutable std::mutex mutex_;
  std::condition_variable released_;
  std::condition_variable held_;
  absl::Duration read_delay_;
  bool hold_reads_ = false;
  int held_reads_ = 0;
  uint64_t reads_ = 0;
  uint64_t syncs_ = 0;
  int failing_syncs_ = 0;
  int failing_reads_ = 0;
  int failing_writes_ = 0;
  std::mt19937_64* damage_ = nullptr;
  uint64_t damaged_reads_ = 0;
  bool no_space_ = false;
  bool power_is_cut_ = false;
  std::map<std::string, FileState> files_;  // written since the start
  std::vector<Renaming> renamings_;         // in order
};

}  // namespace touchstone::store
