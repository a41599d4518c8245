// Backups: what is in them, what they share, that damage is found, and that restoring is whole.

#include "store/backup.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/verify.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

void WriteFile(const std::string& path, absl::string_view bytes) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    fs::create_directories(directory_.Sub("data"));
    OpenStore();
    WriteFile(Data("receipts/1"), "one");
    WriteFile(Data("receipts/2"), "two");
    WriteFile(Data("token.key"), "secret");
  }

  void OpenStore() {
    StoreOptions options;
    options.path = Data(kStoreFolder);
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }

  std::string Data(const std::string& path) { return directory_.Sub("data/" + path); }
  std::string Place(const std::string& path = "") { return directory_.Sub("backups/" + path); }

  void Append(int from, int until) {
    for (int i = from; i < until; ++i) {
      ASSERT_TRUE(writer_->Write(EventEntry(absl::StrCat("x", i % 7), absl::StrCat("e-", i))).ok());
    }
  }

  absl::StatusOr<Backup> Create(uint32_t keep = 0) {
    absl::StatusOr<std::unique_ptr<Backups>> backups = Backups::Open(Place());
    if (!backups.ok()) return backups.status();
    return (*backups)->Create(*store_, directory_.Sub("data"), {"receipts", "token.key"}, kNow,
                              keep);
  }

  absl::StatusOr<Backup> Restore(uint32_t number, const std::string& name) {
    return RestoreBackup(Place(), number, directory_.Sub(name));
  }

  // Events of all customers in a restored folder.
  static size_t EventsIn(const std::string& data_dir) {
    StoreOptions options;
    options.path = data_dir + "/" + kStoreFolder;
    options.create_if_missing = false;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    if (!store.ok()) return 0;
    const absl::StatusOr<VerifyReport> report = VerifyStore(**store, [](absl::string_view) {});
    EXPECT_TRUE(report.ok() && report->sound()) << report.status();
    return report->events;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(BackupTest, HoldsWhatWasAcknowledgedBeforeAndTheFilesBesideIt) {
  Append(0, 100);
  const absl::StatusOr<Backup> backup = Create();
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(backup->number, 1u);
  EXPECT_EQ(backup->position, 100u);
  EXPECT_EQ(backup->created, kNow);
  EXPECT_EQ(backup->file_bytes, 12u);
  EXPECT_GT(backup->store_bytes, 0u);
  EXPECT_GE(backup->copied_bytes, backup->file_bytes);
  Append(100, 150);

  ASSERT_TRUE(Restore(0, "restored").ok());
  EXPECT_EQ(EventsIn(directory_.Sub("restored")), 100u);
  EXPECT_EQ(ReadFile(directory_.Sub("restored/receipts/2")), "two");
  EXPECT_EQ(ReadFile(directory_.Sub("restored/token.key")), "secret");
  EXPECT_FALSE(fs::exists(directory_.Sub("restored.restoring")));
}

TEST_F(BackupTest, CopiesOnlyWhatIsNew) {
  Append(0, 2000);
  const std::string sealed(1 << 20, 'r');
  WriteFile(Data("receipts/0"), sealed);
  const absl::StatusOr<Backup> first = Create();
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT(first->copied_bytes, sealed.size());
  const absl::StatusOr<Backup> idle = Create();
  ASSERT_TRUE(idle.ok()) << idle.status();
  // Its own log, options and list of files, and nothing of the tables and receipts.
  EXPECT_LT(idle->copied_bytes, sealed.size() / 4);
  EXPECT_EQ(idle->file_bytes, sealed.size() + 12);

  WriteFile(Data("receipts/2"), "two and more");
  WriteFile(Data("receipts/3"), "three");
  const absl::StatusOr<Backup> third = Create();
  ASSERT_TRUE(third.ok()) << third.status();
  EXPECT_EQ(third->file_bytes, sealed.size() + 26);
  ASSERT_TRUE(Restore(1, "first").ok());
  ASSERT_TRUE(Restore(3, "third").ok());
  EXPECT_EQ(ReadFile(directory_.Sub("first/receipts/2")), "two");
  EXPECT_FALSE(fs::exists(directory_.Sub("first/receipts/3")));
  EXPECT_EQ(ReadFile(directory_.Sub("third/receipts/2")), "two and more");
}

TEST_F(BackupTest, KeepsAsManyAsAreWanted) {
  for (int i = 0; i < 4; ++i) {
    Append(10 * i, 10 * i + 10);
    ASSERT_TRUE(Create(/*keep=*/2).ok());
  }
  const std::vector<Backup> left = (*Backups::Open(Place()))->List();
  EXPECT_THAT(left, ElementsAre(AllOf(Field(&Backup::number, 3), Field(&Backup::position, 30)),
                                AllOf(Field(&Backup::number, 4), Field(&Backup::position, 40))));
  std::set<std::string> folders;
  for (const auto& entry : fs::directory_iterator(Place("files"))) {
    folders.insert(entry.path().filename());
  }
  EXPECT_THAT(folders, SizeIs(2));
  ASSERT_TRUE(Restore(3, "third").ok());
  EXPECT_EQ(EventsIn(directory_.Sub("third")), 30u);
  EXPECT_TRUE(absl::IsNotFound(Restore(1, "other").status()));
}

TEST_F(BackupTest, IsMadeWhileEventsArrive) {
  std::thread writing([this] { Append(0, 3000); });
  for (int i = 0; i < 3; ++i) {
    const absl::StatusOr<Backup> backup = Create();
    ASSERT_TRUE(backup.ok()) << backup.status();
    const std::string name = absl::StrCat("restored-", i);
    ASSERT_TRUE(Restore(backup->number, name).ok());
    EXPECT_GE(EventsIn(directory_.Sub(name)), backup->position);
  }
  writing.join();
}

// Each file of the backup in turn.
TEST_F(BackupTest, DamageIsFoundBeforeAnythingIsRestored) {
  Append(0, 200);
  ASSERT_TRUE(Create().ok());
  std::vector<std::string> files;
  for (const char* part : {"store/shared_checksum", "files/1"}) {
    for (const auto& entry : fs::recursive_directory_iterator(Place(part))) {
      if (entry.is_regular_file() && entry.file_size() > 0) files.push_back(entry.path());
    }
  }
  ASSERT_GE(files.size(), 4u);
  for (const std::string& file : files) {
    const std::string bytes = ReadFile(file);
    std::string damaged = bytes;
    damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x20);
    for (const std::string& content : {damaged, bytes.substr(1), bytes + "x"}) {
      WriteFile(file, content);
      const absl::StatusOr<Backup> restored = Restore(0, "restored");
      EXPECT_TRUE(absl::IsDataLoss(restored.status()) || absl::IsNotFound(restored.status()))
          << file << ": " << restored.status();
      EXPECT_FALSE(fs::exists(directory_.Sub("restored"))) << file;
    }
    WriteFile(file, bytes);
  }
  EXPECT_TRUE(Restore(0, "restored").ok());
}

