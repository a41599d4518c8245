#include "store/backup.h"

#include <fcntl.h>
#include <rocksdb/utilities/backup_engine.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/background_priority.h"
#include "store/crc32c.h"
#include "store/database.h"
#include "touchstone/storage/v1/backup.pb.h"

namespace touchstone::store {
namespace {

namespace fs = std::filesystem;
using storage::BackupNote;

constexpr char kTablesPart[] = "store";
constexpr char kFilesPart[] = "files";
constexpr char kLockFile[] = "LOCK";
constexpr size_t kCopyBytes = size_t{1} << 20;

absl::Status FileError(absl::string_view what, const std::string& path, int error) {
  return absl::UnavailableError(absl::StrCat(what, " ", path, ": ", std::strerror(error)));
}

absl::Status FileError(absl::string_view what, const std::string& path,
                       const std::error_code& error) {
  return absl::UnavailableError(absl::StrCat(what, " ", path, ": ", error.message()));
}

class File {
 public:
  File(const std::string& path, int flags, mode_t mode = 0600)
      : number_(::open(path.c_str(), flags | O_CLOEXEC, mode)) {}
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool is_open() const { return number_ >= 0; }
  int number() const { return number_; }

 private:
  int number_;
};

absl::Status SyncDirectory(const std::string& path) {
  const File directory(path, O_RDONLY | O_DIRECTORY);
  if (!directory.is_open() || ::fsync(directory.number()) != 0) {
    return FileError("sync", path, errno);
  }
  return absl::OkStatus();
}

int64_t ModifiedNs(const struct stat& status) {
  return int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// Reads `bytes` of a file, or less where it ends, in pieces.
template <typename Visit>
absl::Status ReadPieces(const File& file, const std::string& path, uint64_t bytes, Visit visit) {
  std::string buffer(kCopyBytes, '\0');
  while (bytes > 0) {
    const ssize_t got =
        ::read(file.number(), buffer.data(), std::min<uint64_t>(bytes, buffer.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError("read", path, errno);
    if (got == 0) break;
    bytes -= static_cast<uint64_t>(got);
    absl::Status visited = visit(absl::string_view(buffer.data(), static_cast<size_t>(got)));
    if (!visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::Status WriteAll(const File& file, const std::string& path, absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.number(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return FileError("write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(put));
  }
  return absl::OkStatus();
}

// Copies `from` as long as it is now; fills in length and checksum.
absl::Status CopyFile(const std::string& from, const std::string& to, BackupNote::File* note) {
  const File source(from, O_RDONLY);
  if (!source.is_open()) return FileError("open", from, errno);
  struct stat status = {};
  if (::fstat(source.number(), &status) != 0) return FileError("open", from, errno);
  const File target(to, O_WRONLY | O_CREAT | O_EXCL);
  if (!target.is_open()) return FileError("create", to, errno);
  uint64_t bytes = 0;
  uint32_t crc = 0;
  absl::Status copied =
      ReadPieces(source, from, static_cast<uint64_t>(status.st_size), [&](absl::string_view piece) {
        bytes += piece.size();
        crc = ExtendCrc32c(crc, piece);
        return WriteAll(target, to, piece);
      });
  if (!copied.ok()) return copied;
  if (::fsync(target.number()) != 0) return FileError("sync", to, errno);
  note->set_bytes(bytes);
  note->set_crc32c(crc);
  note->set_modified_ns(ModifiedNs(status));
  return absl::OkStatus();
}

// DataLoss unless the copy is what it was when it was made.
absl::Status VerifyFile(const std::string& path, const BackupNote::File& note) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) {
    return errno == ENOENT ? absl::DataLossError(absl::StrCat("backup: ", path, " is missing"))
                           : FileError("open", path, errno);
  }
  uint64_t bytes = 0;
  uint32_t crc = 0;
  // One byte more than there should be tells a longer file.
  absl::Status read = ReadPieces(file, path, note.bytes() + 1, [&](absl::string_view piece) {
    bytes += piece.size();
    crc = ExtendCrc32c(crc, piece);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (bytes == note.bytes() && crc == note.crc32c()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("backup: ", path, " is damaged"));
}

// Regular files at or below a path, relative to `data_dir`, in order.
absl::StatusOr<std::vector<std::string>> FilesBelow(const std::string& data_dir,
                                                    const std::string& path) {
  std::vector<std::string> found;
  std::error_code error;
  const fs::path whole = fs::path(data_dir) / path;
  if (!fs::exists(whole, error)) return found;
  if (!fs::is_directory(whole, error)) return std::vector<std::string>{path};
  fs::recursive_directory_iterator at(whole, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->is_regular_file()) {
      found.push_back(fs::relative(at->path(), data_dir, error).string());
    }
  }
  if (error) return FileError("read", whole.string(), error);
  std::sort(found.begin(), found.end());
  return found;
}

BackupNote NoteOf(const rocksdb::BackupInfo& info) {
  BackupNote note;
  // A backup that another program made has none: it leads to no files.
  if (!note.ParseFromString(info.app_metadata)) note.Clear();
  return note;
}

Backup Told(const rocksdb::BackupInfo& info) {
  const BackupNote note = NoteOf(info);
  Backup backup;
  backup.number = info.backup_id;
  backup.created = absl::FromUnixMicros(note.time_us());
  backup.position = note.position();
  backup.store_bytes = info.size;
  for (const BackupNote::File& file : note.files()) backup.file_bytes += file.bytes();
  return backup;
}

absl::Status VerifyFiles(const std::string& directory, const BackupNote& note) {
  for (const BackupNote::File& file : note.files()) {
    const std::string path =
        absl::StrCat(directory, "/", kFilesPart, "/", note.directory(), "/", file.path());
    if (absl::Status sound = VerifyFile(path, file); !sound.ok()) return sound;
  }
  return absl::OkStatus();
}

rocksdb::BackupEngineOptions EngineOptions(const std::string& directory) {
  return rocksdb::BackupEngineOptions(absl::StrCat(directory, "/", kTablesPart));
}

}  // namespace

class Backups::Impl {
 public:
  explicit Impl(std::string directory)
      : directory_(std::move(directory)),
        lock_(absl::StrCat(directory_, "/", kLockFile), O_RDWR | O_CREAT) {}

  absl::Status Open() {
    if (!lock_.is_open()) return FileError("open", directory_, errno);
    if (::flock(lock_.number(), LOCK_EX | LOCK_NB) != 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the backups in ", directory_, " are in use by another process"));
    }
    rocksdb::BackupEngine* engine = nullptr;
    const rocksdb::IOStatus opened =
        rocksdb::BackupEngine::Open(EngineOptions(directory_), rocksdb::Env::Default(), &engine);
    engine_.reset(engine);
    return ToStatus("backups", opened);
  }

  absl::StatusOr<Backup> Create(const Store& store, const std::string& data_dir,
                                const std::vector<std::string>& files, absl::Time now,
                                uint32_t keep) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (absl::Status cleared = RemoveStrayFiles(); !cleared.ok()) return cleared;
    std::vector<rocksdb::BackupInfo> before;
    engine_->GetBackupInfo(&before, /*include_file_details=*/true);

    BackupNote note;
    note.set_time_us(absl::ToUnixMicros(now));
    note.set_position(store.progress().position());
    note.set_directory(NewDirectoryName(before));
    uint64_t copied_bytes = 0;
    absl::Status copied = CopyFiles(data_dir, files, before, &note, &copied_bytes);
    if (!copied.ok()) return copied;

    rocksdb::CreateBackupOptions options;
    options.flush_before_backup = true;
    options.decrease_background_thread_cpu_priority = true;
    options.background_thread_cpu_priority = rocksdb::CpuPriority::kLow;
    rocksdb::BackupID number = 0;
    absl::Status created =
        ToStatus("backup", engine_->CreateNewBackupWithMetadata(options, store.database().rocks(),
                                                                note.SerializeAsString(), &number));
    if (!created.ok()) return created;
    absl::Status sound =
        ToStatus("backup", engine_->VerifyBackup(number, /*verify_with_checksum=*/true));
    if (sound.ok()) sound = VerifyFiles(directory_, note);
    rocksdb::BackupInfo info;
    if (sound.ok()) {
      sound =
          ToStatus("backup", engine_->GetBackupInfo(number, &info, /*include_file_details=*/true));
    }
    if (!sound.ok()) {
      // What went wrong first is what is told.
      engine_->DeleteBackup(number).PermitUncheckedError();
      return sound;
    }
    if (keep > 0) {
      absl::Status purged = ToStatus("old backups", engine_->PurgeOldBackups(keep));
      if (purged.ok()) purged = RemoveStrayFiles();
      if (!purged.ok()) return purged;
    }
    Backup backup = Told(info);
    backup.copied_bytes = copied_bytes + NewTableBytes(info, before);
    return backup;
  }

  std::vector<Backup> List() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<rocksdb::BackupInfo> infos;
    engine_->GetBackupInfo(&infos);
    std::vector<Backup> backups;
    backups.reserve(infos.size());
    for (const rocksdb::BackupInfo& info : infos) backups.push_back(Told(info));
    return backups;
  }

 private:
  std::string FilesDirectory(absl::string_view name) const {
    return absl::StrCat(directory_, "/", kFilesPart, "/", name);
  }

  static std::string NewDirectoryName(const std::vector<rocksdb::BackupInfo>& before) {
    return absl::StrCat(before.empty() ? 1 : before.back().backup_id + 1);
  }

  // Those that no backup leads to: left by a crash, a failure or a purge.
  absl::Status RemoveStrayFiles() const {
    std::set<std::string> known;
    std::vector<rocksdb::BackupInfo> infos;
    engine_->GetBackupInfo(&infos);
    for (const rocksdb::BackupInfo& info : infos) known.insert(NoteOf(info).directory());
    const std::string parent = FilesDirectory("");
    std::error_code error;
    fs::create_directories(parent, error);
    if (error) return FileError("create", parent, error);
    std::vector<fs::path> stray;
    fs::directory_iterator at(parent, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error)) {
      if (known.count(at->path().filename().string()) == 0) stray.push_back(at->path());
    }
    for (const fs::path& path : stray) {
      if (!error) fs::remove_all(path, error);
    }
    return error ? FileError("clear", parent, error) : absl::OkStatus();
  }

  absl::Status CopyFiles(const std::string& data_dir, const std::vector<std::string>& files,
                         const std::vector<rocksdb::BackupInfo>& before, BackupNote* note,
                         uint64_t* copied_bytes) const {
    const BackupNote latest = before.empty() ? BackupNote() : NoteOf(before.back());
    std::map<std::string, const BackupNote::File*> shared;
    for (const BackupNote::File& file : latest.files()) shared[file.path()] = &file;
    const std::string root = FilesDirectory(note->directory());
    std::set<std::string> folders = {root, FilesDirectory("")};
    for (const std::string& path : files) {
      const absl::StatusOr<std::vector<std::string>> found = FilesBelow(data_dir, path);
      if (!found.ok()) return found.status();
      for (const std::string& file : *found) {
        const std::string from = absl::StrCat(data_dir, "/", file);
        const std::string to = absl::StrCat(root, "/", file);
        const std::string folder = fs::path(to).parent_path().string();
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) return FileError("create", folder, error);
        folders.insert(folder);
        BackupNote::File* entry = note->add_files();
        entry->set_path(file);
        struct stat status = {};
        const auto same = shared.find(file);
        if (same != shared.end() && ::stat(from.c_str(), &status) == 0 &&
            static_cast<uint64_t>(status.st_size) == same->second->bytes() &&
            ModifiedNs(status) == same->second->modified_ns()) {
          fs::create_hard_link(absl::StrCat(FilesDirectory(latest.directory()), "/", file), to,
                               error);
          if (!error) {
            *entry = *same->second;
            continue;
          }
        }
        if (absl::Status copied = CopyFile(from, to, entry); !copied.ok()) return copied;
        *copied_bytes += entry->bytes();
      }
    }
    for (const std::string& folder : folders) {
      std::error_code error;
      if (!fs::exists(folder, error)) continue;
      if (absl::Status synced = SyncDirectory(folder); !synced.ok()) return synced;
    }
    return absl::OkStatus();
  }

  static uint64_t NewTableBytes(const rocksdb::BackupInfo& info,
                                const std::vector<rocksdb::BackupInfo>& before) {
    std::set<std::string> known;
    for (const rocksdb::BackupInfo& earlier : before) {
      for (const rocksdb::BackupFileInfo& file : earlier.file_details) {
        known.insert(file.relative_filename);
      }
    }
    uint64_t bytes = 0;
    for (const rocksdb::BackupFileInfo& file : info.file_details) {
      if (known.count(file.relative_filename) == 0) bytes += file.size;
    }
    return bytes;
  }

  const std::string directory_;
  const File lock_;
  mutable std::mutex mutex_;  // a BackupEngine is for one thread at a time
  std::unique_ptr<rocksdb::BackupEngine> engine_;
};

Backups::Backups(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Backups::~Backups() = default;

absl::StatusOr<std::unique_ptr<Backups>> Backups::Open(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return FileError("create", directory, error);
  auto impl = std::make_unique<Impl>(directory);
  if (absl::Status opened = impl->Open(); !opened.ok()) return opened;
  return std::unique_ptr<Backups>(new Backups(std::move(impl)));
}

absl::StatusOr<Backup> Backups::Create(const Store& store, const std::string& data_dir,
                                       const std::vector<std::string>& files, absl::Time now,
                                       uint32_t keep) {
  // Copying and verifying is as much work as a compaction of everything, and nobody who decides
  // should wait for a CPU because of it.
  absl::StatusOr<Backup> backup = absl::UnknownError("");
  RunYielding([&] { backup = impl_->Create(store, data_dir, files, now, keep); });
  return backup;
}

std::vector<Backup> Backups::List() const { return impl_->List(); }

namespace {

// Puts the parts of a verified backup below `target`.
absl::Status CopyBack(const std::string& directory, rocksdb::BackupEngineReadOnly* engine,
                      uint32_t number, const BackupNote& note, const std::string& target) {
  for (const BackupNote::File& file : note.files()) {
    const std::string to = absl::StrCat(target, "/", file.path());
    std::error_code error;
    fs::create_directories(fs::path(to).parent_path(), error);
    if (error) return FileError("create", to, error);
    BackupNote::File copy;
    absl::Status copied =
        CopyFile(absl::StrCat(directory, "/", kFilesPart, "/", note.directory(), "/", file.path()),
                 to, &copy);
    if (!copied.ok()) return copied;
  }
  const std::string store = absl::StrCat(target, "/", kStoreFolder);
  return ToStatus("restore", engine->RestoreDBFromBackup(number, store, store));
}

absl::Status CheckIsFree(const std::string& data_dir) {
  std::error_code error;
  if (!fs::exists(data_dir, error)) return absl::OkStatus();
  if (fs::is_directory(data_dir, error) && fs::is_empty(data_dir, error)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      data_dir, " is there already and is not empty: move it away, or name another folder"));
}

}  // namespace

absl::StatusOr<Backup> RestoreBackup(const std::string& directory, uint32_t number,
                                     const std::string& data_dir) {
  if (absl::Status is_free = CheckIsFree(data_dir); !is_free.ok()) return is_free;
  std::error_code error;
  if (!fs::exists(absl::StrCat(directory, "/", kTablesPart), error)) {
    return absl::NotFoundError(absl::StrCat("there are no backups in ", directory));
  }
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  const rocksdb::IOStatus open = rocksdb::BackupEngineReadOnly::Open(
      EngineOptions(directory), rocksdb::Env::Default(), &opened);
  const std::unique_ptr<rocksdb::BackupEngineReadOnly> engine(opened);
  if (!open.ok()) return ToStatus("backups", open);
  std::vector<rocksdb::BackupInfo> infos;
  engine->GetBackupInfo(&infos);
  const auto wanted = std::find_if(infos.rbegin(), infos.rend(), [number](const auto& info) {
    return number == 0 || info.backup_id == number;
  });
  if (wanted == infos.rend()) {
    return absl::NotFoundError(
        number == 0 ? absl::StrCat("there are no sound backups in ", directory)
                    : absl::StrCat("there is no sound backup ", number, " in ", directory));
  }
  const BackupNote note = NoteOf(*wanted);
  absl::Status sound =
      ToStatus("backup", engine->VerifyBackup(wanted->backup_id, /*verify_with_checksum=*/true));
  if (sound.ok()) sound = VerifyFiles(directory, note);
  if (!sound.ok()) return sound;

  // Beside its place first: a name is changed as a whole.
  const std::string partial = absl::StrCat(data_dir, ".restoring");
  fs::remove_all(partial, error);
  if (!error) fs::create_directories(partial, error);
  if (error) return FileError("create", partial, error);
  absl::Status copied = CopyBack(directory, engine.get(), wanted->backup_id, note, partial);
  if (!copied.ok()) return copied;
  if (absl::Status synced = SyncDirectory(partial); !synced.ok()) return synced;
  fs::remove(data_dir, error);  // an empty folder, or nothing
  if (!error) fs::rename(partial, data_dir, error);
  if (error) return FileError("create", data_dir, error);
  return Told(*wanted);
}

}  // namespace touchstone::store
