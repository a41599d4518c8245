#include "store/store.h"

#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/record_text.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;
using ::testing::ElementsAre;

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() { Open(); }

  void Open() {
    StoreOptions options;
    options.path = directory_.Sub("store");
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

  EntryResult Write(const storage::Entry& entry) {
    absl::StatusOr<EntryResult> result = writer_->Write(entry);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(EntryResult());
  }

  std::string Record(absl::string_view customer_id, RecordKind kind = RecordKind::kCustomer) {
    PinnedValue value;
    absl::StatusOr<Found> found =
        store_->GetRecord({kind, customer_id}, ReadTier::kMayBlock, &value);
    EXPECT_TRUE(found.ok()) << found.status();
    return *found == Found::kFound ? std::string(value.bytes()) : "";
  }

  int64_t Visits(absl::string_view customer_id) {
    const std::string bytes = Record(customer_id);
    if (bytes.empty()) return 0;
    const std::optional<AggregateView> visits = RecordView::Parse(bytes)->FindAggregate(kVisits);
    return visits.has_value() ? visits->Over(1, 1).count : 0;
  }

  std::string Resolve(absl::string_view identity) {
    std::string customer_id;
    absl::StatusOr<Found> found =
        store_->ResolveIdentity(identity, ReadTier::kMayBlock, &customer_id);
    EXPECT_TRUE(found.ok());
    EXPECT_EQ(*found == Found::kFound, !customer_id.empty());
    return customer_id;
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
};

storage::Entry LinkEntry(absl::string_view customer_id,
                         const std::vector<std::string>& identities) {
  storage::Entry entry = EmptyEntry();
  entry.mutable_link_identities()->set_customer_id(std::string(customer_id));
  for (const std::string& i : identities) entry.mutable_link_identities()->add_identities(i);
  return entry;
}

storage::Entry ResolveEntry(absl::string_view proposed,
                            const std::vector<std::string>& identities) {
  storage::Entry entry = EmptyEntry();
  entry.mutable_resolve_or_create()->set_proposed_customer_id(std::string(proposed));
  for (const std::string& i : identities) entry.mutable_resolve_or_create()->add_identities(i);
  return entry;
}

TEST_F(StoreTest, AnEventIsCountedOnceHoweverOftenItComes) {
  EXPECT_EQ(Write(EventEntry("anna", "e1")).applied(), 1u);
  EXPECT_EQ(Write(EventEntry("anna", "e2")).applied(), 1u);
  const EntryResult again = Write(EventEntry("anna", "e1"));
  EXPECT_EQ(again.applied(), 0u);
  EXPECT_THAT(again.duplicate_items(), ElementsAre(0u));
  EXPECT_EQ(Write(EventEntry("bert", "e1")).applied(), 1u);
  EXPECT_EQ(Visits("anna"), 2);
  EXPECT_EQ(Visits("bert"), 1);
  Reopen();
  EXPECT_EQ(Visits("anna"), 2);
  EXPECT_EQ(Write(EventEntry("anna", "e2")).applied(), 0u);
}

TEST_F(StoreTest, AnEventTwiceInOneEntryIsADuplicate) {
  storage::Entry entry = EventEntry("anna", "e1");
  *entry.mutable_append_events()->add_items() = entry.append_events().items(0);
  const EntryResult result = Write(entry);
  EXPECT_EQ(result.applied(), 1u);
  EXPECT_THAT(result.duplicate_items(), ElementsAre(1u));
  EXPECT_EQ(Visits("anna"), 1);
}

TEST_F(StoreTest, AnEventIsTakenBackOnce) {
  Write(EventEntry("anna", "e1"));
  storage::Entry entry = EventEntry("anna", "e2");
  const auto reverse = [&entry](const char* event_id) {
    storage::StoredEvent& event = *entry.mutable_append_events()->mutable_items(0)->mutable_event();
    event.set_event_id(event_id);
    event.set_reverses_event_id("e1");
  };
  reverse("e2");
  EXPECT_EQ(Write(entry).applied(), 1u);
  EXPECT_THAT(Write(entry).duplicate_items(), ElementsAre(0u));
  reverse("e3");
  const EntryResult again = Write(entry);
  EXPECT_EQ(again.applied(), 0u);
  ASSERT_EQ(again.refused_items_size(), 1);
  EXPECT_EQ(again.refused_items(0).refusal(), EntryResult::REFUSAL_ALREADY_EXISTS);
  EXPECT_EQ(Visits("anna"), 2);  // the third added nothing
  EXPECT_EQ(Write(EventEntry("anna", "e3")).applied(), 1u);
}

TEST_F(StoreTest, AnEventCountsForTheHouseholdToo) {
  storage::Entry entry = EventEntry("anna", "e1");
  storage::AppendEvents::Item& item = *entry.mutable_append_events()->mutable_items(0);
  item.set_household_id("anna");  // records of customers and households do not mix
  item.set_household_patch(item.customer_patch());
  Write(entry);
  const std::string bytes = Record("anna", RecordKind::kHousehold);
  ASSERT_FALSE(bytes.empty());
  EXPECT_EQ(RecordView::Parse(bytes)->FindAggregate(kVisits)->Over(1, 1).count, 1);
  EXPECT_EQ(Visits("anna"), 1);
}

TEST_F(StoreTest, EventsAreListedInOrderOfTimeWithinTheRange) {
  for (int64_t second : {3, 1, 2, -4}) {
    storage::Entry entry = EventEntry("anna", absl::StrCat("e", second));
    entry.mutable_append_events()->mutable_items(0)->mutable_event()->set_time_us(second * 1000000);
    Write(entry);
  }
  Write(EventEntry("ann", "other"));
  const auto ids = [&](absl::Time from, absl::Time until, size_t limit) {
    std::vector<std::string> found;
    const auto events = store_->ListEvents("anna", from, until, limit);
    for (const storage::StoredEvent& event : *events) found.push_back(event.event_id());
    return found;
  };
  EXPECT_THAT(ids(absl::InfinitePast(), absl::InfiniteFuture(), 9),
              ElementsAre("e-4", "e1", "e2", "e3"));
  EXPECT_THAT(ids(absl::FromUnixSeconds(1), absl::FromUnixSeconds(3), 9), ElementsAre("e1", "e2"));
  EXPECT_THAT(ids(absl::FromUnixSeconds(1) + absl::Nanoseconds(1), absl::InfiniteFuture(), 1),
              ElementsAre("e2"));
}

TEST_F(StoreTest, AnOutcomeIsRecordedOnceInTheWholeStore) {
  Write(LinkEntry("anna", {"card:1"}));
  Write(LinkEntry("bert", {"card:2"}));
  EXPECT_EQ(Write(OutcomeEntry("anna", "o1", 1)).applied(), 1u);
  const EntryResult again = Write(OutcomeEntry("anna", "o1", 1));
  EXPECT_EQ(again.applied(), 0u);
  EXPECT_THAT(again.duplicate_items(), ElementsAre(0u));
  EXPECT_EQ(Write(OutcomeEntry("bert", "o1", 1)).applied(), 0u);
  EXPECT_EQ(RecordView::Parse(Record("anna"))->contact_count(), 1u);
  EXPECT_EQ(RecordView::Parse(Record("bert"))->contact_count(), 0u);
  storage::Entry anonymous = OutcomeEntry("", "o2", 1);
  anonymous.mutable_record_outcomes()->mutable_items(0)->clear_customer_patch();
  EXPECT_EQ(Write(anonymous).applied(), 1u);
  EXPECT_EQ(store_->ListOutcomes("", absl::InfinitePast(), absl::InfiniteFuture(), 9)->size(), 1u);
}

TEST_F(StoreTest, AnOutcomeIdWithAnotherContentIsRefusedAndTheOthersAreRecorded) {
  Write(LinkEntry("anna", {"card:1"}));
  Write(OutcomeEntry("anna", "o1", 1));
  for (const bool in_one_batch : {false, true}) {
    storage::Entry entry = OutcomeEntry("anna", "o1", 1);
    storage::RecordOutcomes& outcomes = *entry.mutable_record_outcomes();
    outcomes.mutable_items(0)->mutable_outcome()->set_kind("declined");
    *outcomes.add_items() =
        OutcomeEntry("anna", in_one_batch ? "o3" : "o2", 2).record_outcomes().items(0);
    if (in_one_batch) {
      *outcomes.add_items() = outcomes.items(1);
      outcomes.mutable_items(2)->mutable_outcome()->set_body("another");
    }
    const EntryResult result = Write(entry);
    EXPECT_EQ(result.refusal(), EntryResult::REFUSAL_UNSPECIFIED);
    EXPECT_EQ(result.applied(), 1u);
    EXPECT_EQ(result.duplicate_items_size(), 0);
    ASSERT_EQ(result.refused_items_size(), in_one_batch ? 2 : 1);
    EXPECT_EQ(result.refused_items(0).index(), 0u);
    EXPECT_EQ(result.refused_items(0).refusal(), EntryResult::REFUSAL_ALREADY_EXISTS);
  }
  // The time is the server's where the caller gave none: another one is no other content.
  storage::Entry later = OutcomeEntry("anna", "o1", 1);
  later.mutable_record_outcomes()->mutable_items(0)->mutable_outcome()->set_time_us(kTestTimeUs +
                                                                                    1);
  EXPECT_THAT(Write(later).duplicate_items(), ElementsAre(0u));
}

TEST_F(StoreTest, AnOutcomeOfACustomerWhoIsGoneIsKeptAsAnAnonymousOne) {
  Write(LinkEntry("anna", {"card:1"}));
  storage::Entry erase = EmptyEntry();
  erase.mutable_delete_customer()->set_customer_id("anna");
  Write(erase);
  EXPECT_EQ(Write(OutcomeEntry("anna", "o1", 1)).applied(), 1u);
  EXPECT_EQ(Record("anna"), "");
  EXPECT_EQ(store_->ListOutcomes("anna", absl::InfinitePast(), absl::InfiniteFuture(), 9)->size(),
            0u);
  EXPECT_EQ(store_->ListOutcomes("", absl::InfinitePast(), absl::InfiniteFuture(), 9)->size(), 1u);
  // Again, although she has a record by then.
  Write(LinkEntry("anna", {"card:1"}));
  EXPECT_THAT(Write(OutcomeEntry("anna", "o1", 1)).duplicate_items(), ElementsAre(0u));
}

TEST_F(StoreTest, ARetryGetsTheFirstAnswerAndAnotherBodyIsRefused) {
  const EntryResult first = Write(WithRequest(EventEntry("anna", "e1"), "r1", 11));
  EXPECT_FALSE(first.replayed());
  const EntryResult retry = Write(WithRequest(EventEntry("anna", "e1"), "r1", 11));
  EXPECT_TRUE(retry.replayed());
  EXPECT_EQ(retry.applied(), 1u);
  EXPECT_EQ(retry.position(), first.position());
  const EntryResult reused = Write(WithRequest(EventEntry("anna", "e2"), "r1", 12));
  EXPECT_EQ(reused.refusal(), EntryResult::REFUSAL_REQUEST_ID_REUSED);
  EXPECT_EQ(Visits("anna"), 1);
}

TEST_F(StoreTest, ARequestIdIsForgottenAfterADayOfProposerTime) {
  const int64_t day_us = int64_t{24} * 3600 * 1000000;
  Write(WithRequest(EventEntry("anna", "e1"), "r1", 11));
  storage::Entry later = WithRequest(EventEntry("anna", "e2"), "r1", 12);
  later.set_time_us(kTestTimeUs + day_us);
  EXPECT_EQ(Write(later).refusal(), EntryResult::REFUSAL_REQUEST_ID_REUSED);
  later.set_time_us(kTestTimeUs + day_us + 1);
  EXPECT_EQ(Write(later).applied(), 1u);
  // Time only goes forward: an entry with an old stamp does not bring it back.
  EXPECT_EQ(Write(WithRequest(EventEntry("anna", "e3"), "r1", 12)).replayed(), true);
}

TEST_F(StoreTest, CompactionRemovesOnlyRequestsThatAreForgotten) {
  Write(WithRequest(EventEntry("anna", "e1"), "old", 1));
  storage::Entry later = WithRequest(EventEntry("anna", "e2"), "new", 1);
  later.set_time_us(kTestTimeUs + int64_t{25} * 3600 * 1000000);
  Write(later);
  Database& database = store_->database();
  ASSERT_TRUE(
      database.rocks()->CompactRange({}, database.handle(Family::kMeta), nullptr, nullptr).ok());
  EXPECT_FALSE(database.GetCopy(Family::kMeta, RequestRow("old"))->has_value());
  EXPECT_TRUE(database.GetCopy(Family::kMeta, RequestRow("new"))->has_value());
}

TEST_F(StoreTest, ARefusedEntryLeavesNothingBehind) {
  storage::Entry entry = WithRequest(EventEntry("anna", "e1"), "r1", 1);
  *entry.mutable_append_events()->add_items() = EventEntry("anna", "e2").append_events().items(0);
  entry.mutable_append_events()->mutable_items(1)->set_customer_patch("garbage");
  entry.mutable_audit()->set_action("append");
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_INVALID);
  EXPECT_EQ(Record("anna"), "");
  EXPECT_EQ(store_->progress().position(), 0u);
  EXPECT_TRUE(store_->ListAudit(0, 9)->empty());
  EXPECT_EQ(Write(WithRequest(EventEntry("anna", "e1"), "r1", 2)).applied(), 1u);
}

