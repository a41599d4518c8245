#include "store/verify.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/links.h"
#include "store/receipts.h"
#include "store/record_patch.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/temporary_directory.h"
#include "tests/store/verify_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Not;

// With every kind of entry that ties rows of `meta` and of households to one another: two
// households, merges of merges, one that was taken back, erasures, aggregates that are filled,
// imports.
class VerifyTiesTest : public VerifyTest {
 protected:
  VerifyTiesTest() {
    Writer writer(store_.get(), WriterOptions());
    for (const storage::Entry& entry : {Joining("carl", "home"),
                                        Joining("dora", "home"),
                                        Joining("emma", "farm"),
                                        EventEntry("carl", "e1"),
                                        EventEntry("carl", "e2"),
                                        EventEntry("dora", "e1"),
                                        EventEntry("emma", "e9"),
                                        EventEntry("fred", "e1"),
                                        EventEntry("gina", "e1"),
                                        EventEntry("hugo", "e1"),
                                        Waiting("gina"),
                                        Merging("dora", "carl"),
                                        Merging("emma", "fred"),
                                        Merging("gina", "emma"),
                                        Merging("anna", "hugo"),
                                        Merging("anna", "hugo", /*undo=*/true),
                                        Merging("hugo", "bert"),
                                        Erasing("hugo"),
                                        RevisionEntry("more rules"),
                                        Publishing(2, {30, 10}),
                                        Pausing("beans-20"),
                                        WithRequest(ImportOf("first"), "r-1", 7),
                                        ImportOf("second"),
                                        Dropping("dora", "e2")}) {
      const absl::StatusOr<storage::EntryResult> result = writer.Write(entry);
      EXPECT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->refusal(), storage::EntryResult::REFUSAL_UNSPECIFIED)
          << entry.ShortDebugString() << result->refusal_detail();
    }
  }

  static storage::Entry Joining(const std::string& customer_id, const std::string& household_id) {
    storage::Entry entry = UpdateEntry(customer_id, "");
    entry.mutable_update_record()->set_household_id(household_id);
    return entry;
  }
  static storage::Entry Waiting(const std::string& customer_id) {
    storage::Entry entry = EventEntry(customer_id, "e-stale");
    entry.mutable_append_events()->mutable_items(0)->set_rebuild_customer(true);
    return entry;
  }
  static storage::Entry Merging(const std::string& surviving, const std::string& merged,
                                bool undo = false) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_merge_customers()->set_surviving(surviving);
    entry.mutable_merge_customers()->set_merged(merged);
    entry.mutable_merge_customers()->set_undo(undo);
    return entry;
  }
  static storage::Entry Erasing(const std::string& customer_id) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_delete_customer()->set_customer_id(customer_id);
    return entry;
  }
  static storage::Entry Publishing(uint64_t revision, const std::vector<uint32_t>& aggregates) {
    storage::Entry entry = PublishEntry(revision);
    entry.mutable_publish_revision()->mutable_aggregates()->Add(aggregates.begin(),
                                                                aggregates.end());
    return entry;
  }
  static storage::Entry Pausing(const std::string& offer_id) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_pause_offer()->set_offer_id(offer_id);
    return entry;
  }
  static storage::Entry ImportOf(const std::string& run_id) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_record_import()->mutable_run()->set_run_id(run_id);
    entry.mutable_record_import()->mutable_run()->set_ended_time_us(kTestTimeUs);
    return entry;
  }
  static storage::Entry Dropping(const std::string& customer_id, const std::string& event_id) {
    storage::Entry entry = EmptyEntry();
    storage::DropEvents::Item& item = *entry.mutable_drop_events()->add_items();
    item.set_customer_id(customer_id);
    item.set_event_id(event_id);
    item.set_time_us(kTestTimeUs);
    return entry;
  }

  // A row of `meta`, as bytes.
  std::string Row(const std::string& key) {
    const auto row = store_->database().GetCopy(Family::kMeta, key);
    EXPECT_TRUE(row.ok() && row->has_value()) << key;
    return row->value_or("");
  }
  // Changes the message of a row.
  template <typename Message, typename Change>
  void Alter(const std::string& key, const Change& change) {
    Message message;
    ASSERT_TRUE(message.ParseFromString(Row(key)));
    change(&message);
    Put(Family::kMeta, key, message.SerializeAsString());
  }
};

