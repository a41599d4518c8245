// Everything that was acknowledged survives a power cut at any moment; and the canary: without
// syncing, this test notices that it does not.

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/receipts.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/crash_workload.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {

class WriterTestPeer {
 public:
  static void StopSyncing(Writer* writer) { writer->set_sync(false); }
};

namespace {

class PowerCutTest : public ::testing::Test {
 protected:
  PowerCutTest()
      : faults_(std::make_shared<FaultFileSystem>()), seed_(TestSeed()), random_(seed_) {}

  void Open() {
    StoreOptions store_options;
    store_options.path = directory_.Sub("store");
    store_options.file_system = faults_;
    store_options.write_buffer_bytes = size_t{256}
                                       << 10;  // so that tables are written all the time
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(store_options);
    ASSERT_TRUE(store.ok()) << store.status() << " seed " << seed_;
    store_ = *std::move(store);
    ReceiptLogOptions receipt_options;
    receipt_options.path = directory_.Sub("receipts");
    receipt_options.file_system = faults_;
    receipt_options.segment_bytes = 2000;
    receipt_options.flush_interval = absl::ZeroDuration();
    absl::StatusOr<std::unique_ptr<ReceiptLog>> receipts = ReceiptLog::Open(receipt_options);
    ASSERT_TRUE(receipts.ok()) << receipts.status() << " seed " << seed_;
    receipts_ = *std::move(receipts);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }

  void Close() {
    writer_.reset();
    store_.reset();
    receipts_.reset();
  }

  // Submits the number; what is acknowledged is remembered, from the writer's thread.
  void Submit(uint64_t number) {
    if (IsReceipt(number)) {
      if (!AppendCrashReceipt(number, receipts_.get()).ok()) return;
      if (!receipts_->Flush().ok()) return;
      std::lock_guard<std::mutex> lock(mutex_);
      acknowledged_.insert(number);
      return;
    }
    const absl::Status queued = writer_->Submit(
        CrashEntry(number), [this, number](const absl::StatusOr<storage::EntryResult>& result) {
          if (!result.ok()) return;
          std::lock_guard<std::mutex> lock(mutex_);
          acknowledged_.insert(number);
          highest_epoch_ = std::max(highest_epoch_, result->epoch());
        });
    EXPECT_TRUE(queued.ok() || power_is_cut_) << queued;
  }

  std::vector<std::string> Check() {
    return CheckAfterCrash(*store_, receipts_.get(), acknowledged_, highest_epoch_);
  }

  TemporaryDirectory directory_;
  std::shared_ptr<FaultFileSystem> faults_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ReceiptLog> receipts_;
  std::unique_ptr<Writer> writer_;
  bool power_is_cut_ = false;

  std::mutex mutex_;  // guards the two below while a writer lives
  std::set<uint64_t> acknowledged_;
  uint64_t highest_epoch_ = 0;
};

// How often: what TOUCHSTONE_POWER_CUTS says.
int PowerCuts() {
  const char* given = std::getenv("TOUCHSTONE_POWER_CUTS");
  return given != nullptr ? std::atoi(given) : 60;
}

TEST_F(PowerCutTest, EveryAcknowledgedWriteIsThereOnceAfterEachPowerCut) {
  Open();
  ASSERT_TRUE(PrepareForCrashes(writer_.get()).ok());
  const int cuts = PowerCuts();
  uint64_t next = 0;
  uint64_t round_start = 0;
  for (int round = 0; round < cuts; ++round) {
    power_is_cut_ = false;
    // What the last round left open is made again: it must count once.
    for (uint64_t number = round_start; number < next; ++number) {
      if (!IsReceipt(number)) Submit(number);
    }
    round_start = next;
    const uint64_t cut_at = next + random_() % 600;
    const uint64_t until = cut_at + random_() % 50;
    for (; next < until; ++next) {
      if (next == cut_at) {
        power_is_cut_ = true;
        faults_->CutPower();
      }
      Submit(next);
    }
    if (!power_is_cut_) faults_->CutPower();
    Close();
    faults_->RestorePower(round % 2 == 0 ? &random_ : nullptr);
    Open();
    const std::vector<std::string> faults = Check();
    ASSERT_TRUE(faults.empty()) << "round " << round << " seed " << seed_ << "\n"
                                << absl::StrJoin(faults, "\n");
  }
  std::printf("%d power cuts, %zu writes acknowledged\n", cuts, acknowledged_.size());
  EXPECT_GT(acknowledged_.size(), 1000u);
  EXPECT_GT(highest_epoch_, 10u);
}

// Opening writes as well: a log is replayed, tables and manifests are written.
TEST_F(PowerCutTest, APowerCutWhileOpeningLosesNothing) {
  Open();
  ASSERT_TRUE(PrepareForCrashes(writer_.get()).ok());
  for (uint64_t number = 0; number < 300; ++number) Submit(number);
  Close();
  for (int round = 0; round < 20; ++round) {
    faults_->FailWrites(1 + static_cast<int>(random_() % 4));
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.file_system = faults_;
    absl::StatusOr<std::unique_ptr<Store>> half_open = Store::Open(options);
    faults_->CutPower();
    if (half_open.ok()) half_open->reset();
    faults_->FailWrites(0);
    faults_->RestorePower(&random_);
    Open();
    const std::vector<std::string> faults = Check();
    ASSERT_TRUE(faults.empty()) << "seed " << seed_ << "\n" << absl::StrJoin(faults, "\n");
    Close();
  }
}

TEST_F(PowerCutTest, TheCheckNoticesALossWhenNothingIsSynced) {
  Open();
  ASSERT_TRUE(PrepareForCrashes(writer_.get()).ok());
  WriterTestPeer::StopSyncing(writer_.get());
  for (uint64_t number = 0; number < 15; ++number) Submit(number);
  writer_.reset();  // all are acknowledged
  ASSERT_EQ(acknowledged_.size(), 15u);
  faults_->CutPower();
  Close();
  faults_->RestorePower(nullptr);
  Open();
  EXPECT_THAT(Check(), ::testing::Contains(::testing::HasSubstr("was acknowledged")));
}

}  // namespace
}  // namespace touchstone::store