TEST_F(StoreTest, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(Write(EmptyEntry()).refusal(), EntryResult::REFUSAL_INVALID);
  storage::Entry future = EventEntry("anna", "e1");
  future.set_format_version(2);
  EXPECT_EQ(Write(future).refusal(), EntryResult::REFUSAL_INVALID);
  EXPECT_EQ(Write(EventEntry("an/na", "e1")).refusal(), EntryResult::REFUSAL_INVALID);
  EXPECT_EQ(Write(EventEntry("anna", "")).refusal(), EntryResult::REFUSAL_INVALID);
  EXPECT_EQ(Write(EventEntry(std::string(64, 'a'), "e1")).applied(), 1u);
  EXPECT_EQ(Write(EventEntry(std::string(65, 'a'), "e1")).refusal(), EntryResult::REFUSAL_INVALID);
}

TEST_F(StoreTest, UpdatesStateWhatTheyExpect) {
  RecordPatch patch;
  patch.SetAttribute(1, Value::String("gold"), 0, 0);
  storage::Entry entry = UpdateEntry("anna", patch.bytes());
  entry.mutable_update_record()->set_existence(storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_NOT_FOUND);
  entry.mutable_update_record()->set_existence(storage::UpdateRecord::EXISTENCE_MUST_NOT_EXIST);
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_ALREADY_EXISTS);
  EXPECT_EQ(RecordView::Parse(Record("anna"))->version(), 1u);
  entry.mutable_update_record()->clear_existence();
  entry.mutable_update_record()->set_expected_version(1);
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_VERSION_CHANGED);
  EXPECT_EQ(RecordView::Parse(Record("anna"))->version(), 2u);
}

