// Random entries: whether each is a batch of its own or all share one, answers and rows are the
// same, also where the writer remembers nothing. So entries of a batch see each other, refused ones
// leave nothing, and Apply is deterministic.

#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "store/apply.h"
#include "store/database.h"
#include "store/keys.h"
#include "store/pending_writes.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "tests/store/entries.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

class EntrySource {
 public:
  explicit EntrySource(uint64_t seed) : random_(seed) {}

  storage::Entry Next() {
    storage::Entry entry = Command();
    entry.set_time_us(kTestTimeUs + static_cast<int64_t>(random_() % 48) * 3600 * 1000000);
    if (random_() % 2 == 0) entry = WithRequest(entry, Text("r", 6), random_() % 2);
    if (random_() % 4 == 0) entry.mutable_audit()->set_action("change");
    return entry;
  }

 private:
  std::string Text(absl::string_view prefix, uint64_t kinds) {
    return absl::StrCat(prefix, random_() % kinds);
  }

  storage::Entry Command() {
    storage::Entry entry = EmptyEntry();
    switch (random_() % 24) {
      case 0:
      case 1:
        entry = EventEntry(Text("c", 4), Text("e", 8));
        entry.mutable_append_events()->mutable_items(0)->set_customer_must_exist(random_() % 2 ==
                                                                                 0);
        if (random_() % 4 == 0) {
          entry.mutable_append_events()->mutable_items(0)->mutable_event()->set_reverses_event_id(
              Text("e", 8));
        }
        return entry;
      case 2:
        return OutcomeEntry(Text("c", 4), Text("o", 8), 1 + random_() % 8);
      case 3:
      case 4: {
        RecordPatch patch;
        patch.SetAttribute(1, Value::String(Text("v", 9)), 0, 0);
        if (random_() % 8 == 0) patch.AddIdentity("not:allowed");
        entry = UpdateEntry(Text("c", 4), patch.bytes());
        entry.mutable_update_record()->set_existence(
            static_cast<storage::UpdateRecord::Existence>(random_() % 3));
        entry.mutable_update_record()->set_expected_version(random_() % 3);
        return entry;
      }
      case 5:
      case 6: {
        storage::LinkIdentities& link = *entry.mutable_link_identities();
        link.set_customer_id(Text("c", 4));
        link.set_move(random_() % 3 == 0);
        for (uint64_t i = random_() % 4; i > 0; --i) link.add_identities(Text("card:", 6));
        for (uint64_t i = random_() % 2; i > 0; --i) link.add_unlink(Text("card:", 6));
        return entry;
      }
      case 7: {
        storage::ResolveOrCreate& resolve = *entry.mutable_resolve_or_create();
        resolve.set_proposed_customer_id(Text("c", 8));
        for (int i = 0; i < 2; ++i) resolve.add_identities(Text("card:", 6));
        return entry;
      }
      case 8:
        return RevisionEntry(Text("rules ", 3));
      case 9:
        entry = PublishEntry(1 + random_() % 3);
        entry.mutable_publish_revision()->set_expected_epoch(random_() % 3);
        return entry;
      case 10:
        if (random_() % 2 == 0) {
          entry.mutable_pause_offer()->set_offer_id(Text("o", 3));
        } else {
          entry.mutable_resume_offer()->set_offer_id(Text("o", 3));
        }
        return entry;
      case 11: {
        storage::DropEvents::Item& old = *entry.mutable_drop_events()->add_items();
        old.set_customer_id(Text("c", 4));
        old.set_event_id(Text("e", 8));
        old.set_time_us(kTestTimeUs);
        return entry;
      }
      case 12: {
        storage::UpdateErasure& update = *entry.mutable_update_erasure();
        update.mutable_erasure()->set_customer_id(Text("c", 4));
        update.mutable_erasure()->set_requested_time_us(kTestTimeUs);
        update.set_done(random_() % 2 == 0);
        return entry;
      }
      case 13:
      case 14: {
        storage::MergeCustomers& merge = *entry.mutable_merge_customers();
        merge.set_surviving(Text("c", 4));
        merge.set_merged(Text("c", 4));
        merge.set_latest_wins(random_() % 2 == 0);
        merge.set_undo(random_() % 3 == 0);
        return entry;
      }
      case 15:
        entry = UpdateEntry(Text("c", 4), "");
        if (random_() % 3 == 0) {
          entry.mutable_update_record()->set_leave_household(true);
        } else {
          entry.mutable_update_record()->set_household_id(Text("h", 2));
        }
        return entry;
      case 16:
        entry.mutable_record_import()->mutable_run()->set_run_id(Text("run", 3));
        entry.mutable_record_import()->mutable_run()->set_ended_time_us(
            static_cast<int64_t>(random_() % 8));
        return entry;
      case 17:
      case 18:
      case 19:
      case 20:
      case 21:
        return OfTransaction(Text("t", 6), 1 + static_cast<int32_t>(random_() % 2));
      default:
        entry.mutable_delete_customer()->set_customer_id(Text("c", 4));
        return entry;
    }
  }

