// What is left of an erased customer: nothing, in no file; of the others everything.

#include <atomic>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/record_patch.h"
#include "store/verify.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/mark.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

using storage::EntryResult;

class ErasureTest : public ::testing::Test {
 protected:
  ErasureTest() { Open(); }

  void Open() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }
  void Close() {
    writer_.reset();
    store_.reset();
  }

  EntryResult Write(const storage::Entry& entry) {
    const absl::StatusOr<EntryResult> result = writer_->Write(entry);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.value_or(EntryResult());
  }

  // Everything that can be known of a customer, with a mark of hers in every value.
  void Fill(const std::string& id) {
    storage::Entry entry = EmptyEntry();
    entry.mutable_resolve_or_create()->set_proposed_customer_id(id);
    entry.mutable_resolve_or_create()->add_identities(absl::StrCat("card:", Mark("card", id)));
    entry.mutable_resolve_or_create()->add_identities(absl::StrCat("email:", Mark("mail", id)));
    Write(entry);
    RecordPatch patch;
    patch.SetAttribute(1, Value::String(Mark("text", id)), 1, 1);
    patch.SetConsent("call", true, 1, 5);
    Write(UpdateEntry(id, patch.bytes()));
    for (int i = 0; i < 3; ++i) {
      entry = EventEntry(id, absl::StrCat(Mark("event", id), i));
      entry.mutable_append_events()->mutable_items(0)->mutable_event()->set_body(Mark("body", id));
      if (i == 2) {
        entry.mutable_append_events()->mutable_items(0)->mutable_event()->set_reverses_event_id(
            absl::StrCat(Mark("event", id), 0));
      }
      Write(entry);
    }
    Write(OutcomeEntry(id, Mark("outcome", id), 1));
  }

  EntryResult Erase(const std::string& id, absl::string_view request_id = "r-erase") {
    storage::Entry entry = WithRequest(EmptyEntry(), request_id, 1);
    entry.mutable_delete_customer()->set_customer_id(id);
    return Write(entry);
  }

  void Purge(const std::string& id) {
    std::atomic<bool> go_on{false};
    std::optional<storage::PendingErasure> erasure = *store_->GetPendingErasure(id);
    ASSERT_TRUE(erasure.has_value());
    const absl::Status purged = store_->PurgeErased({&*erasure, 1}, &go_on);
    ASSERT_TRUE(purged.ok()) << purged;
    erasure->clear_identities();
    erasure->clear_outcome_ids();
    erasure->clear_codes();
    for (const bool done : {false, true}) {
      storage::Entry entry = EmptyEntry();
      *entry.mutable_update_erasure()->mutable_erasure() = *erasure;
      entry.mutable_update_erasure()->set_done(done);
      EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
      if (!done) {
        EXPECT_TRUE(store_->PurgeErasures(&go_on).ok());
      }
    }
  }

  std::vector<std::string> FilesWithMark(absl::string_view kind, absl::string_view id) {
    return FilesWith(directory_.Sub("store"), Mark(kind, id));
  }

  bool IsSound() {
    const absl::StatusOr<VerifyReport> report = VerifyStore(*store_, [](absl::string_view) {});
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() && report->sound();
  }

  void Flush() {
    for (size_t i = 0; i < kFamilyCount; ++i) {
      ASSERT_TRUE(
          store_->database()
              .rocks()
              ->Flush(rocksdb::FlushOptions(), store_->database().handle(static_cast<Family>(i)))
              .ok());
    }
  }

  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
};

constexpr absl::string_view kKinds[] = {"card", "mail", "text", "event", "body", "outcome"};