TEST_F(StoreTest, UpdatesMayNotChangeIdentities) {
  RecordPatch patch;
  patch.AddIdentity("loyalty_card:1");
  EXPECT_EQ(Write(UpdateEntry("anna", patch.bytes())).refusal(), EntryResult::REFUSAL_INVALID);
}

TEST_F(StoreTest, AnIdentityFindsOneCustomer) {
  EXPECT_EQ(Write(LinkEntry("anna", {"card:1", "phone:2"})).refusal(), 0);
  EXPECT_EQ(Resolve("card:1"), "anna");
  EXPECT_EQ(Resolve("card:9"), "");
  EXPECT_EQ(Write(LinkEntry("bert", {"card:3", "card:1"})).refusal(),
            EntryResult::REFUSAL_IDENTITY_TAKEN);
  EXPECT_EQ(Resolve("card:3"), "");
  storage::Entry move = LinkEntry("bert", {"card:1"});
  move.mutable_link_identities()->set_move(true);
  EXPECT_EQ(Write(move).refusal(), 0);
  EXPECT_EQ(Resolve("card:1"), "bert");
  const std::string anna = Record("anna");
  ASSERT_EQ(RecordView::Parse(anna)->identities().size(), 1u);
  EXPECT_EQ(RecordView::Parse(anna)->identities()[0], "phone:2");
  storage::Entry unlink = LinkEntry("bert", {});
  unlink.mutable_link_identities()->add_unlink("card:1");
  unlink.mutable_link_identities()->add_unlink("phone:2");  // not his: stays
  EXPECT_EQ(Write(unlink).refusal(), 0);
  EXPECT_EQ(Resolve("card:1"), "");
  EXPECT_EQ(Resolve("phone:2"), "anna");
}

