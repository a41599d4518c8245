#include "store/receipts.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/crc32c.h"
#include "store/receipt_segment.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;

absl::Time At(int64_t second) { return absl::FromUnixSeconds(1'764'000'000 + second); }

std::string Content(int i) { return absl::StrCat("receipt ", i, std::string(i % 97, 'x')); }

class ReceiptLogTest : public ::testing::Test {
 protected:
  ReceiptLogTest() : faults_(std::make_shared<FaultFileSystem>()) {
    options_.path = directory_.Sub("receipts");
    options_.file_system = faults_;
    options_.buffer_bytes = size_t{1} << 20;
    options_.flush_interval = absl::ZeroDuration();
    Open();
  }

  void Open() {
    absl::StatusOr<std::unique_ptr<ReceiptLog>> log = ReceiptLog::Open(options_);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
  }

  void AppendRange(int from, int until) {
    for (int i = from; i < until; ++i) {
      ASSERT_TRUE(log_->Append(absl::StrCat("d", i), At(i), Content(i)).ok());
    }
  }

  void ExpectFound(int from, int until) {
    for (int i = from; i < until; ++i) {
      const absl::StatusOr<std::string> found = log_->Find(absl::StrCat("d", i));
      ASSERT_TRUE(found.ok()) << i << " " << found.status();
      ASSERT_EQ(*found, Content(i));
    }
  }

  std::vector<std::string> Scanned(absl::Time from, absl::Time until) {
    std::vector<std::string> ids;
    const absl::Status status = log_->Scan(from, until, [&](const ReceiptRef& receipt) {
      ids.emplace_back(receipt.decision_id);
      return true;
    });
    EXPECT_TRUE(status.ok()) << status;
    return ids;
  }

  // The only segment file, or the newest.
  std::string SegmentPath() {
    std::string newest;
    for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
      const std::string path = file.path().string();
      if (file.path().extension() == ".receipts") newest = std::max(newest, path);
    }
    return newest;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<FaultFileSystem> faults_;
  ReceiptLogOptions options_;
  std::unique_ptr<ReceiptLog> log_;
};

TEST(Crc32cTest, AgreesWithTheVectorsOfRfc3720) {
  EXPECT_EQ(ExtendCrc32c(0, "123456789"), 0xe3069283u);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(ExtendCrc32c(0, std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(ExtendCrc32c(ExtendCrc32c(0, "1234"), "56789"), 0xe3069283u);
}

TEST_F(ReceiptLogTest, FindsWhatWasAppendedAtOnceAndAfterARestart) {
  AppendRange(0, 500);
  ExpectFound(0, 500);
  EXPECT_EQ(log_->Find("d500").status().code(), absl::StatusCode::kNotFound);
  log_.reset();
  Open();
  EXPECT_EQ(log_->recovery().truncated_bytes, 0u);
  EXPECT_EQ(log_->recovery().reindexed_segments, 0u);
  ExpectFound(0, 500);
  AppendRange(500, 600);
  ExpectFound(0, 600);
  EXPECT_EQ(log_->stats().appended, 100u);
}

TEST_F(ReceiptLogTest, JoinsTheParts) {
  const std::vector<absl::string_view> parts = {"one", "", "two"};
  ASSERT_TRUE(log_->Append("d", At(0), parts).ok());
  EXPECT_EQ(*log_->Find("d"), "onetwo");
}

TEST_F(ReceiptLogTest, ScansByTimeAcrossSegments) {
  options_.segment_bytes = 2000;
  log_.reset();
  Open();
  for (int i = 0; i < 100; ++i) {
    AppendRange(i, i + 1);
    ASSERT_TRUE(log_->Flush().ok());
  }
  EXPECT_GT(log_->stats().segments, 2u);
  EXPECT_EQ(Scanned(absl::InfinitePast(), absl::InfiniteFuture()).size(), 100u);
  EXPECT_THAT(Scanned(At(40), At(43)), ElementsAre("d40", "d41", "d42"));
  EXPECT_TRUE(Scanned(At(43), At(40)).empty());
  int seen = 0;
  ASSERT_TRUE(log_->Scan(At(0), At(99), [&](const ReceiptRef&) { return ++seen < 7; }).ok());
  EXPECT_EQ(seen, 7);
  log_.reset();
  Open();
  EXPECT_THAT(Scanned(At(98), absl::InfiniteFuture()), ElementsAre("d98", "d99"));
}

TEST_F(ReceiptLogTest, ATornTailIsCutOffAndCounted) {
  AppendRange(0, 50);
  log_.reset();
  const std::string path = SegmentPath();
  const uint64_t whole = std::filesystem::file_size(path);
  for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
    if (file.path().extension() == ".index") std::filesystem::remove(file.path());
  }
  std::filesystem::resize_file(path, whole - 3);
  Open();
  EXPECT_EQ(log_->recovery().reindexed_segments, 1u);
  EXPECT_EQ(log_->recovery().truncated_bytes, FrameBytes(3, Content(49).size()) - 3);
  ExpectFound(0, 49);
  EXPECT_EQ(log_->Find("d49").status().code(), absl::StatusCode::kNotFound);
  AppendRange(49, 60);
  ExpectFound(0, 60);
}

TEST_F(ReceiptLogTest, ADamagedReceiptIsDataLossAndNamesItsSegment) {
  AppendRange(0, 3);
  log_.reset();
  {
    std::fstream file(SegmentPath(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(kSegmentHeaderBytes + kFrameHeaderBytes + 4);
    file.put('?');
  }
  Open();
  const absl::Status status = log_->Find("d0").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("segment 1"));
  ExpectFound(1, 3);
  EXPECT_EQ(log_->Scan(At(0), At(9), [](const ReceiptRef&) { return true; }).code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(ReceiptLogTest, WithoutRoomAReceiptIsNotTakenAndCounted) {
  faults_->HoldReads();  // nothing is read by Append
  options_.buffer_bytes = 4000;
  options_.flush_interval = absl::Hours(1);
  log_.reset();
  Open();
  // Half of the buffer takes, and a write begins when it is half full: a receipt of the full half
  // is always taken, one byte more never.
  const size_t room = 2000 - FrameBytes(1, 0);
  EXPECT_EQ(log_->Append("a", At(0), std::string(room + 1, 'x')).code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(log_->Append("b", At(0), std::string(room, 'x')).ok());
  EXPECT_EQ(log_->stats().shed, 1u);
  EXPECT_EQ(log_->stats().appended, 1u);
  faults_->ReleaseReads();
}

TEST_F(ReceiptLogTest, RefusesIdsAndReceiptsBeyondTheirLimits) {
  EXPECT_TRUE(log_->Append(std::string(kMaxDecisionIdBytes, 'i'), At(0), "x").ok());
  EXPECT_EQ(log_->Append(std::string(kMaxDecisionIdBytes + 1, 'i'), At(0), "x").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(log_->Append("", At(0), "x").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(log_->Append("d", At(0), std::string(kMaxReceiptBytes + 1, 'x')).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ReceiptLogTest, OldSegmentsAreDeletedWholeBySizeAndByAge) {
  options_.segment_bytes = 2000;
  options_.retention_bytes = 10000;
  log_.reset();
  Open();
  for (int i = 0; i < 300; ++i) {
    AppendRange(i, i + 1);
    ASSERT_TRUE(log_->Flush().ok());
  }
  EXPECT_LE(log_->stats().bytes, 10000u + 2200u);
  EXPECT_EQ(log_->Find("d0").status().code(), absl::StatusCode::kNotFound);
  ExpectFound(290, 300);
  options_.retention_age = absl::Seconds(20);
  log_.reset();
  Open();
  EXPECT_LT(Scanned(At(0), At(1000)).size(), 70u);
  ExpectFound(280, 300);
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
    files += file.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 2 * log_->stats().segments);
}

TEST_F(ReceiptLogTest, ADeviceThatRefusesIsSaidSoAndUsedAgainWhenItRecovers) {
  options_.retry_interval = absl::Hours(1);  // only Flush tries
  log_.reset();
  Open();
  AppendRange(0, 10);
  ASSERT_TRUE(log_->Flush().ok());
  faults_->set_no_space(true);
  AppendRange(10, 12);
  EXPECT_EQ(log_->Flush().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(log_->Append("d12", At(12), "x").code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(log_->stats().lost, 2u);
  EXPECT_EQ(log_->stats().shed, 1u);
  ExpectFound(0, 10);
  faults_->set_no_space(false);
  EXPECT_TRUE(log_->Flush().ok());
  AppendRange(20, 30);
  ExpectFound(20, 30);
  log_.reset();
  Open();
  ExpectFound(0, 10);
  ExpectFound(20, 30);
}

TEST_F(ReceiptLogTest, AFailedSyncCountsWhatItMayHaveLost) {
  options_.retry_interval = absl::Hours(1);
  options_.sync_interval = absl::Hours(1);
  log_.reset();
  Open();
  AppendRange(0, 3);
  faults_->FailSyncs(1);
  EXPECT_EQ(log_->Flush().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(log_->stats().lost, 3u);
  EXPECT_TRUE(log_->Flush().ok());
}

TEST_F(ReceiptLogTest, APowerCutKeepsWhatWasFlushed) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  options_.segment_bytes = 3000;
  int written = 0;
  for (int round = 0; round < 50; ++round) {
    log_.reset();
    Open();
    const int until = written + static_cast<int>(random() % 60);
    for (int i = written; i < until; ++i) {
      AppendRange(i, i + 1);
      if (random() % 5 == 0) log_->Find("none").status().IgnoreError();  // writes without a sync
    }
    ASSERT_TRUE(log_->Flush().ok());
    written = until;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(log_->Append(absl::StrCat("u", round, "-", i), At(0), Content(i)).ok());
    }
    if (random() % 2 == 0) log_->Find("none").status().IgnoreError();
    faults_->CutPower();
    log_.reset();
    faults_->RestorePower(&random);
  }
  Open();
  ExpectFound(0, written);
}

TEST_F(ReceiptLogTest, TakesReceiptsOfManyThreadsWhileOthersRead) {
  options_.segment_bytes = 20000;
  options_.buffer_bytes = size_t{8} << 20;
  log_.reset();
  Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([this, t] {
      for (int i = 0; i < 500; ++i) {
        ASSERT_TRUE(log_->Append(absl::StrCat("t", t, "-", i), At(i), Content(i)).ok());
        if (i % 50 != 0) continue;
        ASSERT_TRUE(log_->Find(absl::StrCat("t", t, "-", i / 2)).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Scanned(absl::InfinitePast(), absl::InfiniteFuture()).size(), 1500u);
}

TEST(ReceiptFrameTest, DamagedFramesAreNeverRead) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  std::mt19937_64 random(seed);
  std::string good;
  const absl::string_view part = "a receipt";
  AppendFrame("d1", 7, absl::MakeConstSpan(&part, 1), &good);
  SealFrame(good.data());
  Frame frame;
  ASSERT_EQ(ReadFrame(good, &frame), FrameCheck::kGood);
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << (random() % 8));
    EXPECT_NE(ReadFrame(bad, &frame), FrameCheck::kGood);
  }
  EXPECT_NE(ReadFrame(std::string(64, '\0'), &frame), FrameCheck::kGood);
  EXPECT_EQ(ReadFrame(good.substr(0, good.size() - 1), &frame), FrameCheck::kShort);
}

// Every third receipt.
bool IsThird(absl::string_view receipt) {
  int number = -1;
  std::sscanf(std::string(receipt).c_str(), "receipt %d", &number);
  return number >= 0 && number % 3 == 0;
}

class ReceiptErasureTest : public ReceiptLogTest {
 protected:
  ReceiptErasureTest() {
    options_.segment_bytes = 2000;
    log_.reset();
    Open();
    for (int i = 0; i < kReceipts; i += 10) {
      AppendRange(i, i + 10);
      EXPECT_TRUE(log_->Flush().ok());
    }
  }

  absl::StatusOr<uint64_t> Erase() {
    const std::atomic<bool> go_on{false};
    return log_->Erase(IsThird, &go_on);
  }

  // Each is as it was, or erased; whether all of the third ones are.
  bool ExpectOldOrErased() {
    bool all = true;
    for (int i = 0; i < kReceipts; ++i) {
      const absl::StatusOr<std::string> found = log_->Find(absl::StrCat("d", i));
      EXPECT_TRUE(found.ok()) << i << " " << found.status();
      if (!found.ok()) return false;
      if (i % 3 == 0 && IsErasedReceipt(*found)) {
        EXPECT_EQ(found->size(), Content(i).size());
        continue;
      }
      all = all && i % 3 != 0;
      EXPECT_EQ(*found, Content(i));
    }
    return all;
  }

  std::string AllBytes() {
    std::string bytes;
    for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
      std::ifstream in(file.path(), std::ios::binary);
      bytes.append(std::istreambuf_iterator<char>(in), {});
    }
    return bytes;
  }

  static constexpr int kReceipts = 100;
};

TEST_F(ReceiptErasureTest, LeavesTheOthersAndNothingOfTheErasedOnes) {
  AppendRange(kReceipts, kReceipts + 1);  // in the segment that is written
  const absl::StatusOr<uint64_t> erased = Erase();
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(*erased, 34u);
  EXPECT_TRUE(ExpectOldOrErased());
  const std::string bytes = AllBytes();
  EXPECT_EQ(bytes.find("receipt 33"), std::string::npos);
  EXPECT_NE(bytes.find("receipt 34"), std::string::npos);
  EXPECT_EQ(Scanned(absl::InfinitePast(), absl::InfiniteFuture()).size(), 67u);
  EXPECT_EQ(*Erase(), 0u);

  log_.reset();
  Open();
  EXPECT_EQ(log_->recovery().truncated_bytes, 0u);
  EXPECT_EQ(log_->recovery().reindexed_segments, 0u);
  EXPECT_TRUE(ExpectOldOrErased());
  AppendRange(kReceipts + 1, kReceipts + 2);
  EXPECT_EQ(*log_->Find(absl::StrCat("d", kReceipts + 1)), Content(kReceipts + 1));
}

TEST_F(ReceiptErasureTest, TheSegmentThatIsWrittenIsErasedToo) {
  ASSERT_TRUE(log_->Append("late", At(1), "receipt 3").ok());
  ASSERT_TRUE(Erase().ok());
  EXPECT_TRUE(IsErasedReceipt(*log_->Find("late")));
}

TEST_F(ReceiptErasureTest, APowerCutInTheMiddleLeavesEachReceiptAsItWasOrErased) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  ASSERT_TRUE(log_->Flush().ok());
  std::atomic<bool> all{false};
  int rounds = 0;
  for (; !all && rounds < 200; ++rounds) {
    std::thread cut([&] {
      const uint64_t syncs = faults_->syncs() + random() % 12;
      while (faults_->syncs() < syncs && !all) std::this_thread::yield();
      faults_->CutPower();
    });
    const absl::StatusOr<uint64_t> erased = Erase();
    all = erased.ok();
    cut.join();
    log_.reset();
    faults_->RestorePower(&random);
    Open();
    ASSERT_TRUE(log_ != nullptr) << "seed " << seed;
    EXPECT_TRUE(ExpectOldOrErased() || !all) << "seed " << seed << " round " << rounds;
    for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
      EXPECT_NE(file.path().extension(), ".new") << "seed " << seed;
    }
  }
  EXPECT_TRUE(all) << "seed " << seed;
  EXPECT_TRUE(ExpectOldOrErased());
}

TEST_F(ReceiptErasureTest, ADamagedSegmentIsAnErrorAndNothingIsLost) {
  ASSERT_TRUE(log_->Flush().ok());
  log_.reset();
  const std::string first = options_.path + "/0000000000000001.receipts";
  std::fstream file(first, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(200);
  file.put('\x55');
  file.close();
  Open();
  EXPECT_EQ(Erase().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ReceiptErasureTest, ADeviceThatRefusesIsAnErrorAndTheNextTryEnds) {
  faults_->set_no_space(true);
  EXPECT_FALSE(Erase().ok());
  faults_->set_no_space(false);
  while (!log_->Flush().ok()) std::this_thread::yield();
  EXPECT_TRUE(Erase().ok());
  EXPECT_TRUE(ExpectOldOrErased());
}

TEST_F(ReceiptErasureTest, StopsWhenItIsTold) {
  const std::atomic<bool> stop{true};
  EXPECT_EQ(log_->Erase(IsThird, &stop).status().code(), absl::StatusCode::kCancelled);
  EXPECT_FALSE(ExpectOldOrErased());
}

}  // namespace
}  // namespace touchstone::store