TEST_F(VerifyTiesTest, CountsWhatIsThereAndFindsNothingWrong) {
  EXPECT_THAT(Findings(), IsEmpty());
  const VerifyReport report = Verify();
  EXPECT_EQ(report.merged_customers, 3u);  // carl, fred, emma
  EXPECT_EQ(report.waiting_records, 5u);   // anna, dora, gina, home, farm
  EXPECT_EQ(report.pending_erasures, 1u);
  EXPECT_EQ(report.import_runs, 2u);
  EXPECT_EQ(report.households, 2u);
}

TEST_F(VerifyTiesTest, AHouseholdAndItsMembersSpeakOfOneAnother) {
  Delete(Family::kCustomers, "mhome");
  EXPECT_THAT(Findings(), ElementsAre("foreign_household: customers/dora"));
}

TEST_F(VerifyTiesTest, AMemberWhoIsNotThereIsLost) {
  Delete(Family::kCustomers, "cdora");
  Delete(Family::kMeta, WaitingRow('c', "dora"));
  EXPECT_THAT(Findings(),
              ElementsAre("lost_member: of households/home", "lost_survivor: of customers/carl"));
}

TEST_F(VerifyTiesTest, AMemberWhoNamesAnotherHouseholdIsLost) {
  Put(Family::kCustomers, "mfarm2",
      *store_->database().GetCopy(Family::kCustomers, "mhome").value());
  Put(Family::kCustomers, "hfarm2",
      *store_->database().GetCopy(Family::kCustomers, "hhome").value());
  EXPECT_THAT(Findings(), ElementsAre("lost_member: of households/farm2"));
}

TEST_F(VerifyTiesTest, MembersWithoutTheirHouseholdHaveLostItsRecord) {
  Delete(Family::kCustomers, "hhome");
  Delete(Family::kMeta, WaitingRow('h', "home"));
  EXPECT_THAT(Findings(), ElementsAre("lost_record: households/home"));
}

TEST_F(VerifyTiesTest, MembersThatAreNoneAreDamaged) {
  Put(Family::kCustomers, "mhome", "no record");
  Put(Family::kCustomers, "mempty",
      *store_->database().GetCopy(Family::kCustomers, "hhome").value());
  EXPECT_THAT(Findings(),
              ElementsAre("damaged_row: customers: empty", "damaged_row: customers: home"));
}

TEST_F(VerifyTiesTest, ARecordThatWaitsAndIsNotThereIsLost) {
  Put(Family::kMeta, WaitingRow('c', "nobody"), "");
  Put(Family::kMeta, WaitingRow('h', "nowhere"), "");
  EXPECT_THAT(Findings(),
              ElementsAre("lost_record: customers/nobody", "lost_record: households/nowhere"));
}

TEST_F(VerifyTiesTest, AMergeWithoutWhatUndoingItNeedsIsLost) {
  Delete(Family::kMeta, MergedRow("dora", "carl"));
  EXPECT_THAT(Findings(), ElementsAre("lost_merge: customers/carl"));
}

TEST_F(VerifyTiesTest, AMergeOfOneWhoWentElsewhereIsLost) {
  Delete(Family::kMeta, SurvivorRow("carl"));
  EXPECT_THAT(Findings(), ElementsAre("lost_merge: customers/carl into customers/dora"));
  Put(Family::kMeta, SurvivorRow("carl"), "gina");
  EXPECT_THAT(Findings(), ElementsAre("lost_merge: customers/carl",
                                      "lost_merge: customers/carl into customers/dora"));
}

TEST_F(VerifyTiesTest, AMergedCustomerWithARecordOfHerOwnIsRevived) {
  Put(Family::kCustomers, "ccarl", *ApplyPatches("", {Bumped("")}));
  EXPECT_THAT(Findings(), ElementsAre("revived_customer: customers/carl"));
}