// Of a customer's transactions that were sold, are held, were given back before she was erased.
TEST_F(ErasureTest, NoFileHoldsAnythingOfHerTransactions) {
  const auto held = [this](const std::string& id, const std::string& transaction) {
    storage::Entry entry = ReserveEntry(transaction, 1, {UsesClaim("b", 1, 0)}, id);
    entry.mutable_reserve()->set_body(Mark("body", id));
    EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
    Flush();  // an erasure finds them in tables of their own
  };
  for (const std::string id : {"ann", "bea"}) {
    Fill(id);
    for (const char* kind : {"sold", "over", "held"}) held(id, absl::StrCat(id, "-", kind));
    storage::Entry commit = CommitEntry(absl::StrCat(id, "-sold"), 1, id);
    commit.mutable_commit()->mutable_sale()->set_body(Mark("body", id));
    EXPECT_EQ(Write(commit).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
    Write(ReleaseEntry(absl::StrCat(id, "-over"), 1));
    Flush();
  }
  Erase("bea");
  Purge("bea");
  EXPECT_THAT(FilesWithMark("body", "bea"), IsEmpty());
  EXPECT_THAT(FilesWithMark("body", "ann"), Not(IsEmpty()));
  EXPECT_TRUE(IsSound());
}

// The codes and grants stay, without her: held, sold, revoked before, or never used.
TEST_F(ErasureTest, NoFileTellsWhoseACodeOrAGrantWas) {
  const auto write = [this](const storage::Entry& entry) {
    EXPECT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED);
    Flush();  // an erasure finds them in tables of their own
  };
  for (const std::string kind : {"ann", "bea"}) {
    const std::string id = Mark("id", kind);
    write(UpdateEntry(id, ""));
    std::vector<std::string> codes;
    for (const char* name : {"HELD", "SOLD", "GONE", "FREE"}) {
      codes.push_back(absl::StrCat(absl::AsciiStrToUpper(kind), ".", name));
    }
    // More than an erasure looks for one by one.
    for (int i = 0; i < 20; ++i) {
      codes.push_back(absl::StrCat(absl::AsciiStrToUpper(kind), ".", i));
    }
    write(AddCodesEntry(codes, 1, id));
    write(AddGrantsEntry({kind + ".held", kind + ".free"}, id));
    write(ReserveEntry(kind + "-held", 1, {CodeClaim(codes[0]), GrantClaim(kind + ".held")}, id));
    write(ReserveEntry(kind + "-sold", 1, {CodeClaim(codes[1])}, id));
    write(CommitEntry(kind + "-sold", 1, id));
    write(RevokeEntry({codes[2]}));
  }
  // Tables of the ledger, and where a log or the manifest has such a row as a whole: of the erasure
  // itself the id stays behind.
  const auto told = [this](const std::string& kind) {
    const std::string id = Mark("id", kind);
    std::vector<std::string> files = FilesWith(directory_.Sub("store"), "\x12\x0e" + id);
    for (const std::string& file :
         FilesWith(directory_.Sub("store"), absl::StrCat("o", id, std::string(1, '\0')))) {
      files.push_back(file);
    }
    std::vector<rocksdb::LiveFileMetaData> tables;
    store_->database().rocks()->GetLiveFilesMetaData(&tables);
    const std::vector<std::string> marked = FilesWith(directory_.Sub("store"), id);
    for (const rocksdb::LiveFileMetaData& table : tables) {
      if (table.column_family_name != "ledger") continue;
      for (const std::string& file : marked) {
        if (absl::EndsWith(table.relative_filename, file)) files.push_back(file);
      }
    }
    return files;
  };
  const std::string id = Mark("id", "bea");
  EXPECT_THAT(told("bea"), Not(IsEmpty()));
  Erase(id);
  // As after a crash: the next start begins anew.
  Close();
  Open();
  Purge(id);
  EXPECT_THAT(told("bea"), IsEmpty());
  EXPECT_THAT(told("ann"), Not(IsEmpty()));
  storage::Code code;
  for (const char* name :
       {"BEA.HELD", "BEA.SOLD", "BEA.GONE", "BEA.FREE", "BEA.7", "bea.held", "bea.free"}) {
    EXPECT_EQ(*store_->GetCode(name, ReadTier::kMayBlock, &code), Found::kFound);
    EXPECT_TRUE(code.revoked());
    EXPECT_EQ(code.customer_id(), "");
  }
  EXPECT_EQ(*store_->GetCode("ANN.FREE", ReadTier::kMayBlock, &code), Found::kFound);
  EXPECT_FALSE(code.revoked());
  EXPECT_TRUE(IsSound());
}

TEST_F(ErasureTest, NoFileHoldsAnythingOfHer) {
  Fill("ann");
  Fill("zoe");
  Fill("bea");
  for (const absl::string_view kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "bea"), Not(IsEmpty())) << kind;
  }
  EXPECT_EQ(Erase("bea").refusal(), EntryResult::REFUSAL_UNSPECIFIED);
  Purge("bea");
  for (const absl::string_view kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "bea"), IsEmpty()) << kind;
    EXPECT_THAT(FilesWithMark(kind, "ann"), Not(IsEmpty())) << kind;
  }
  EXPECT_TRUE(IsSound());
}

