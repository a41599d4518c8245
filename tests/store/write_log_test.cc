// Damage to RocksDB's write-ahead log: a torn end is left out, anything else is refused and named.

#include "store/write_log.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using ::testing::HasSubstr;

std::string ReadBytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class WriteLogTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& path,
                                              size_t write_buffer_bytes = size_t{8} << 20) {
    StoreOptions options;
    options.path = path;
    options.write_buffer_bytes = write_buffer_bytes;
    options.cache_bytes = size_t{1} << 20;
    return Store::Open(options);
  }

  // One event after another, each acknowledged; a long one fills several blocks.
  void WriteEvents(int count, size_t bytes) {
    absl::StatusOr<std::unique_ptr<Store>> store = Open(original_);
    ASSERT_TRUE(store.ok()) << store.status();
    Writer writer(store->get(), WriterOptions());
    for (int i = 0; i < count; ++i) {
      storage::Entry entry = EventEntry("anna", absl::StrCat("e-", i));
      entry.mutable_append_events()->mutable_items(0)->mutable_event()->set_body(
          std::string(bytes, static_cast<char>('a' + i % 26)));
      ASSERT_TRUE(writer.Write(entry).ok());
    }
  }

  // The log with the most bytes.
  std::string LogOf(const std::string& folder) {
    std::string largest;
    uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder)) {
      if (file.path().extension() != ".log" || file.file_size() <= bytes) continue;
      bytes = file.file_size();
      largest = file.path().string();
    }
    return largest;
  }

  // A copy of the store whose log is `log`.
  void CopyWith(const std::string& log) {
    std::filesystem::remove_all(copy_);
    std::filesystem::copy(original_, copy_);
    WriteBytes(LogOf(copy_), log);
  }

  int EventsIn(Store& store) {
    const auto events =
        store.ListEvents("anna", absl::InfinitePast(), absl::InfiniteFuture(), 10'000);
    EXPECT_TRUE(events.ok()) << events.status();
    return events.ok() ? static_cast<int>(events->size()) : -1;
  }

  TemporaryDirectory directory_;
  const std::string original_ = directory_.Sub("store");
  const std::string copy_ = directory_.Sub("copy");
};