TEST_F(VerifyTiesTest, WhoLeadsToNobodyHasLostHerSurvivor) {
  // fred went into emma, and she into gina.
  Delete(Family::kCustomers, "cgina");
  Delete(Family::kMeta, WaitingRow('c', "gina"));
  EXPECT_THAT(Findings(), IsSupersetOf({"lost_survivor: of customers/emma",
                                        "lost_survivor: of customers/fred"}));
}

TEST_F(VerifyTiesTest, WhoLeadsInACircleHasLostHerSurvivor) {
  Put(Family::kMeta, SurvivorRow("gina"), "fred");
  Put(Family::kMeta, MergedRow("fred", "gina"), Row(MergedRow("emma", "fred")));
  Delete(Family::kCustomers, "cgina");
  Delete(Family::kMeta, WaitingRow('c', "gina"));
  EXPECT_THAT(Findings(),
              IsSupersetOf({"lost_survivor: of customers/emma", "lost_survivor: of customers/fred",
                            "lost_survivor: of customers/gina"}));
}

TEST_F(VerifyTiesTest, AnAggregateThatIsCompleteAndBeingFilledIsDamage) {
  Alter<storage::Backfill>(std::string(kBackfillRow), [](storage::Backfill* backfill) {
    EXPECT_EQ(backfill->filling_size(), 2);
    backfill->add_complete(backfill->filling(0));
  });
  EXPECT_THAT(Findings(), ElementsAre("damaged_row: meta: fill"));
  Put(Family::kMeta, std::string(kBackfillRow), "\xff");
  EXPECT_THAT(Findings(), ElementsAre("damaged_row: meta: fill"));
}

TEST_F(VerifyTiesTest, RowsOfMetaThatAreNotWhatTheirKeySaysAreDamaged) {
  Put(Family::kMeta, std::string(kDroppedRow), "\xff");
  Put(Family::kMeta, "wz-anna", "");
  Put(Family::kMeta, WaitingRow('c', "anna"), "something");
  Put(Family::kMeta, SurvivorRow("ivan"), "of no form");
  Put(Family::kMeta, MergedRow("dora", "carl"), "\xff");
  Alter<storage::MergedCustomer>(MergedRow("gina", "emma"), [](storage::MergedCustomer* merged) {
    merged->set_surviving_record("no record");
  });
  Alter<storage::PendingErasure>(ErasureRow("hugo"), [](storage::PendingErasure* erasure) {
    erasure->set_customer_id("anna");
  });
  Alter<storage::ImportRun>(ImportRunRow(kTestTimeUs, "first"), [](storage::ImportRun* run) {
    run->set_ended_time_us(run->ended_time_us() + 1);
  });
  Alter<storage::ImportRun>(ImportRunRow(kTestTimeUs, "second"),
                            [](storage::ImportRun* run) { run->set_run_id("third"); });
  Alter<storage::PausedOffer>(PausedOfferRow("beans-20"),
                              [](storage::PausedOffer* offer) { offer->set_offer_id("tea"); });
  Put(Family::kMeta, RequestRow("r-1"), "short");
  EXPECT_THAT(Findings(),
              ElementsAre("damaged_row: meta: dropped", "damaged_row: meta: waiting record",
                          "damaged_row: meta: waiting record", "damaged_row: meta: merged customer",
                          "damaged_row: meta: merge", "damaged_row: meta: merge",
                          "damaged_row: meta: erasure", "damaged_row: meta: import run",
                          "damaged_row: meta: import run", "damaged_row: meta: paused offer",
                          "damaged_row: meta: remembered request"));
}

TEST_F(VerifyTest, CountsWhatIsThereAndFindsNothingWrong) {
  const VerifyReport report = Verify();
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.customers, 2u);
  EXPECT_EQ(report.identities, 3u);
  EXPECT_EQ(report.events, 3u);
  EXPECT_EQ(report.outcomes, 1u);
  EXPECT_EQ(report.revisions, 1u);
  EXPECT_EQ(report.audit_records, 1u);
}

TEST_F(VerifyTest, AnIdentityThatLeadsToNobodyIsLost) {
  Delete(Family::kCustomers, "cbert");
  EXPECT_THAT(Findings(), ElementsAre("lost_identity: of customers/bert"));
}

