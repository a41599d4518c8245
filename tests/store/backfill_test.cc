// What a publish says about aggregates, increments of another revision, and rebuilding a record.

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

class BackfillTest : public ::testing::Test {
 protected:
  BackfillTest() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }

  EntryResult Write(const storage::Entry& entry) {
    absl::StatusOr<EntryResult> result = writer_->Write(entry);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(EntryResult());
  }

  // Makes a revision and publishes it.
  uint64_t Publish(absl::string_view rule_set, const std::vector<uint32_t>& aggregates) {
    const uint64_t revision = Write(RevisionEntry(rule_set)).revision();
    storage::Entry entry = PublishEntry(revision);
    entry.mutable_publish_revision()->mutable_aggregates()->Add(aggregates.begin(),
                                                                aggregates.end());
    EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
    return revision;
  }

  storage::Backfill Backfill() { return store_->GetBackfill().value(); }

  uint64_t Epoch() {
    return store_->GetActiveRevision().value_or(storage::ActiveRevision()).epoch();
  }

  void Complete() {
    storage::Entry entry = EmptyEntry();
    storage::UpdateBackfill& update = *entry.mutable_update_backfill();
    update.set_epoch(Epoch());
    *update.mutable_backfill() = Backfill();
    update.mutable_backfill()->mutable_complete()->MergeFrom(Backfill().filling());
    update.mutable_backfill()->clear_filling();
    EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  }

  // Nothing when there is no record.
  std::optional<uint64_t> Visits(absl::string_view customer_id) {
    PinnedValue record;
    const auto found =
        store_->GetRecord({RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &record);
    if (!found.ok() || *found != Found::kFound) return std::nullopt;
    version_ = RecordView::Parse(record.bytes())->version();
    const auto visits = RecordView::Parse(record.bytes())->FindAggregate(kVisits);
    return visits.has_value() ? static_cast<uint64_t>(visits->Over(0, 10).count) : 0;
  }

  storage::Entry Rebuild(absl::string_view customer_id, uint64_t version, int64_t visits) {
    RecordPatch patch;
    patch.ClearAggregate(kVisits);
    patch.AddToAggregate(
        {.aggregate = kVisits, .bucket = 1, .count = visits, .sum = 0, .event_us = kTestTimeUs});
    storage::Entry entry = EmptyEntry();
    storage::RebuildRecord& rebuild = *entry.mutable_rebuild_record();
    rebuild.mutable_record()->set_kind(storage::RecordName::KIND_CUSTOMER);
    rebuild.mutable_record()->set_id(std::string(customer_id));
    rebuild.set_expected_version(version);
    rebuild.set_patch(patch.bytes());
    return entry;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
  uint64_t version_ = 0;
};

TEST_F(BackfillTest, WithoutEventsEverythingIsComplete) {
  Publish("one", {30, 10});
  EXPECT_THAT(Backfill().complete(), ElementsAre(10, 30));
  EXPECT_THAT(Backfill().filling(), IsEmpty());
  EXPECT_EQ(Backfill().started_time_us(), 0);
}

TEST_F(BackfillTest, APublishFillsWhatWasNotCompleteAndForgetsWhatIsNotDeclared) {
  Write(EventEntry("x1", "e-1"));
  Publish("one", {30, 10});
  EXPECT_THAT(Backfill().filling(), ElementsAre(10, 30));
  EXPECT_THAT(Backfill().complete(), IsEmpty());
  EXPECT_EQ(Backfill().started_time_us(), kTestTimeUs);

  Complete();
  Publish("two", {10, 20});
  EXPECT_THAT(Backfill().complete(), ElementsAre(10));
  EXPECT_THAT(Backfill().filling(), ElementsAre(20));

  // What counted nothing for a while is not complete again.
  Publish("three", {10, 30});
  EXPECT_THAT(Backfill().complete(), ElementsAre(10));
  EXPECT_THAT(Backfill().filling(), ElementsAre(30));
}

// Also when the same revision is active again: what happened in between added nothing.
TEST_F(BackfillTest, ProgressIsRefusedAfterAnotherPublish) {
  Write(EventEntry("x1", "e-1"));
  const uint64_t first = Publish("one", {10, 20});
  const uint64_t epoch = Epoch();
  Publish("two", {});
  storage::Entry again = PublishEntry(first);
  again.mutable_publish_revision()->add_aggregates(10);
  again.mutable_publish_revision()->add_aggregates(20);
  Write(again);
  storage::Entry entry = EmptyEntry();
  entry.mutable_update_backfill()->set_epoch(epoch);
  entry.mutable_update_backfill()->mutable_backfill()->add_complete(10);
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_REVISION_CHANGED);
  EXPECT_THAT(Backfill().filling(), ElementsAre(10, 20));

  ASSERT_EQ(Visits("x1"), 1u);
  storage::Entry rebuild = Rebuild("x1", version_, 7);
  rebuild.mutable_rebuild_record()->set_epoch(epoch);
  EXPECT_EQ(Write(rebuild).refusal(), EntryResult::REFUSAL_REVISION_CHANGED);
  EXPECT_EQ(Visits("x1"), 1u);
}

