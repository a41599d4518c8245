// The store on a device that stalls, fails and fills up.

#include <memory>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/database.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

class FaultTest : public ::testing::Test {
 protected:
  FaultTest() : faults_(std::make_shared<FaultFileSystem>()) { Open(); }

  void Open() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.file_system = faults_;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }

  void Reopen() {
    writer_.reset();
    store_.reset();
    Open();
  }

  absl::StatusOr<Found> Get(absl::string_view id, ReadTier tier) {
    PinnedValue value;
    absl::StatusOr<Found> found = store_->GetRecord({RecordKind::kCustomer, id}, tier, &value);
    if (found.ok() && *found == Found::kFound) {
      EXPECT_TRUE(RecordView::Parse(value.bytes()).ok()) << "an answer that is no record";
    }
    return found;
  }

  // Customers in a table on the device, and none of them in memory.
  void FillAndForget() {
    storage::Entry entry = EmptyEntry();
    for (int i = 0; i < 100; ++i) {
      *entry.mutable_append_events()->add_items() =
          EventEntry(absl::StrCat("c", i), "e").append_events().items(0);
    }
    ASSERT_TRUE(writer_->Write(entry).ok());
    Database& database = store_->database();
    ASSERT_TRUE(database.rocks()->Flush({}, database.handle(Family::kCustomers)).ok());
    Reopen();
  }

  TemporaryDirectory directory_;
  std::shared_ptr<FaultFileSystem> faults_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
};

TEST_F(FaultTest, AMemoryOnlyReadNeverWaitsForTheDevice) {
  FillAndForget();
  faults_->HoldReads();
  const uint64_t reads = faults_->reads();
  EXPECT_EQ(*Get("c7", ReadTier::kMemoryOnly), Found::kNotInMemory);
  int absent = 0;
  for (int i = 0; i < 100; ++i) {
    absent += *Get(absl::StrCat("x", i), ReadTier::kMemoryOnly) == Found::kNotFound ? 1 : 0;
  }
  EXPECT_GT(absent, 80);  // the filter says so for nearly all
  EXPECT_EQ(faults_->reads(), reads);

  absl::StatusOr<Found> found = Found::kNotFound;
  std::thread blocked([&] { found = Get("c7", ReadTier::kMayBlock); });
  faults_->AwaitHeldReads(1);
  faults_->ReleaseReads();
  blocked.join();
  EXPECT_EQ(*found, Found::kFound);
  EXPECT_EQ(*Get("c7", ReadTier::kMemoryOnly), Found::kFound);
}

TEST_F(FaultTest, AReadThatFailsIsAnErrorAndTheNextOneWorks) {
  FillAndForget();
  faults_->FailReads(1);
  EXPECT_EQ(Get("c7", ReadTier::kMayBlock).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(*Get("c7", ReadTier::kMayBlock), Found::kFound);
  EXPECT_TRUE(store_->write_status().ok());
}

TEST_F(FaultTest, AFailedSyncFailsTheWriteAndStopsWritesUntilReopened) {
  ASSERT_TRUE(writer_->Write(EventEntry("anna", "e1")).ok());
  faults_->FailSyncs(1);
  const absl::Status failed = writer_->Write(EventEntry("bert", "e1")).status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(failed.message(), "read-only until it is opened again")) << failed;
  EXPECT_EQ(writer_->Write(EventEntry("anna", "e2")).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_FALSE(store_->write_status().ok());
  EXPECT_EQ(*Get("anna", ReadTier::kMayBlock), Found::kFound);
  EXPECT_EQ(*Get("bert", ReadTier::kMayBlock), Found::kNotFound);
  Reopen();
  EXPECT_TRUE(store_->write_status().ok());
  EXPECT_TRUE(writer_->Write(EventEntry("anna", "e2")).ok());
  EXPECT_EQ(*Get("anna", ReadTier::kMayBlock), Found::kFound);
}

TEST_F(FaultTest, AFullDeviceRefusesWritesAndGoesOnReading) {
  ASSERT_TRUE(writer_->Write(EventEntry("anna", "e1")).ok());
  faults_->set_no_space(true);
  const absl::Status failed = writer_->Write(EventEntry("anna", "e2")).status();
  EXPECT_EQ(failed.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(absl::StrContains(failed.message(), "space")) << failed;
  EXPECT_EQ(*Get("anna", ReadTier::kMayBlock), Found::kFound);
  faults_->set_no_space(false);
  // Half of the record is in the log now; opening again copes with it.
  Reopen();
  EXPECT_EQ(writer_->Write(EventEntry("anna", "e1"))->applied(), 0u);
  EXPECT_EQ(writer_->Write(EventEntry("anna", "e3"))->applied(), 1u);
}

TEST_F(FaultTest, ABackgroundJobThatFailsStopsWrites) {
  ASSERT_TRUE(writer_->Write(EventEntry("anna", "e1")).ok());
  faults_->FailWrites(1);
  Database& database = store_->database();
  EXPECT_FALSE(database.rocks()->Flush({}, database.handle(Family::kCustomers)).ok());
  EXPECT_FALSE(store_->write_status().ok());
  EXPECT_EQ(writer_->Write(EventEntry("anna", "e2")).status().code(),
            absl::StatusCode::kUnavailable);
  Reopen();
  EXPECT_EQ(writer_->Write(EventEntry("anna", "e1"))->applied(), 0u);
}

TEST_F(FaultTest, AReadErrorWhileApplyingStopsWritesInsteadOfSkippingAnEntry) {
  FillAndForget();
  storage::Entry update = UpdateEntry("c7", "");
  update.mutable_update_record()->set_existence(storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  faults_->FailReads(1);
  EXPECT_EQ(writer_->Write(update).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(store_->write_status().ok());
  Reopen();
  EXPECT_EQ(writer_->Write(update)->refusal(), 0);
}

TEST_F(FaultTest, EveryAcknowledgementFollowsASync) {
  for (int i = 0; i < 10; ++i) {
    const uint64_t before = faults_->syncs();
    ASSERT_TRUE(writer_->Write(EventEntry("anna", absl::StrCat("e", i))).ok());
    EXPECT_GT(faults_->syncs(), before);
  }
  // A duplicate changes a request id's memory at most; a refusal changes nothing at all.
  const uint64_t before = faults_->syncs();
  EXPECT_NE(writer_->Write(EventEntry("anna", ""))->refusal(), 0);
  EXPECT_EQ(faults_->syncs(), before);
}

}  // namespace
}  // namespace touchstone::store