TEST_F(VerifyTest, AnIdentityThatItsCustomerDoesNotHoldIsLost) {
  Put(Family::kIdentities, "card:3", "anna");
  EXPECT_THAT(Findings(), ElementsAre("lost_identity: of customers/anna"));
}

TEST_F(VerifyTest, AnIdentityThatIsHeldAndLeadsElsewhereIsForeign) {
  Put(Family::kIdentities, "card:1", "bert");
  EXPECT_THAT(Findings(), ElementsAre("foreign_identity: customers/anna, identity 1",
                                      "lost_identity: of customers/bert"));
}

TEST_F(VerifyTest, EventsAndTheirIdsSpeakOfOneAnother) {
  Delete(Family::kEvents, EventSeenRow("anna", "e2"));
  EXPECT_THAT(Findings(), ElementsAre("unlisted_event: of customers/anna"));
}

TEST_F(VerifyTest, AnEventThatIsKnownAndNotKeptIsLost) {
  Delete(Family::kEvents, JournalRow(Journal::kEvents, "anna", kTestTimeUs, "e2"));
  EXPECT_THAT(Findings(), ElementsAre("lost_event: of customers/anna"));
}

TEST_F(VerifyTest, AReversalByAnEventThatIsNotKnownIsLost) {
  Delete(Family::kEvents, EventSeenRow("anna", "e3"));
  Delete(Family::kEvents, JournalRow(Journal::kEvents, "anna", kTestTimeUs, "e3"));
  EXPECT_THAT(Findings(), ElementsAre("lost_reversal: of customers/anna"));
}

TEST_F(VerifyTest, OutcomesAndTheirIdsSpeakOfOneAnother) {
  Delete(Family::kEvents, OutcomeSeenRow("o1"));
  EXPECT_THAT(Findings(), ElementsAre("unlisted_event: of customers/anna"));
}

TEST_F(VerifyTest, AnOutcomeThatIsKnownAndNotKeptIsLost) {
  Delete(Family::kEvents, JournalRow(Journal::kOutcomes, "anna", kTestTimeUs, "o1"));
  EXPECT_THAT(Findings(), ElementsAre("lost_event: an outcome"));
}

TEST_F(VerifyTest, ARevisionHasItsRuleSetAndTheActiveOneIsThere) {
  Delete(Family::kRevisions, NumberRow(kRuleSetPrefix, 1));
  EXPECT_THAT(Findings(), ElementsAre("lost_revision: revisions/1"));
  Delete(Family::kRevisions, NumberRow(kRevisionInfoPrefix, 1));
  EXPECT_THAT(Findings(), ElementsAre("lost_revision: revisions/1, the active one"));
}