// Her keys are the first and the last of their tables, so that the manifest holds them, and her
// rows stand in tables of several levels.
TEST_F(ErasureTest, NoFileHoldsAnythingOfHerAfterARestartAndCompactions) {
  Fill("bea");
  Flush();
  Close();
  Open();
  Fill("ann");
  Flush();
  ASSERT_TRUE(store_->database().rocks()->CompactRange({}, nullptr, nullptr).ok());
  RecordPatch patch;
  patch.SetAttribute(2, Value::String(Mark("other", "bea")), 1, 1);
  Write(UpdateEntry("bea", patch.bytes()));
  Flush();
  for (const absl::string_view kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "bea"), Not(IsEmpty())) << kind;
  }
  Erase("bea");
  Close();
  Open();
  Purge("bea");
  for (const absl::string_view kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "bea"), IsEmpty()) << kind;
  }
  Close();
  Open();
  for (const absl::string_view kind : kKinds) {
    EXPECT_THAT(FilesWithMark(kind, "bea"), IsEmpty()) << kind;
    EXPECT_THAT(FilesWithMark(kind, "ann"), Not(IsEmpty())) << kind;
  }
  EXPECT_TRUE(IsSound());
}

TEST_F(ErasureTest, ManyIdentitiesAndOutcomesAreGoneToo) {
  Fill("bea");
  storage::Entry link = EmptyEntry();
  link.mutable_link_identities()->set_customer_id("bea");
  for (int i = 0; i < 40; ++i) {
    link.mutable_link_identities()->add_identities(
        absl::StrCat("phone:", Mark("phone", absl::StrCat(i))));
    Write(OutcomeEntry("bea", Mark("outcome", absl::StrCat(i)), 100 + i));
  }
  Write(link);
  Flush();
  EXPECT_THAT(FilesWithMark("phone", "7"), Not(IsEmpty()));
  Erase("bea");
  Purge("bea");
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(FilesWithMark("phone", absl::StrCat(i)), IsEmpty()) << i;
    EXPECT_THAT(FilesWithMark("outcome", absl::StrCat(i)), IsEmpty()) << i;
  }
}

TEST_F(ErasureTest, OthersStayByteForByte) {
  const uint64_t seed = TestSeed();
  std::mt19937_64 random(seed);
  std::vector<std::string> ids;
  for (int i = 0; i < 20; ++i) {
    // Ids that begin with one another.
    ids.push_back(absl::StrCat(std::string(1 + random() % 3, 'c'), "-", i));
    Fill(ids.back());
    if (random() % 4 == 0) Flush();
  }
  const std::string& erased = ids[random() % ids.size()];
  const auto rows_of_others = [&] {
    std::string rows;
    for (const std::string& id : ids) {
      if (id == erased) continue;
      PinnedValue record;
      EXPECT_EQ(*store_->GetRecord({RecordKind::kCustomer, id}, ReadTier::kMayBlock, &record),
                Found::kFound);
      absl::StrAppend(&rows, id, " ", record.bytes(), "\n");
      for (const std::string& identity :
           {absl::StrCat("card:", Mark("card", id)), absl::StrCat("email:", Mark("mail", id))}) {
        std::string holder;
        EXPECT_EQ(*store_->ResolveIdentity(identity, ReadTier::kMayBlock, &holder), Found::kFound);
        EXPECT_EQ(holder, id);
      }
      EXPECT_TRUE(store_
                      ->ScanEvents(id,
                                   [&](const storage::StoredEvent& event) {
                                     rows += event.SerializeAsString();
                                     return true;
                                   })
                      .ok());
      EXPECT_TRUE(store_
                      ->ScanOutcomes(id,
                                     [&](const storage::StoredOutcome& outcome) {
                                       rows += outcome.SerializeAsString();
                                       return true;
                                     })
                      .ok());
    }
    return rows;
  };
  const std::string others = rows_of_others();
  Erase(erased);
  EXPECT_EQ(rows_of_others(), others) << "seed " << seed;
  Purge(erased);
  EXPECT_EQ(rows_of_others(), others) << "seed " << seed;
  Close();
  Open();
  EXPECT_EQ(rows_of_others(), others) << "seed " << seed;
  EXPECT_TRUE(IsSound()) << "seed " << seed;
}

TEST_F(ErasureTest, IsPendingUntilItIsDoneAndNamesWhatIsLookedFor) {
  Fill("bea");
  Erase("bea", "first");
  Close();
  Open();
  const std::vector<storage::PendingErasure> pending = *store_->ListPendingErasures();
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending[0].customer_id(), "bea");
  EXPECT_EQ(pending[0].request_id(), "first");
  EXPECT_EQ(pending[0].identities_size(), 2);
  EXPECT_EQ(pending[0].outcome_ids_size(), 1);
  // She comes back with another card and is erased again: both are looked for.
  storage::Entry link = EmptyEntry();
  link.mutable_link_identities()->set_customer_id("bea");
  link.mutable_link_identities()->add_identities("card:new");
  Write(link);
  Erase("bea", "second");
  EXPECT_EQ((*store_->ListPendingErasures())[0].identities_size(), 3);
  // The end of the first is not the end.
  storage::Entry done = EmptyEntry();
  *done.mutable_update_erasure()->mutable_erasure() = pending[0];
  done.mutable_update_erasure()->set_done(true);
  EXPECT_EQ(Write(done).refusal(), EntryResult::REFUSAL_VERSION_CHANGED);
  Purge("bea");
  EXPECT_TRUE(store_->ListPendingErasures()->empty());
}