TEST_F(WriteLogTest, ADamagedByteBeforeAcknowledgedWritesIsRefusedAndNamed) {
  WriteEvents(20, 100);
  std::string log = ReadBytes(LogOf(original_));
  log[log.size() / 2] ^= 0x10;
  CopyWith(log);
  const absl::Status status = Open(copy_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(std::filesystem::path(LogOf(copy_)).filename().string()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("acknowledged"));
  EXPECT_EQ(ReadBytes(LogOf(copy_)), log);  // nothing was changed

  log[log.size() / 2] ^= 0x10;
  WriteBytes(LogOf(copy_), log);
  absl::StatusOr<std::unique_ptr<Store>> mended = Open(copy_);
  ASSERT_TRUE(mended.ok()) << mended.status();
  EXPECT_EQ(EventsIn(**mended), 20);
}

TEST_F(WriteLogTest, ATornEndIsLeftOutWhereverItIsTorn) {
  WriteEvents(12, 100);
  const std::string log = ReadBytes(LogOf(original_));
  CopyWith(log);
  // Each batch takes as many bytes as the one before, and the first holds the format besides.
  for (const size_t cut : {1, 2, 7, 8, 20, 60}) {
    CopyWith(log.substr(0, log.size() - cut));
    absl::StatusOr<std::unique_ptr<Store>> store = Open(copy_);
    ASSERT_TRUE(store.ok()) << store.status() << ", cut off: " << cut;
    ASSERT_EQ(EventsIn(**store), 11);
  }
}

// A crash in the middle of the first batch of a log, and another one before that log was deleted.
TEST_F(WriteLogTest, AnOldLogThatIsTornInItsFirstBatchIsOfNoAccount) {
  WriteEvents(10, 100);
  WriteEvents(20, 100);  // what is in the log from before has come into a table
  const std::string log = ReadBytes(LogOf(original_));
  for (const size_t bytes : {size_t{10}, size_t{50}, log.size() / 2}) {
    std::filesystem::remove_all(copy_);
    std::filesystem::copy(original_, copy_);
    WriteBytes(copy_ + "/000001.log", log.substr(0, bytes));
    absl::StatusOr<std::unique_ptr<Store>> store = Open(copy_);
    ASSERT_TRUE(store.ok()) << bytes << ": " << store.status();
    EXPECT_EQ(EventsIn(**store), 20);
  }
}

TEST_F(WriteLogTest, AnOldLogThatIsTornAndStillCountsTakesNoAcknowledgedWriteInSilence) {
  WriteEvents(20, 100);
  const std::string log = ReadBytes(LogOf(original_));
  int refused = 0;
  for (size_t bytes = 10; bytes < log.size(); bytes += log.size() / 17) {
    std::filesystem::remove_all(copy_);
    std::filesystem::copy(original_, copy_);
    WriteBytes(copy_ + "/000001.log", log.substr(0, bytes));
    const absl::StatusOr<std::unique_ptr<Store>> store = Open(copy_);
    if (store.ok()) {
      EXPECT_EQ(EventsIn(**store), 20) << bytes;
    } else {
      EXPECT_EQ(store.status().code(), absl::StatusCode::kDataLoss) << bytes;
      ++refused;
    }
  }
  EXPECT_GT(refused, 0);
}

TEST_F(WriteLogTest, AHoleOfZeroesIsDamage) {
  WriteEvents(20, 100);
  std::string log = ReadBytes(LogOf(original_));
  std::fill_n(log.begin() + static_cast<std::ptrdiff_t>(log.size() / 4), log.size() / 4, '\0');
  CopyWith(log);
  EXPECT_EQ(Open(copy_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(WriteLogTest, ZeroesBehindTheEndAreNoDamage) {
  WriteEvents(20, 100);
  CopyWith(ReadBytes(LogOf(original_)) + std::string(5000, '\0'));
  absl::StatusOr<std::unique_ptr<Store>> store = Open(copy_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ(EventsIn(**store), 20);
}

TEST_F(WriteLogTest, ALogThatIsMissingIsRefused) {
  {
    absl::StatusOr<std::unique_ptr<Store>> store = Open(original_, size_t{64} << 10);
    ASSERT_TRUE(store.ok()) << store.status();
    Writer writer(store->get(), WriterOptions());
    ASSERT_TRUE(writer.Write(EventEntry("anna", "e-1")).ok());
    // Fills the memory of another family until the log changes.
    for (int i = 0; i < 64; ++i) {
      storage::Entry entry = EmptyEntry();
      entry.mutable_import_reference()->set_table("product");
      entry.mutable_import_reference()->set_snapshot(std::string(size_t{16} << 10, 'x'));
      ASSERT_TRUE(writer.Write(entry).ok());
    }
  }
  std::vector<std::string> logs;
  for (const auto& file : std::filesystem::directory_iterator(original_)) {
    if (file.path().extension() == ".log") logs.push_back(file.path().string());
  }
  std::sort(logs.begin(), logs.end());
  ASSERT_GE(logs.size(), 2u) << "the log did not change: this test needs more writes";
  std::filesystem::remove(logs.front());
  const absl::Status status = Open(original_).status();
  EXPECT_FALSE(status.ok());
}

// Either it is refused, or everything but the last batch is there.
TEST_F(WriteLogTest, NoFlippedByteTakesAnAcknowledgedWriteInSilence) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  WriteEvents(25, 9000);  // some batches cross a block
  const std::string log = ReadBytes(LogOf(original_));
  int refused = 0;
  for (int round = 0; round < 150; ++round) {
    std::string damaged = log;
    const size_t at = random() % damaged.size();
    damaged[at] = static_cast<char>(damaged[at] ^ (1 + random() % 255));
    CopyWith(damaged);
    absl::StatusOr<std::unique_ptr<Store>> store = Open(copy_);
    if (!store.ok()) {
      ASSERT_EQ(store.status().code(), absl::StatusCode::kDataLoss) << store.status();
      ++refused;
      continue;
    }
    ASSERT_GE(EventsIn(**store), 24) << "byte " << at << ", seed " << seed;
  }
  EXPECT_GT(refused, 100) << "seed " << seed;
}

}  // namespace
}  // namespace touchstone::store