TEST_F(VerifyTest, NumbersThatWereNeverGivenOutAreAhead) {
  Put(Family::kRevisions, NumberRow(kRevisionInfoPrefix, 9), "");
  Put(Family::kRevisions, NumberRow(kRuleSetPrefix, 9), "rules");
  Put(Family::kReference, ReferenceRow("store", 4), "");
  Put(Family::kAudit, NumberRow(kAuditPrefix, 1'000), "");
  EXPECT_THAT(Findings(),
              ElementsAre("number_ahead: revisions/9", "number_ahead: reference table store",
                          "number_ahead: audit record 1000"));
}

TEST_F(VerifyTest, RowsThatAreNotWhatTheirFamilyHoldsAreDamaged) {
  Put(Family::kCustomers, "cnobody", "no record");
  Put(Family::kEvents, JournalRow(Journal::kEvents, "anna", kTestTimeUs, "e9"), "\xff");
  Put(Family::kAudit, NumberRow(kAuditPrefix, 1), "\xff");
  EXPECT_THAT(Findings(), ElementsAre("damaged_row: customers: nobody", "damaged_row: events: anna",
                                      "damaged_row: audit"));
}

TEST_F(VerifyTest, NothingThatItTellsIsPersonal) {
  Delete(Family::kCustomers, "canna");
  Delete(Family::kEvents, EventSeenRow("anna", "e2"));
  for (const std::string& finding : Findings()) {
    EXPECT_THAT(finding, AllOf(Not(HasSubstr("example.org")), Not(HasSubstr("card:"))));
  }
}

TEST_F(VerifyTest, OfManyFaultsTheFirstAreTold) {
  for (int i = 0; i < 150; ++i) Put(Family::kIdentities, absl::StrCat("card:x", i), "nobody");
  const VerifyReport report = Verify();
  EXPECT_EQ(report.faults, 150u);
  EXPECT_EQ(report.findings.size(), VerifyReport::kMaxFindings);
}

TEST_F(VerifyTest, AFlippedByteInATableIsFound) {
  ASSERT_TRUE(rocks().Flush({}, store_->database().handle(Family::kCustomers)).ok());
  std::vector<rocksdb::LiveFileMetaData> files;
  rocks().GetLiveFilesMetaData(&files);
  std::string table;
  for (const rocksdb::LiveFileMetaData& file : files) {
    if (file.column_family_name == "customers")
      table = file.directory + "/" + file.relative_filename;
  }
  ASSERT_NE(table, "");
  store_.reset();
  {
    std::fstream bytes(table, std::ios::binary | std::ios::in | std::ios::out);
    char byte = 0;
    bytes.seekg(20).get(byte);
    bytes.seekp(20).put(static_cast<char>(byte ^ 0x40));
  }
  Open();
  const VerifyReport report = Verify();
  ASSERT_FALSE(report.findings.empty());
  EXPECT_EQ(report.findings[0].fault, Fault::kDamagedTable);
  EXPECT_THAT(report.findings[0].place, HasSubstr(".sst"));
}

TEST_F(VerifyTest, ADeviceThatRefusesIsAnErrorAndNoFinding) {
  ASSERT_TRUE(rocks().Flush({}, store_->database().handle(Family::kCustomers)).ok());
  faults_->FailReads(1'000);
  EXPECT_TRUE(absl::IsUnavailable(VerifyStore(*store_, NoProgress).status()));
}

class VerifyReceiptsTest : public ::testing::Test {
 protected:
  // Segments of about two receipts each.
  void Append(int receipts) {
    ReceiptLogOptions options;
    options.path = directory_.Sub("receipts");
    options.segment_bytes = 4096;
    options.flush_interval = absl::ZeroDuration();
    const auto log = ReceiptLog::Open(options);
    ASSERT_TRUE(log.ok()) << log.status();
    for (int i = 0; i < receipts; ++i) {
      const absl::Time time = absl::FromUnixSeconds(1'764'000'000 + i);
      ASSERT_TRUE((*log)->Append(absl::StrCat("d", i), time, std::string(2'000, 'x')).ok());
      ASSERT_TRUE((*log)->Flush().ok());
    }
  }
  VerifyReport Verify() {
    VerifyReport report;
    EXPECT_TRUE(VerifyReceipts(directory_.Sub("receipts"), nullptr, NoProgress, &report).ok());
    return report;
  }
  std::vector<std::filesystem::path> Segments() {
    std::vector<std::filesystem::path> paths;
    for (const auto& file : std::filesystem::directory_iterator(directory_.Sub("receipts"))) {
      if (file.path().extension() == ".receipts") paths.push_back(file.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  TemporaryDirectory directory_;
};

TEST_F(VerifyReceiptsTest, CountsThemAndFindsNothingWrong) {
  EXPECT_EQ(Verify().receipts, 0u);  // nothing was ever decided
  Append(9);
  const VerifyReport report = Verify();
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.receipts, 9u);
}

TEST_F(VerifyReceiptsTest, DamageIsFoundButForTheEndOfTheLastSegment) {
  Append(9);
  const std::vector<std::filesystem::path> segments = Segments();
  ASSERT_GE(segments.size(), 3u);
  const auto cut = [](const std::filesystem::path& segment) {
    std::filesystem::resize_file(segment, std::filesystem::file_size(segment) - 10);
  };
  cut(segments.back());
  EXPECT_TRUE(Verify().sound());
  cut(segments.front());
  const VerifyReport report = Verify();
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].fault, Fault::kDamagedReceipts);
  EXPECT_THAT(report.findings[0].place, HasSubstr("segment "));
}

}  // namespace
}  // namespace touchstone::store