TEST_F(ErasureTest, EventsThatWerePlannedBeforeDoNotBringHerBack) {
  Fill("bea");
  Erase("bea");
  storage::Entry entry = EventEntry("bea", "late");
  entry.mutable_append_events()->mutable_items(0)->set_customer_must_exist(true);
  const EntryResult result = Write(entry);
  ASSERT_EQ(result.refused_items_size(), 1);
  EXPECT_EQ(result.refused_items(0).refusal(), EntryResult::REFUSAL_NOT_FOUND);
  Write(OutcomeEntry("bea", "late", 9));
  PinnedValue record;
  EXPECT_EQ(*store_->GetRecord({RecordKind::kCustomer, "bea"}, ReadTier::kMayBlock, &record),
            Found::kNotFound);
  EXPECT_TRUE(store_->ListLatestEvents("bea", 9)->empty());
  EXPECT_EQ(Erase("bea", "again").refusal(), EntryResult::REFUSAL_NOT_FOUND);
}

storage::Entry EventAt(const std::string& id, const std::string& event_id, absl::Time time,
                       const std::string& reverses = "") {
  storage::Entry entry = EventEntry(id, event_id);
  storage::StoredEvent* event = entry.mutable_append_events()->mutable_items(0)->mutable_event();
  event->set_time_us(absl::ToUnixMicros(time));
  event->set_reverses_event_id(reverses);
  return entry;
}

TEST_F(ErasureTest, OldEventsAreFoundStepByStepAndDropped) {
  const absl::Time limit = absl::FromUnixSeconds(1'700'000'000);
  for (const char* id : {"a", "aa", "b", "c"}) {
    Write(EventAt(id, "old", limit - absl::Hours(2)));
    Write(EventAt(id, "older", limit - absl::Hours(3)));
    Write(EventAt(id, "back", limit - absl::Hours(1), "old"));
    Write(EventAt(id, "exact", limit));
    Write(EventAt(id, "new", limit + absl::Hours(1)));
  }
  Write(EventAt("d", "back-in-time", limit + absl::Hours(1)));
  EXPECT_EQ(*store_->GetDroppedThrough(), absl::InfinitePast());
  std::string next;
  int steps = 0;
  uint64_t dropped = 0;
  do {
    const absl::StatusOr<Store::OldEvents> old = store_->ListOldEvents(limit, next, 2);
    ASSERT_TRUE(old.ok()) << old.status();
    EXPECT_LE(old->events.items_size(), 2);
    storage::Entry entry = EmptyEntry();
    *entry.mutable_drop_events() = old->events;
    if (old->events.items_size() > 0) dropped += Write(entry).applied();
    next = old->next_id;
  } while (!next.empty() && ++steps < 50);
  EXPECT_EQ(dropped, 12u);
  EXPECT_EQ(*store_->GetDroppedThrough(), limit - absl::Hours(1));
  // What is not there is not dropped.
  storage::Entry again = EmptyEntry();
  storage::DropEvents::Item& item = *again.mutable_drop_events()->add_items();
  item.set_customer_id("a");
  item.set_event_id("never");
  item.set_time_us(absl::ToUnixMicros(limit));
  EXPECT_EQ(Write(again).applied(), 0u);
  EXPECT_EQ(*store_->GetDroppedThrough(), limit - absl::Hours(1));
  for (const char* id : {"a", "aa", "b", "c"}) {
    const std::vector<storage::StoredEvent> left = *store_->ListLatestEvents(id, 9);
    ASSERT_EQ(left.size(), 2u) << id;
    EXPECT_EQ(left[0].event_id(), "new");
    EXPECT_EQ(left[1].event_id(), "exact");
    EXPECT_FALSE((*store_->GetEvent(id, "old")).has_value());
  }
  EXPECT_TRUE(IsSound());
  EXPECT_EQ(store_->ListLatestEvents("d", 9)->size(), 1u);
}

}  // namespace
}  // namespace touchstone::store