TEST_F(StoreTest, ACustomerHoldsItsLimitOfIdentitiesAndOneMoreIsRefused) {
  std::vector<std::string> identities;
  for (size_t i = 0; i < kMaxIdentities; ++i) identities.push_back(absl::StrCat("card:", i));
  EXPECT_EQ(Write(LinkEntry("anna", identities)).refusal(), 0);
  EXPECT_EQ(Write(LinkEntry("anna", {"card:1"})).refusal(), 0);
  EXPECT_EQ(Write(LinkEntry("anna", {"card:64"})).refusal(), EntryResult::REFUSAL_TOO_MANY);
  EXPECT_EQ(Resolve("card:64"), "");
}

TEST_F(StoreTest, ResolveOrCreateMakesACustomerOnce) {
  const EntryResult first = Write(ResolveEntry("c1", {"cookie:a"}));
  EXPECT_TRUE(first.created());
  EXPECT_EQ(first.customer_id(), "c1");
  const EntryResult second = Write(ResolveEntry("c2", {"card:1", "cookie:a"}));
  EXPECT_FALSE(second.created());
  EXPECT_EQ(second.customer_id(), "c1");
  EXPECT_EQ(Resolve("card:1"), "c1");
  EXPECT_EQ(Record("c2"), "");
  EXPECT_EQ(Write(ResolveEntry("c1", {"card:5"})).refusal(), EntryResult::REFUSAL_ALREADY_EXISTS);
}