  storage::Entry OfTransaction(const std::string& transaction, int32_t step) {
    const std::string customer = random_() % 3 == 0 ? "" : Text("c", 4);
    Claims claims = {DayClaim("b", static_cast<int64_t>(random_() % 90), 7, 200, 150)};
    if (!customer.empty()) claims.push_back(LimitClaim("l", 1 + random_() % 3, 2));
    switch (random_() % 8) {
      case 0:
        return CommitEntry(transaction, step, customer, {1});
      case 1:
        return ReleaseEntry(transaction, step);
      case 2:
        return SuspendEntry(transaction, step, kTestTimeUs + kDayUs);
      case 3:
        return ExpireEntry({transaction, Text("t", 6)}, kTestTimeUs);
      case 4:
        return PostEntry(transaction, claims, customer);
      case 5:
        return ReturnEntry(transaction, 1, {claims[0].claim()});
      default: {
        storage::Entry entry = ReserveEntry(transaction, step, claims, customer);
        entry.mutable_reserve()->set_expire_us(kTestTimeUs + static_cast<int64_t>(random_() % 60) *
                                                                 60 * kMinuteUs);
        return entry;
      }
    }
  }

  std::mt19937_64 random_;
};

std::string RowsOf(const Database& database) {
  std::string text;
  for (size_t i = 0; i < kFamilyCount; ++i) {
    const Family family = static_cast<Family>(i);
    for (auto row = database.Iterate(family, "", ""); row.Valid(); row.Next()) {
      absl::StrAppend(&text, FamilyName(family), " ", absl::CHexEscape(row.key()), " = ",
                      absl::CHexEscape(row.value()), "\n");
    }
  }
  return text;
}

// Who was merged has no record: entries that name her work on the one who stays.
void ExpectMergedHaveNoRecord(const Database& database) {
  const std::string prefix(1, kSurvivorPrefix);
  for (auto row = database.Iterate(Family::kMeta, prefix, prefix); row.Valid(); row.Next()) {
    const absl::string_view id = row.key().substr(1);
    EXPECT_FALSE(*database.Contains(Family::kCustomers,
                                    RecordRow(static_cast<char>(RecordKind::kCustomer), id)))
        << id;
  }
}

struct Outcome {
  std::vector<std::string> answers;
  std::string rows;
};

// `forget`: what the writer remembers of one batch is not there in the next.
Outcome ApplyAll(const std::vector<storage::Entry>& entries, size_t batch, bool forget) {
  TemporaryDirectory directory;
  StoreOptions options;
  options.path = directory.Sub("store");
  const std::unique_ptr<Store> store = *Store::Open(options);
  std::optional<PendingWrites> writes;
  writes.emplace(&store->database());
  Outcome outcome;
  size_t pending = 0;
  const auto commit = [&] {
    EXPECT_TRUE(writes->Commit(/*sync=*/false).ok());
    writes->Clear();
    if (forget) writes.emplace(&store->database());
    pending = 0;
  };
  for (const storage::Entry& entry : entries) {
    if (pending >= batch || (pending > 0 && NeedsOwnBatch(entry))) commit();
    const absl::StatusOr<storage::EntryResult> result = Apply(entry, &*writes);
    EXPECT_TRUE(result.ok()) << result.status();
    outcome.answers.push_back(result->ShortDebugString());
    ++pending;
  }
  commit();
  ExpectMergedHaveNoRecord(store->database());
  outcome.rows = RowsOf(store->database());
  return outcome;
}

class ApplyPropertyTest : public ::testing::TestWithParam<uint64_t> {};

TEST_P(ApplyPropertyTest, AnswersAndRowsDoNotDependOnHowEntriesAreBatched) {
  const uint64_t seed = TestSeed() + GetParam();
  EntrySource source(seed);
  std::vector<storage::Entry> entries;
  for (int i = 0; i < 250; ++i) entries.push_back(source.Next());
  const Outcome one_by_one = ApplyAll(entries, 1, /*forget=*/true);
  const Outcome together = ApplyAll(entries, 1 + GetParam() * 18, /*forget=*/false);
  size_t refused = 0, applied = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    ASSERT_EQ(together.answers[i], one_by_one.answers[i])
        << "seed " << seed << " entry " << i << ": " << entries[i].ShortDebugString();
    const bool is_refused =
        absl::string_view(together.answers[i]).find("refusal") != absl::string_view::npos;
    ++(is_refused ? refused : applied);
  }
  ASSERT_EQ(together.rows, one_by_one.rows) << "seed " << seed;
  EXPECT_GT(applied, 25u);
  EXPECT_GT(refused, 25u);
}

// One test a round, so that each has its own time.
INSTANTIATE_TEST_SUITE_P(Rounds, ApplyPropertyTest, ::testing::Range<uint64_t>(0, 12));

}  // namespace
}  // namespace touchstone::store