TEST_F(BackupTest, NeverRestoresOverWhatIsThere) {
  Append(0, 10);
  ASSERT_TRUE(Create().ok());
  const absl::StatusOr<Backup> over = Restore(0, "data");
  EXPECT_TRUE(absl::IsFailedPrecondition(over.status())) << over.status();
  EXPECT_THAT(std::string(over.status().message()), HasSubstr("move it away"));
  fs::create_directories(directory_.Sub("empty"));
  EXPECT_TRUE(Restore(0, "empty").ok());
}

TEST_F(BackupTest, WhatACrashLeftBehindIsClearedAway) {
  Append(0, 10);
  ASSERT_TRUE(Create().ok());
  WriteFile(Place("files/2/receipts/1"), "half a");
  WriteFile(directory_.Sub("restored.restoring/receipts/9"), "half a");
  ASSERT_TRUE(Create().ok());
  EXPECT_EQ(ReadFile(Place("files/2/receipts/1")), "one");
  ASSERT_TRUE(Restore(2, "restored").ok());
  EXPECT_FALSE(fs::exists(directory_.Sub("restored/receipts/9")));
}

TEST_F(BackupTest, SaysWhatIsWrongWithAPlace) {
  EXPECT_TRUE(absl::IsNotFound(Restore(0, "restored").status()));
  WriteFile(directory_.Sub("file"), "");
  EXPECT_TRUE(absl::IsUnavailable(Backups::Open(directory_.Sub("file/backups")).status()));

  const auto open = Backups::Open(Place());
  ASSERT_TRUE(open.ok());
  EXPECT_THAT((*open)->List(), SizeIs(0));
  const auto twice = Backups::Open(Place());
  EXPECT_TRUE(absl::IsFailedPrecondition(twice.status())) << twice.status();
}

}  // namespace
}  // namespace touchstone::store
