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
#include "store/receipts.h"
#include "store/record_patch.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

void NoProgress(absl::string_view /*step*/) {}

// A store in which a little of everything is kept.
class VerifyTest : public ::testing::Test {
 protected:
  VerifyTest() : faults_(std::make_shared<FaultFileSystem>()) {
    Open();
    Writer writer(store_.get(), WriterOptions());
    const auto write = [&writer](const storage::Entry& entry) {
      ASSERT_TRUE(writer.Write(entry).ok());
    };
    write(LinkEntry("anna", {"card:1", "email:anna@example.org"}));
    write(LinkEntry("bert", {"card:2"}));
    write(EventEntry("anna", "e1"));
    write(EventEntry("anna", "e2"));
    storage::Entry reversal = EventEntry("anna", "e3");
    reversal.mutable_append_events()->mutable_items(0)->mutable_event()->set_reverses_event_id(
        "e1");
    write(reversal);
    write(OutcomeEntry("anna", "o1", 1));
    storage::Entry revision = RevisionEntry("rules");
    revision.mutable_audit()->set_action("create_revision");
    write(revision);
    write(PublishEntry(1));
  }

  void Open() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.file_system = faults_;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  static storage::Entry LinkEntry(absl::string_view customer_id,
                                  const std::vector<std::string>& identities) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_link_identities()->set_customer_id(std::string(customer_id));
    for (const std::string& i : identities) entry.mutable_link_identities()->add_identities(i);
    return entry;
  }

  rocksdb::DB& rocks() { return *store_->database().rocks(); }
  void Put(Family family, const std::string& key, const std::string& value) {
    ASSERT_TRUE(rocks().Put({}, store_->database().handle(family), key, value).ok());
  }
  void Delete(Family family, const std::string& key) {
    ASSERT_TRUE(rocks().Delete({}, store_->database().handle(family), key).ok());
  }

  VerifyReport Verify() {
    const absl::StatusOr<VerifyReport> report = VerifyStore(*store_, NoProgress);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.value_or(VerifyReport());
  }
  // "lost_identity: of customers/anna".
  std::vector<std::string> Findings() {
    const VerifyReport report = Verify();
    EXPECT_EQ(report.faults, report.findings.size());
    std::vector<std::string> findings;
    findings.reserve(report.findings.size());
    for (const VerifyFinding& finding : report.findings) {
      findings.push_back(absl::StrCat(FaultName(finding.fault), ": ", finding.place));
    }
    return findings;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<FaultFileSystem> faults_;
  std::unique_ptr<Store> store_;
};

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