TEST_F(StoreTest, ErasingACustomerLeavesNothingOfHer) {
  Write(LinkEntry("anna", {"card:1"}));
  Write(EventEntry("anna", "e1"));
  Write(OutcomeEntry("anna", "o1", 1));
  Write(EventEntry("annabel", "e1"));
  storage::Entry erase = EmptyEntry();
  erase.mutable_delete_customer()->set_customer_id("anna");
  EXPECT_EQ(Write(erase).refusal(), 0);
  Database& database = store_->database();
  for (Family family : {Family::kCustomers, Family::kIdentities, Family::kEvents}) {
    for (auto row = database.Iterate(family, "", ""); row.Valid(); row.Next()) {
      EXPECT_TRUE(absl::StrContains(row.key(), "annabel")) << FamilyName(family);
    }
  }
  EXPECT_EQ(Visits("annabel"), 1);
  EXPECT_EQ(Write(erase).refusal(), EntryResult::REFUSAL_NOT_FOUND);
  EXPECT_EQ(Write(EventEntry("anna", "e1")).applied(), 1u);
}

TEST_F(StoreTest, PublishingSwapsOnePointerAndCountsEpochs) {
  EXPECT_EQ(store_->GetActiveRevision().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Write(RevisionEntry("rules one")).revision(), 1u);
  EXPECT_FALSE(Write(RevisionEntry("rules one")).created());
  EXPECT_EQ(Write(RevisionEntry("rules two")).revision(), 2u);
  EXPECT_EQ(*store_->GetRuleSet(1), "rules one");
  EXPECT_EQ(Write(PublishEntry(3)).refusal(), EntryResult::REFUSAL_NOT_FOUND);
  EXPECT_EQ(Write(PublishEntry(1)).epoch(), 1u);
  EXPECT_EQ(Write(PublishEntry(2)).previous_revision(), 1u);
  storage::Entry stale = PublishEntry(1);
  stale.mutable_publish_revision()->set_expected_epoch(1);
  EXPECT_EQ(Write(stale).refusal(), EntryResult::REFUSAL_EPOCH_CHANGED);
  stale.mutable_publish_revision()->set_expected_epoch(2);
  EXPECT_EQ(Write(stale).epoch(), 3u);
  Reopen();
  EXPECT_EQ(store_->GetActiveRevision()->revision(), 1u);
  EXPECT_EQ(store_->GetActiveRevision()->epoch(), 3u);
  EXPECT_EQ(store_->ListRevisions(0, 9)->size(), 2u);
  EXPECT_EQ(store_->ListRevisions(2, 9)->at(0).revision(), 2u);
  EXPECT_EQ(Write(RevisionEntry("rules three")).revision(), 3u);
}

