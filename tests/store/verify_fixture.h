#pragma once

// A store in which a little of everything is kept, damaged row by row, and what verify finds in it.
//
// Thread safety: for the test's thread. Errors: a test fails.

#include <rocksdb/db.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "store/database.h"
#include "store/verify.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {

inline void NoProgress(absl::string_view /*step*/) {}

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

}  // namespace touchstone::store
