// The writer's queue: what it refuses, what waits, and what takes it along.

#include "store/writer.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <memory>
#include <mutex>

#include "gtest/gtest.h"
#include "store/store.h"
#include "tests/store/entries.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    store_ = *Store::Open(options);
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

TEST_F(WriterTest, AFullQueueRefusesAndAFullOneDrainsAgain) {
  WriterOptions writer_options;
  writer_options.queue_entries = 2;
  Writer writer(store_.get(), writer_options);

  // The first entry holds the writer's thread in its Done; the queue behind it holds two.
  std::mutex mutex;
  std::condition_variable changed;
  bool held = false, released = false;
  std::atomic<int> finished{0};
  ASSERT_TRUE(writer
                  .Submit(EventEntry("anna", "e0"),
                          [&](const absl::StatusOr<EntryResult>&) {
                            std::unique_lock<std::mutex> lock(mutex);
                            held = true;
                            changed.notify_all();
                            changed.wait(lock, [&] { return released; });
                            ++finished;
                          })
                  .ok());
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return held; });
  }
  const auto count = [&](const absl::StatusOr<EntryResult>&) { ++finished; };
  EXPECT_TRUE(writer.Submit(EventEntry("anna", "e1"), count).ok());
  EXPECT_TRUE(writer.Submit(EventEntry("anna", "e2"), count).ok());
  EXPECT_EQ(writer.Submit(EventEntry("anna", "e3"), count).code(),
            absl::StatusCode::kResourceExhausted);
  {
    std::lock_guard<std::mutex> lock(mutex);
    released = true;
  }
  changed.notify_all();
  while (finished < 3) std::this_thread::yield();
  EXPECT_TRUE(writer.Write(EventEntry("anna", "e4")).ok());
}

TEST_F(WriterTest, AnEntryThatMayWaitIsWrittenWithTheNextThatMayNot) {
  WriterOptions writer_options;
  writer_options.soon = absl::Hours(24);
  std::atomic<int> finished{0};
  const auto count = [&](const absl::StatusOr<EntryResult>& result) { finished += result.ok(); };
  {
    Writer writer(store_.get(), writer_options);
    ASSERT_TRUE(writer.Submit(EventEntry("anna", "e0"), count, Urgency::kSoon).ok());
    ASSERT_TRUE(writer.Submit(EventEntry("anna", "e1"), count, Urgency::kSoon).ok());
    EXPECT_EQ(finished, 0);
    EXPECT_TRUE(writer.Write(EventEntry("anna", "e2")).ok());
    EXPECT_EQ(finished, 2);
    ASSERT_TRUE(writer.Submit(EventEntry("anna", "e3"), count, Urgency::kSoon).ok());
  }
  EXPECT_EQ(finished, 3) << "the writer ends with an empty queue";
}

TEST_F(WriterTest, AnEntryThatMayWaitDoesNotWaitForOthers) {
  Writer writer(store_.get(), WriterOptions());
  std::atomic<int> finished{0};
  ASSERT_TRUE(writer
                  .Submit(
                      EventEntry("anna", "e0"),
                      [&](const absl::StatusOr<EntryResult>& result) { finished += result.ok(); },
                      Urgency::kSoon)
                  .ok());
  while (finished < 1) std::this_thread::yield();
}

TEST_F(WriterTest, StopsWhenWhatADoneHasSubmittedIsWrittenToo) {
  Writer writer(store_.get(), WriterOptions());
  int written = 0;
  const auto count = [&](const absl::StatusOr<EntryResult>& result) { written += result.ok(); };
  ASSERT_TRUE(writer
                  .Submit(
                      EventEntry("anna", "e0"),
                      [&](const absl::StatusOr<EntryResult>& result) {
                        count(result);
                        EXPECT_TRUE(writer.Submit(EventEntry("anna", "e1"), count).ok());
                      },
                      Urgency::kSoon)
                  .ok());
  writer.Stop();
  EXPECT_EQ(written, 2);
  EXPECT_TRUE(absl::IsUnavailable(writer.Submit(EventEntry("anna", "e2"), count)));
  EXPECT_EQ(written, 2);
}

// The first entry of a chain that must be planned again takes those behind it along, in the same
// batch and in later ones; other entries are not concerned, nor is a chain by other refusals.
TEST_F(WriterTest, NoEntryOfAChainOvertakesOneThatMustBePlannedAgain) {
  Writer writer(store_.get(), WriterOptions());
  const auto chain = std::make_shared<EntryChain>();
  const auto write = [&](const storage::Entry& entry, std::shared_ptr<EntryChain> of) {
    std::promise<EntryResult::Refusal> refusal;
    EXPECT_TRUE(writer
                    .Submit(
                        entry,
                        [&](const absl::StatusOr<EntryResult>& result) {
                          refusal.set_value(result->refusal());
                        },
                        Urgency::kNow, std::move(of))
                    .ok());
    return refusal.get_future().get();
  };
  storage::Entry outdated = EventEntry("anna", "e2");
  outdated.mutable_append_events()->set_revision(7);
  EXPECT_EQ(write(EventEntry("anna", ""), chain), EntryResult::REFUSAL_INVALID);
  EXPECT_EQ(write(EventEntry("anna", "e1"), chain), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_FALSE(chain->broken());
  EXPECT_EQ(write(outdated, chain), EntryResult::REFUSAL_REVISION_CHANGED);
  EXPECT_TRUE(chain->broken());
  EXPECT_EQ(write(EventEntry("anna", "e3"), chain), EntryResult::REFUSAL_REVISION_CHANGED);
  EXPECT_EQ(write(EventEntry("anna", "e4"), nullptr), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(write(EventEntry("anna", "e3"), std::make_shared<EntryChain>()),
            EntryResult::REFUSAL_UNSPECIFIED);
}

}  // namespace
}  // namespace touchstone::store