TEST_F(StoreTest, TheAuthorCannotApprove) {
  Write(RevisionEntry("rules"));
  storage::Entry approve = EmptyEntry();
  approve.mutable_approve_revision()->set_revision(1);
  approve.mutable_approve_revision()->set_approver("ada");
  EXPECT_EQ(Write(approve).refusal(), EntryResult::REFUSAL_AUTHOR_MAY_NOT_APPROVE);
  storage::Entry publish = PublishEntry(1);
  publish.mutable_publish_revision()->set_require_approval(true);
  EXPECT_EQ(Write(publish).refusal(), EntryResult::REFUSAL_NOT_APPROVED);
  approve.mutable_approve_revision()->set_approver("grace");
  EXPECT_EQ(Write(approve).refusal(), 0);
  EXPECT_EQ(store_->GetRevision(1)->approver(), "grace");
  EXPECT_EQ(Write(publish).refusal(), 0);
}

TEST_F(StoreTest, OffersArePausedAndResumed) {
  storage::Entry pause = EmptyEntry();
  pause.mutable_pause_offer()->set_offer_id("beans-20");
  pause.mutable_pause_offer()->set_reason("wrong price");
  storage::Entry resume = EmptyEntry();
  resume.mutable_resume_offer()->set_offer_id("beans-20");
  EXPECT_EQ(Write(resume).refusal(), EntryResult::REFUSAL_NOT_FOUND);
  Write(pause);
  Write(pause);
  ASSERT_EQ(store_->ListPausedOffers()->size(), 1u);
  EXPECT_EQ(store_->ListPausedOffers()->at(0).reason(), "wrong price");
  Write(resume);
  EXPECT_TRUE(store_->ListPausedOffers()->empty());
}

TEST_F(StoreTest, AReferenceVersionNamesAllTablesAsTheyWere) {
  const auto import = [&](const std::string& table, const std::string& rows) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_import_reference()->set_table(table);
    entry.mutable_import_reference()->set_snapshot(rows);
    return Write(entry).reference_version();
  };
  EXPECT_EQ(import("product", "p1"), 1u);
  EXPECT_EQ(import("store", "s2"), 2u);
  EXPECT_EQ(import("product", "p3"), 3u);
  EXPECT_EQ(*store_->GetReference("product", 1), "p1");
  EXPECT_EQ(*store_->GetReference("product", 2), "p1");
  EXPECT_EQ(*store_->GetReference("product", 3), "p3");
  EXPECT_EQ(*store_->GetReference("product", 99), "p3");
  EXPECT_EQ(store_->GetReference("store", 1).status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(*store_->ListReferenceTables(), ElementsAre("product", "store"));
  EXPECT_EQ(store_->progress().last_reference_version(), 3u);
}

TEST_F(StoreTest, WritesAreAuditedInTheirOrder) {
  for (const char* action : {"first", "second"}) {
    storage::Entry entry = EventEntry("anna", action);
    entry.mutable_audit()->set_action(action);
    Write(entry);
  }
  const auto audit = store_->ListAudit(0, 9);
  ASSERT_EQ(audit->size(), 2u);
  EXPECT_EQ(audit->at(0).action(), "first");
  EXPECT_EQ(store_->ListAudit(2, 9)->at(0).action(), "second");
}

