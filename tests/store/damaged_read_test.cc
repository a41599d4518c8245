// A device that gives wrong bits, or none, under every kind of read: a clear error each time, never
// another answer, and the right one once it is well again.

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "store/database.h"
#include "store/receipts.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

constexpr int kCustomers = 50;

// What a read gives, as text, so that any two can be compared.
using Read = std::function<absl::StatusOr<std::string>()>;

class DamagedReadTest : public ::testing::Test {
 protected:
  DamagedReadTest()
      : faults_(std::make_shared<FaultFileSystem>()), seed_(TestSeed()), random_(seed_) {
    Open();
    Fill();
  }

  void Open() {
    receipts_.reset();
    store_.reset();
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.file_system = faults_;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    ReceiptLogOptions receipt_options;
    receipt_options.path = directory_.Sub("receipts");
    receipt_options.file_system = faults_;
    absl::StatusOr<std::unique_ptr<ReceiptLog>> receipts = ReceiptLog::Open(receipt_options);
    ASSERT_TRUE(receipts.ok()) << receipts.status();
    receipts_ = *std::move(receipts);
  }

  void Write(Writer& writer, const storage::Entry& entry) {
    const absl::StatusOr<storage::EntryResult> result = writer.Write(entry);
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->refusal(), 0) << result->refusal_detail();
  }

  // Some of everything, all of it in tables.
  void Fill() {
    {
      Writer writer(store_.get(), WriterOptions());
      for (int i = 0; i < kCustomers; ++i) {
        storage::Entry made = EmptyEntry();
        made.mutable_resolve_or_create()->add_identities(absl::StrCat("card:", i));
        made.mutable_resolve_or_create()->set_proposed_customer_id(absl::StrCat("c", i));
        Write(writer, made);
        Write(writer, WithRequest(EventEntry(absl::StrCat("c", i), "e"), absl::StrCat("r", i), 1));
        Write(writer, OutcomeEntry(absl::StrCat("c", i), absl::StrCat("o", i), 1));
      }
      storage::Entry table = EmptyEntry();
      table.mutable_import_reference()->set_table("product");
      table.mutable_import_reference()->set_snapshot(std::string(3000, 'p'));
      Write(writer, table);
      storage::Entry revision = RevisionEntry(std::string(3000, 'r'));
      revision.mutable_audit()->set_action("create");
      Write(writer, revision);
      Write(writer, PublishEntry(1));
    }
    for (int i = 0; i < kCustomers; ++i) {
      ASSERT_TRUE(receipts_
                      ->Append(absl::StrCat("d", i), absl::FromUnixMicros(kTestTimeUs),
                               absl::StrCat("receipt ", i))
                      .ok());
    }
    ASSERT_TRUE(receipts_->Flush().ok());
    Database& database = store_->database();
    for (const Family family :
         {Family::kCustomers, Family::kIdentities, Family::kEvents, Family::kRevisions,
          Family::kReference, Family::kAudit, Family::kMeta}) {
      ASSERT_TRUE(database.rocks()->Flush({}, database.handle(family)).ok());
    }
  }

  // Every kind of read, each of one of its rows.
  std::vector<std::pair<std::string, Read>> Reads() {
    const std::string customer = absl::StrCat("c", random_() % kCustomers);
    const std::string digits = customer.substr(1);
    const auto texts = [](const auto& listed) -> absl::StatusOr<std::string> {
      if (!listed.ok()) return listed.status();
      std::string text;
      for (const auto& row : *listed) absl::StrAppend(&text, row.ShortDebugString(), "\n");
      return text;
    };
    const auto text = [](const auto& row) -> absl::StatusOr<std::string> {
      if (!row.ok()) return row.status();
      return row->ShortDebugString();
    };
    const auto ever = [](auto method, const Store& store, const std::string& of) {
      return (store.*method)(of, absl::InfinitePast(), absl::InfiniteFuture(), 10);
    };
    return {
        {"record", [=, this] { return Record(customer); }},
        {"identity", [=, this] { return Resolve("card:" + digits); }},
        {"events", [=, this] { return texts(ever(&Store::ListEvents, *store_, customer)); }},
        {"latest events", [=, this] { return texts(store_->ListLatestEvents(customer, 5)); }},
        {"event", [=, this] { return Optional(store_->GetEvent(customer, "e")); }},
        {"outcomes", [=, this] { return texts(ever(&Store::ListOutcomes, *store_, customer)); }},
        {"rule set", [=, this] { return store_->GetRuleSet(1); }},
        {"revision", [=, this] { return text(store_->GetRevision(1)); }},
        {"active revision", [=, this] { return text(store_->GetActiveRevision()); }},
        {"revisions", [=, this] { return texts(store_->ListRevisions(1, 5)); }},
        {"reference", [=, this] { return store_->GetReference("product", 1); }},
        {"audit", [=, this] { return texts(store_->ListAudit(0, 5)); }},
        {"request", [=, this] { return Optional(store_->RecallRequest("r" + digits, 1)); }},
        {"scan of records", [=, this] { return Scan(); }},
        {"receipt", [=, this] { return receipts_->Find("d" + digits); }},
    };
  }

  template <typename Row>
  static absl::StatusOr<std::string> Optional(const absl::StatusOr<std::optional<Row>>& row) {
    if (!row.ok()) return row.status();
    return row->has_value() ? (*row)->ShortDebugString() : "none";
  }

  absl::StatusOr<std::string> Record(const std::string& id) {
    PinnedValue value;
    const absl::StatusOr<Found> found =
        store_->GetRecord({RecordKind::kCustomer, id}, ReadTier::kMayBlock, &value);
    if (!found.ok()) return found.status();
    return *found == Found::kFound ? std::string(value.bytes()) : "none";
  }

  absl::StatusOr<std::string> Resolve(const std::string& identity) {
    std::string customer;
    const absl::StatusOr<Found> found =
        store_->ResolveIdentity(identity, ReadTier::kMayBlock, &customer);
    if (!found.ok()) return found.status();
    return *found == Found::kFound ? customer : "none";
  }

  absl::StatusOr<std::string> Scan() {
    std::string all;
    const absl::Status scanned = store_->ScanRecords(
        RecordKind::kCustomer, "", [&](absl::string_view id, absl::string_view record) {
          absl::StrAppend(&all, id, "=", record, "\n");
          return true;
        });
    if (!scanned.ok()) return scanned;
    return all;
  }

  // Reads of everything that are each an error of the code, or right. How many were errors.
  int CountErrors(absl::StatusCode code, const std::function<void()>& begin,
                  const std::function<void()>& end) {
    int errors = 0;
    for (size_t kind = 0; kind < Reads().size(); ++kind) {
      Open();  // nothing is in memory but what a start reads
      const auto [name, read] = Reads()[kind];
      begin();
      const absl::StatusOr<std::string> damaged = read();
      end();
      const absl::StatusOr<std::string> right = read();
      EXPECT_TRUE(right.ok()) << name << ": " << right.status();
      if (damaged.ok()) {
        EXPECT_EQ(*damaged, *right) << name << ", seed " << seed_;
      } else {
        ++errors;
        EXPECT_EQ(damaged.status().code(), code) << name << ": " << damaged.status();
      }
    }
    return errors;
  }

  TemporaryDirectory directory_;
  std::shared_ptr<FaultFileSystem> faults_;
  const uint64_t seed_;
  std::mt19937_64 random_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ReceiptLog> receipts_;
};

TEST_F(DamagedReadTest, AFlippedBitIsDataLossUnderEveryKindOfReadAndNeverAnotherAnswer) {
  for (int round = 0; round < 5; ++round) {
    const int errors = CountErrors(
        absl::StatusCode::kDataLoss, [this] { faults_->DamageReads(&random_); },
        [this] { faults_->DamageReads(nullptr); });
    EXPECT_GE(errors, 10) << "most reads must have met the damage, seed " << seed_;
  }
  EXPECT_GT(faults_->damaged_reads(), 0u);
}

TEST_F(DamagedReadTest, AReadThatFailsIsUnavailableUnderEveryKindOfReadAndTheNextOneWorks) {
  const int errors = CountErrors(
      absl::StatusCode::kUnavailable, [this] { faults_->FailReads(1000); },
      [this] { faults_->FailReads(0); });
  EXPECT_GE(errors, 10);
}

}  // namespace
}  // namespace touchstone::store