TEST_F(BackfillTest, EventsEvaluatedUnderAnotherRevisionAreRefusedAsAWhole) {
  const uint64_t first = Publish("one", {});
  const uint64_t second = Publish("two", {});
  storage::Entry stale = EventEntry("x1", "e-1");
  stale.mutable_append_events()->set_revision(first);
  EXPECT_EQ(Write(stale).refusal(), EntryResult::REFUSAL_REVISION_CHANGED);
  EXPECT_EQ(Visits("x1"), std::nullopt);

  stale.mutable_append_events()->set_revision(second);
  EXPECT_EQ(Write(stale).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(Visits("x1"), 1u);
}

TEST_F(BackfillTest, ARecordIsRebuiltOnlyAsItWasRead) {
  Write(EventEntry("x1", "e-1"));
  EXPECT_EQ(Visits("x1"), 1u);
  const uint64_t read = version_;
  Write(EventEntry("x1", "e-2"));
  EXPECT_EQ(Write(Rebuild("x1", read, 7)).refusal(), EntryResult::REFUSAL_VERSION_CHANGED);
  EXPECT_EQ(Visits("x1"), 2u);

  EXPECT_EQ(Write(Rebuild("x1", version_, 7)).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  const uint64_t before = version_;
  EXPECT_EQ(Visits("x1"), 7u);
  EXPECT_EQ(version_, before + 1);
}

TEST_F(BackfillTest, WhatWaitsIsListedUntilItIsRebuiltAlsoAcrossARestart) {
  storage::Entry entry = EventEntry("x1", "e-1");
  entry.mutable_append_events()->mutable_items(0)->set_rebuild_customer(true);
  Write(entry);
  // A duplicate changes nothing, so that nothing has to be rebuilt because of it.
  storage::Entry again = EventEntry("x2", "e-1");
  Write(again);
  again.mutable_append_events()->mutable_items(0)->set_rebuild_customer(true);
  Write(again);
  writer_.reset();
  store_.reset();
  StoreOptions options;
  options.path = directory_.Sub("store");
  store_ = *Store::Open(options);
  writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  EXPECT_THAT(*store_->ListWaitingRecords(10), ElementsAre(Pair(RecordKind::kCustomer, "x1")));

  ASSERT_EQ(Visits("x1"), 1u);
  Write(Rebuild("x1", version_, 3));
  EXPECT_THAT(*store_->ListWaitingRecords(10), IsEmpty());
}

TEST_F(BackfillTest, ARecordThatIsGoneWaitsNoLonger) {
  storage::Entry entry = EventEntry("x1", "e-1");
  entry.mutable_append_events()->mutable_items(0)->set_rebuild_customer(true);
  Write(entry);
  storage::Entry erase = EmptyEntry();
  erase.mutable_delete_customer()->set_customer_id("x1");
  Write(erase);
  EXPECT_EQ(Write(Rebuild("x1", 1, 3)).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(Visits("x1"), std::nullopt);
  EXPECT_THAT(*store_->ListWaitingRecords(10), IsEmpty());
}

}  // namespace
}  // namespace touchstone::store