TEST_F(StoreTest, EntriesOfOneBatchSeeEachOther) {
  // All are queued before the first result is awaited, so that some share a batch.
  std::vector<storage::Entry> entries;
  for (int i = 0; i < 200; ++i) entries.push_back(EventEntry("anna", absl::StrCat("e", i % 50)));
  entries.push_back(RevisionEntry("rules"));
  entries.push_back(PublishEntry(1));
  std::atomic<uint32_t> applied{0};
  std::atomic<uint64_t> epoch{0};
  for (storage::Entry& entry : entries) {
    const auto done = [&](const absl::StatusOr<EntryResult>& result) {
      ASSERT_TRUE(result.ok());
      applied += result->applied();
      if (result->epoch() != 0) epoch = result->epoch();
    };
    ASSERT_TRUE(writer_->Submit(entry, done).ok());
  }
  writer_.reset();  // waits for all of them
  EXPECT_EQ(applied, 50u);
  EXPECT_EQ(epoch, 1u);
  EXPECT_EQ(Visits("anna"), 50);
}

TEST_F(StoreTest, RecordsAreScannedInOrderOfTheirIds) {
  for (const char* id : {"c", "a", "b"}) Write(EventEntry(id, "e"));
  std::vector<std::string> ids;
  const auto visit = [&](absl::string_view id, absl::string_view record) {
    EXPECT_TRUE(RecordView::Parse(record).ok());
    ids.emplace_back(id);
    return ids.size() < 2;
  };
  ASSERT_TRUE(store_->ScanRecords(RecordKind::kCustomer, "", visit).ok());
  EXPECT_THAT(ids, ElementsAre("a", "b"));
  ids.clear();
  ASSERT_TRUE(store_->ScanRecords(RecordKind::kCustomer, "c", visit).ok());
  EXPECT_THAT(ids, ElementsAre("c"));
}

// By nice(2), of the threads whose name this is; nullopt: there are none.
std::optional<int> PriorityOfThreads(const std::string& name) {
  std::optional<int> priority;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string own_name;
    std::ifstream file(task.path() / "comm");
    std::getline(file, own_name);
    const auto id = static_cast<id_t>(std::stoul(task.path().filename().string()));
    if (own_name == name) priority = getpriority(PRIO_PROCESS, id);
  }
  return priority;
}

TEST_F(StoreTest, CompactionsIntoTheLastLevelGiveWayAndFlushesDoNot) {
  Write(EventEntry("anna", "e1"));
  Database& database = store_->database();
  rocksdb::CompactRangeOptions all;
  all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  ASSERT_TRUE(
      database.rocks()->CompactRange(all, database.handle(Family::kEvents), nullptr, nullptr).ok());
  EXPECT_EQ(PriorityOfThreads("rocksdb:high"), getpriority(PRIO_PROCESS, 0));
  EXPECT_EQ(PriorityOfThreads("rocksdb:bottom"), 19);
}

TEST_F(StoreTest, RefusesAStoreOfALaterFormat) {
  Database& database = store_->database();
  ASSERT_TRUE(
      database.rocks()->Put({}, database.handle(Family::kMeta), ToSlice(kFormatRow), "2").ok());
  writer_.reset();
  store_.reset();
  StoreOptions options;
  options.path = directory_.Sub("store");
  const absl::Status status = Store::Open(options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), ::testing::HasSubstr("format 2"));
}

TEST_F(StoreTest, RefusesAStoreThatIsOpenAlreadyOrMissing) {
  StoreOptions options;
  options.path = directory_.Sub("store");
  const absl::Status in_use = Store::Open(options).status();
  EXPECT_EQ(in_use.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(in_use.message()), ::testing::HasSubstr("stop it"));
  options.path = directory_.Sub("none");
  options.create_if_missing = false;
  EXPECT_EQ(Store::Open(options).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(StoreTest, ADamagedRecordIsDataLossAndNamesNobody) {
  Database& database = store_->database();
  // A patch on top of bytes that are no record.
  ASSERT_TRUE(
      database.rocks()->Put({}, database.handle(Family::kCustomers), "canna", "rotten").ok());
  Write(EventEntry("anna", "e1"));
  PinnedValue value;
  const absl::Status status =
      store_->GetRecord({RecordKind::kCustomer, "anna"}, ReadTier::kMayBlock, &value).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(absl::StrContains(status.message(), "anna")) << status;
}

}  // namespace
}  // namespace touchstone::store
