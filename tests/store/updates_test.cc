// Batches of record updates, requests that are recalled, events found by id, and going back.

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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

constexpr uint32_t kCity = 5;

class UpdatesTest : public ::testing::Test {
 protected:
  UpdatesTest() {
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

  // Nothing when there is no record.
  std::optional<std::string> City(absl::string_view customer_id) {
    PinnedValue record;
    const auto found =
        store_->GetRecord({RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &record);
    if (!found.ok() || *found != Found::kFound) return std::nullopt;
    const auto city = RecordView::Parse(record.bytes())->FindAttribute(kCity);
    return city.has_value() ? std::string(city->value.string_value()) : "";
  }

  uint64_t Version(absl::string_view customer_id) {
    PinnedValue record;
    EXPECT_TRUE(
        store_->GetRecord({RecordKind::kCustomer, customer_id}, ReadTier::kMayBlock, &record).ok());
    return RecordView::Parse(record.bytes())->version();
  }

  std::string Resolve(absl::string_view identity) {
    std::string customer_id;
    EXPECT_TRUE(store_->ResolveIdentity(identity, ReadTier::kMayBlock, &customer_id).ok());
    return customer_id;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
};

storage::UpdateRecord Update(absl::string_view customer_id, absl::string_view city,
                             const std::vector<std::string>& identities = {}) {
  RecordPatch patch;
  patch.SetAttribute(kCity, Value::String(city), 1, 0);
  storage::UpdateRecord update = UpdateEntry(customer_id, patch.bytes()).update_record();
  for (const std::string& identity : identities) update.add_identities(identity);
  return update;
}

storage::Entry BatchEntry(const std::vector<storage::UpdateRecord>& updates) {
  storage::Entry entry = EmptyEntry();
  for (const storage::UpdateRecord& update : updates) {
    *entry.mutable_update_records()->add_updates() = update;
  }
  return entry;
}

TEST_F(UpdatesTest, AnUpdateLinksItsIdentitiesOrDoesNothing) {
  storage::Entry entry = EmptyEntry();
  *entry.mutable_update_record() = Update("anna", "Bern", {"card:1", "card:2"});
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(Resolve("card:2"), "anna");
  EXPECT_EQ(Version("anna"), 1u) << "one entry is one change";
  *entry.mutable_update_record() = Update("berta", "Bonn", {"card:3", "card:2"});
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_IDENTITY_TAKEN);
  EXPECT_EQ(Resolve("card:3"), "");
  EXPECT_EQ(City("berta"), std::nullopt);
  entry.mutable_update_record()->add_unlink("card:2");
  *entry.mutable_update_record() = Update("anna", "Basel");
  entry.mutable_update_record()->add_unlink("card:2");
  Write(entry);
  EXPECT_EQ(Resolve("card:2"), "");
  EXPECT_EQ(Resolve("card:1"), "anna");
  EXPECT_EQ(Version("anna"), 2u);
}

TEST_F(UpdatesTest, ABatchAppliesWhatItCanAndNamesTheRest) {
  storage::UpdateRecord missing = Update("nobody", "Ulm");
  missing.set_existence(storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  const EntryResult result = Write(BatchEntry({Update("anna", "Bern", {"card:1"}), missing,
                                               Update("berta", "Bonn", {"card:2", "card:1"}),
                                               Update("anna", "Basel", {"card:2"})}));
  EXPECT_EQ(result.applied(), 2u);
  ASSERT_EQ(result.refused_items_size(), 2);
  EXPECT_EQ(result.refused_items(0).index(), 1u);
  EXPECT_EQ(result.refused_items(0).refusal(), EntryResult::REFUSAL_NOT_FOUND);
  EXPECT_EQ(result.refused_items(1).index(), 2u);
  EXPECT_EQ(result.refused_items(1).refusal(), EntryResult::REFUSAL_IDENTITY_TAKEN);
  EXPECT_EQ(City("anna"), "Basel");
  EXPECT_EQ(City("berta"), std::nullopt);
  EXPECT_EQ(Resolve("card:2"), "anna");
}

TEST_F(UpdatesTest, ACustomerHasSixtyFourIdentities) {
  std::vector<std::string> identities;
  for (size_t i = 0; i < kMaxIdentities; ++i) identities.push_back(absl::StrCat("card:", i));
  EXPECT_EQ(Write(BatchEntry({Update("anna", "Bern", identities)})).refused_items_size(), 0);
  // Those that she has do not count again.
  EXPECT_EQ(Write(BatchEntry({Update("anna", "Bonn", {"card:0"})})).refused_items_size(), 0);
  const EntryResult over = Write(BatchEntry({Update("anna", "Ulm", {"card:more"})}));
  ASSERT_EQ(over.refused_items_size(), 1);
  EXPECT_EQ(over.refused_items(0).refusal(), EntryResult::REFUSAL_TOO_MANY);
  EXPECT_EQ(City("anna"), "Bonn");
}

TEST_F(UpdatesTest, ARequestIsRecalledWithItsFirstResult) {
  const storage::Entry entry = WithRequest(RevisionEntry("rules"), "r-1", 7);
  EXPECT_FALSE(store_->RecallRequest("r-1", 7)->has_value());
  Write(entry);
  const auto recalled = *store_->RecallRequest("r-1", 7);
  ASSERT_TRUE(recalled.has_value());
  EXPECT_TRUE(recalled->replayed());
  EXPECT_EQ(recalled->revision(), 1u);
  EXPECT_EQ((*store_->RecallRequest("r-1", 8))->refusal(), EntryResult::REFUSAL_REQUEST_ID_REUSED);
  // A day later it is as if it were not there.
  storage::Entry later = EventEntry("anna", "e1");
  later.set_time_us(kTestTimeUs + int64_t{25} * 3600 * 1000 * 1000);
  Write(later);
  EXPECT_FALSE(store_->RecallRequest("r-1", 7)->has_value());
}

TEST_F(UpdatesTest, EventsAreFoundByIdAndListedNewestFirst) {
  for (const int64_t second : {3, 1, 2, -4}) {
    storage::Entry entry = EventEntry("anna", absl::StrCat("e", second));
    entry.mutable_append_events()->mutable_items(0)->mutable_event()->set_time_us(second * 1000000);
    Write(entry);
  }
  Write(EventEntry("annb", "e9"));
  std::vector<std::string> ids;
  const auto latest = store_->ListLatestEvents("anna", 3);
  for (const storage::StoredEvent& event : *latest) ids.push_back(event.event_id());
  EXPECT_THAT(ids, ElementsAre("e3", "e2", "e1"));
  EXPECT_EQ(store_->ListLatestEvents("anna", 100)->size(), 4u);
  EXPECT_EQ(store_->ListLatestEvents("ann", 100)->size(), 0u);
  EXPECT_EQ((*store_->GetEvent("anna", "e-4"))->time_us(), -4000000);
  EXPECT_FALSE(store_->GetEvent("anna", "e9")->has_value());
}

TEST_F(UpdatesTest, GoingBackNeedsAPublishAndMarksWhatWasTakenBack) {
  Write(RevisionEntry("one"));
  Write(RevisionEntry("two"));
  storage::Entry back = PublishEntry(1);
  back.mutable_publish_revision()->set_rollback(true);
  EXPECT_EQ(Write(back).refusal(), EntryResult::REFUSAL_NEVER_PUBLISHED);
  Write(PublishEntry(1));
  Write(PublishEntry(2));
  EXPECT_EQ(Write(back).epoch(), 3u);
  EXPECT_TRUE(store_->GetRevision(2)->rolled_back());
  EXPECT_EQ(store_->GetRevision(1)->published_epoch(), 3u);
  Write(PublishEntry(2));
  EXPECT_FALSE(store_->GetRevision(2)->rolled_back());
}

}  // namespace
}  // namespace touchstone::store
