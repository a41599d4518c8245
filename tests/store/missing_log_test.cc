// A store whose manifest notes a log that was deleted: refused only when its rows are in no table.

#include "store/missing_log.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/crc32c.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using ::testing::HasSubstr;

std::string LittleEndian(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
  return text;
}

std::string Varint(uint64_t value) {
  std::string text;
  for (; value >= 0x80; value >>= 7) text.push_back(static_cast<char>(value | 0x80));
  text.push_back(static_cast<char>(value));
  return text;
}

// An edit of the manifest: a log of this many bytes is whole (rocksdb/db/version_edit.h,
// wal_edit.cc), as a record of the form that store/write_log.h describes.
std::string NoteOfLog(uint64_t number, uint64_t bytes) {
  constexpr uint64_t kWalAddition = 8199;
  constexpr uint64_t kSize = 2;
  constexpr uint64_t kEnd = 1;
  const std::string log = absl::StrCat(Varint(number), Varint(kSize), Varint(bytes), Varint(kEnd));
  const std::string edit = absl::StrCat(Varint(kWalAddition), Varint(log.size()), log);
  const std::string whole_record = "\x01";
  const uint32_t crc = ExtendCrc32c(0, whole_record + edit);
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8;
  return absl::StrCat(LittleEndian(masked, 4), LittleEndian(edit.size(), 2), whole_record, edit);
}

constexpr int kMostImports = 2000;

class MissingLogTest : public ::testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Store>> Open() {
    StoreOptions options;
    options.path = path_;
    options.write_buffer_bytes = size_t{64} << 10;
    options.cache_bytes = size_t{1} << 20;
    return Store::Open(options);
  }

  // An event that is in no table, and so much of another family that the log changes again and
  // again: after the first change, the manifest is begun anew without a note of what is obsolete.
  void WriteLogs() {
    absl::StatusOr<std::unique_ptr<Store>> store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    Writer writer(store->get(), WriterOptions());
    ASSERT_TRUE(writer.Write(EventEntry("anna", "e-1")).ok());
    for (int i = 0; i < kMostImports && Logs().size() < 4; ++i) {
      storage::Entry entry = EmptyEntry();
      entry.mutable_import_reference()->set_table("product");
      entry.mutable_import_reference()->set_snapshot(std::string(size_t{16} << 10, 'x'));
      ASSERT_TRUE(writer.Write(entry).ok());
    }
    position_ = (*store)->progress().position();
  }

  std::vector<uint64_t> Logs() {
    std::vector<uint64_t> numbers;
    for (const auto& file : std::filesystem::directory_iterator(path_)) {
      uint64_t number = 0;
      if (file.path().extension() == ".log" &&
          absl::SimpleAtoi(file.path().stem().string(), &number)) {
        numbers.push_back(number);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  void NoteLog(uint64_t number) {
    std::string manifest;
    std::ifstream(path_ + "/CURRENT") >> manifest;
    std::ofstream(path_ + "/" + manifest, std::ios::binary | std::ios::app)
        << NoteOfLog(number, /*bytes=*/100);
  }

  uint64_t position_ = 0;  // of the last entry that was written
  TemporaryDirectory directory_;
  const std::string path_ = directory_.Sub("store");
};

TEST_F(MissingLogTest, ALogOfWhichAllIsInTablesIsNotWanted) {
  WriteLogs();
  const std::vector<uint64_t> logs = Logs();
  ASSERT_EQ(logs.size(), 4u) << "the log did not change: this test needs more writes";
  NoteLog(logs.front() - 1);
  for (int i = 0; i < 2; ++i) {
    const absl::StatusOr<std::unique_ptr<Store>> store = Open();
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_EQ((*store)->progress().position(), position_);
    const auto events =
        (*store)->ListEvents("anna", absl::InfinitePast(), absl::InfiniteFuture(), 10);
    ASSERT_TRUE(events.ok()) << events.status();
    EXPECT_EQ(events->size(), 1u);
  }
}

TEST_F(MissingLogTest, ALogThatIsWantedIsRefused) {
  WriteLogs();
  const std::vector<uint64_t> logs = Logs();
  ASSERT_EQ(logs.size(), 4u) << "the log did not change: this test needs more writes";
  ASSERT_GT(logs[1], logs[0] + 1);
  NoteLog(logs[0] + 1);
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = Open().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat(logs[0] + 1)));
  }
}

}  // namespace
}  // namespace touchstone::store
