// Rows that decisions read: wherever they are, in hashed memtables or in tables.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/pending_writes.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "tests/store/entries.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

constexpr uint32_t kNumber = 3;
constexpr uint64_t kIds = 300;
constexpr size_t kSmallBuffers = size_t{64} << 10;  // buckets are shared by several ids

std::string NumberPatch(int64_t number) {
  RecordPatch patch;
  patch.SetAttribute(kNumber, Value::Int64(number), 0, 0);
  return patch.bytes();
}

std::string Key(absl::string_view id) { return RecordRow('c', id); }

class ReadsTest : public ::testing::Test {
 protected:
  void Open(size_t write_buffer_bytes) {
    writes_.reset();
    store_.reset();
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.write_buffer_bytes = write_buffer_bytes;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writes_ = std::make_unique<PendingWrites>(&store_->database());
  }

  void Commit() {
    ASSERT_TRUE(writes_->Commit(/*sync=*/false).ok());
    writes_->Clear();
  }

  std::optional<int64_t> NumberIn(absl::string_view bytes) {
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes);
    EXPECT_TRUE(record.ok()) << record.status();
    const auto number = record->FindAttribute(kNumber);
    return number.has_value() ? std::optional(number->value.int64_value()) : std::nullopt;
  }

  // Some change of one of the first `ids` records.
  void WriteAtRandom(uint64_t ids, std::mt19937_64& random,
                     std::map<std::string, int64_t>* expected) {
    const std::string id = absl::StrCat("id-", random() % ids);
    EXPECT_EQ(*writes_->ContainsRecord(Key(id)), expected->contains(id)) << id;
    if (random() % 5 == 0) {
      writes_->Delete(Family::kCustomers, Key(id));
      expected->erase(id);
      return;
    }
    const int64_t number = static_cast<int64_t>(random() % 1000);
    if (random() % 2 == 0) {
      writes_->MakeOrMergeRecord(Key(id), NumberPatch(number));
    } else {
      writes_->MergeRecord(Key(id), NumberPatch(number));
    }
    (*expected)[id] = number;
  }

  // What reads by key and the scan find is what `expected` holds.
  void Compare(const std::map<std::string, int64_t>& expected, ReadTier tier) {
    PinnedValue value;
    for (uint64_t i = 0; i < kIds; ++i) {
      const std::string id = absl::StrCat("id-", i);
      const auto at = expected.find(id);
      const auto found = store_->GetRecord({RecordKind::kCustomer, id}, tier, &value);
      ASSERT_TRUE(found.ok()) << found.status();
      ASSERT_EQ(*found, at == expected.end() ? Found::kNotFound : Found::kFound) << id;
      ASSERT_EQ(*store_->database().Contains(Family::kCustomers, Key(id)), at != expected.end());
      if (at != expected.end()) {
        ASSERT_EQ(NumberIn(value.bytes()), at->second) << id;
      }
    }
    auto next = expected.begin();
    const absl::Status scanned = store_->ScanRecords(
        RecordKind::kCustomer, "", [&](absl::string_view id, absl::string_view record) {
          EXPECT_TRUE(next != expected.end() && next->first == id &&
                      next->second == NumberIn(record));
          if (next != expected.end()) ++next;
          return true;
        });
    ASSERT_TRUE(scanned.ok()) << scanned;
    ASSERT_TRUE(next == expected.end());
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<PendingWrites> writes_;
};

TEST_F(ReadsTest, RowsAreFoundWhereverTheyAreWritten) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  std::map<std::string, int64_t> expected;
  Open(kSmallBuffers);
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 50; ++i) WriteAtRandom(kIds, random, &expected);
    ASSERT_NO_FATAL_FAILURE(Commit());
    if (round % 20 == 19) {
      ASSERT_NO_FATAL_FAILURE(Open(kSmallBuffers));
    }
    if (round % 6 == 0) {
      ASSERT_NO_FATAL_FAILURE(Compare(expected, ReadTier::kMayBlock));
    }
  }
}

TEST_F(ReadsTest, RowsAreFoundHoweverManyWritesOfThemAreInMemory) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  std::map<std::string, int64_t> expected;
  Open(StoreOptions().write_buffer_bytes);
  for (int round = 0; round < 300; ++round) {
    for (int i = 0; i < 3; ++i) WriteAtRandom(3, random, &expected);
    ASSERT_NO_FATAL_FAILURE(Commit());
    ASSERT_NO_FATAL_FAILURE(Compare(expected, ReadTier::kMemoryOnly));
  }
}

TEST_F(ReadsTest, WhetherARecordIsThereDoesNotDependOnWhatIsRemembered) {
  Open(StoreOptions().write_buffer_bytes);
  const std::string key = Key("anna");
  EXPECT_FALSE(*writes_->ContainsRecord(key));
  writes_->MergeRecord(key, NumberPatch(1));
  EXPECT_TRUE(*writes_->ContainsRecord(key)) << "of the same batch";
  Commit();
  EXPECT_TRUE(*writes_->ContainsRecord(key));
  EXPECT_TRUE(*writes_->ContainsRecord(key)) << "from memory";
  writes_->BeginEntry();
  writes_->Delete(Family::kCustomers, key);
  EXPECT_FALSE(*writes_->ContainsRecord(key)) << "of the same batch";
  writes_->UndoEntry();
  EXPECT_TRUE(*writes_->ContainsRecord(key));
  writes_->BeginEntry();
  writes_->Delete(Family::kCustomers, key);
  writes_->KeepEntry();
  Commit();
  EXPECT_FALSE(*writes_->ContainsRecord(key));
  writes_->MergeRecord(key, NumberPatch(2));
  Commit();
  EXPECT_TRUE(*writes_->ContainsRecord(key));
}

TEST_F(ReadsTest, WhatIsFlushedStaysInMemory) {
  Open(StoreOptions().write_buffer_bytes);
  std::map<std::string, int64_t> expected;
  for (int64_t i = 0; i < static_cast<int64_t>(kIds); ++i) {
    expected[absl::StrCat("id-", i)] = i;
    writes_->MakeOrMergeRecord(Key(absl::StrCat("id-", i)), NumberPatch(i));
  }
  Commit();
  Compare(expected, ReadTier::kMemoryOnly);
  Database& database = store_->database();
  ASSERT_TRUE(database.rocks()->Flush({}, database.handle(Family::kCustomers)).ok());
  std::string tables;
  ASSERT_TRUE(database.rocks()->GetProperty(database.handle(Family::kCustomers),
                                            "rocksdb.num-files-at-level0", &tables));
  EXPECT_EQ(tables, "1");
  Compare(expected, ReadTier::kMemoryOnly);
}

}  // namespace
}  // namespace touchstone::store
