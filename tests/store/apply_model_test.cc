// Random entries against a model of a few maps, with power cuts between any two of them: every
// answer and everything that can be read must be what the model says.

#include "tests/store/apply_model.h"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/store.h"
#include "store/verify.h"
#include "store/writer.h"
#include "tests/store/entries.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/seed.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::store {
namespace {

using storage::EntryResult;

constexpr uint64_t kCustomers = 6;
constexpr uint64_t kHouseholds = 3;
// An entry says its own time, so that an as-of decides between two.
constexpr int64_t kTransactionUs = 1000;

std::string AsText(const ApplyModel::Record& record) {
  std::string text = absl::StrCat("household ", record.household, " identities ",
                                  absl::StrJoin(record.identities, " "), " attributes");
  for (const auto& [id, value] : record.attributes) {
    absl::StrAppend(&text, " ", id, "=", value.first, "@", value.second);
  }
  absl::StrAppend(&text, " consents");
  for (const auto& [purpose, said] : record.consents) {
    absl::StrAppend(&text, " ", purpose, "=", said.second, "@", said.first);
  }
  absl::StrAppend(&text, " contacts");
  for (const auto& [transaction, time] : record.contacts) absl::StrAppend(&text, " ", transaction);
  return text;
}

ApplyModel::Record FromView(const RecordView& view) {
  ApplyModel::Record record;
  record.household = std::string(view.household());
  for (size_t i = 0; i < view.identities().size(); ++i) {
    record.identities.emplace(view.identities()[i]);
  }
  for (size_t i = 0; i < view.attribute_count(); ++i) {
    const AttributeView attribute = view.attribute(i);
    record.attributes[attribute.id] = {std::string(attribute.value.string_value()),
                                       attribute.as_of_s};
  }
  for (size_t i = 0; i < view.consent_count(); ++i) {
    const ConsentView consent = view.consent(i);
    record.consents[std::string(consent.purpose)] = {consent.time_us, consent.granted};
  }
  for (size_t i = 0; i < view.contact_count(); ++i) {
    record.contacts.emplace(view.contact(i).transaction, view.contact(i).time_us);
  }
  return record;
}

class ApplyModelTest : public ::testing::TestWithParam<uint64_t> {
 protected:
  ApplyModelTest()
      : seed_(TestSeed() + GetParam()),
        random_(seed_),
        faults_(std::make_shared<FaultFileSystem>()) {
    Open();
  }

  void Open() {
    StoreOptions options;
    options.path = directory_.Sub("store");
    options.file_system = faults_;
    options.write_buffer_bytes = size_t{64} << 10;
    absl::StatusOr<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status() << " seed " << seed_;
    store_ = *std::move(store);
    writer_ = std::make_unique<Writer>(store_.get(), WriterOptions());
  }

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  std::string Customer() { return absl::StrCat("c", Below(kCustomers)); }
  std::string Identity() { return absl::StrCat("card:", Below(12)); }

  // Writes the entry; now and then the power goes before, during or after, and the proposer asks
  // again.
  EntryResult Write(storage::Entry entry) {
    entry = WithRequest(std::move(entry), absl::StrCat("r", ++requests_), 1);
    if (Below(25) == 0) {
      faults_->FailWrites(static_cast<int>(Below(3)));
      const absl::StatusOr<EntryResult> unknown = writer_->Write(entry);
      faults_->CutPower();
      writer_.reset();
      store_.reset();
      faults_->FailWrites(0);
      faults_->RestorePower(Below(2) == 0 ? &random_ : nullptr);
      Open();
      static_cast<void>(unknown);
    }
    const absl::StatusOr<EntryResult> result = writer_->Write(std::move(entry));
    EXPECT_TRUE(result.ok()) << result.status() << " seed " << seed_;
    return result.ok() ? *result : EntryResult();
  }

  // What the first item was refused with, or the entry.
  static EntryResult::Refusal RefusalOf(const EntryResult& result) {
    if (result.refused_items_size() > 0) return result.refused_items(0).refusal();
    return result.refusal();
  }

  void Update() {
    storage::Entry entry = UpdateEntry(Customer(), "");
    storage::UpdateRecord& update = *entry.mutable_update_record();
    ApplyModel::Patch patch;
    RecordPatch bytes;
    for (uint64_t i = Below(3); i > 0; --i) {
      const auto id = static_cast<uint32_t>(Below(4));
      const auto as_of_s = static_cast<uint32_t>(Below(5));
      const std::string value = absl::StrCat("v", Below(3));
      patch.attributes[id] = {value, as_of_s};
      bytes.SetAttribute(id, Value::String(value), 0, as_of_s);
    }
    if (Below(3) == 0) {
      const std::string purpose = absl::StrCat("p", Below(2));
      const auto time = static_cast<int64_t>(Below(6));
      const bool granted = Below(2) == 0;
      patch.consents.emplace_back(purpose, time, granted);
      bytes.SetConsent(purpose, granted, 0, time);
    }
    update.set_patch(bytes.bytes());
    update.set_existence(static_cast<storage::UpdateRecord::Existence>(Below(3)));
    std::set<std::string> identities, unlink;
    for (uint64_t i = Below(3); i > 0; --i) identities.insert(Identity());
    if (Below(3) == 0) unlink.insert(Identity());
    for (const std::string& identity : identities) update.add_identities(identity);
    for (const std::string& identity : unlink) {
      if (!identities.contains(identity)) update.add_unlink(identity);
    }
    if (Below(3) == 0) {
      update.set_household_id(absl::StrCat("h", Below(kHouseholds)));
    } else if (Below(6) == 0) {
      update.set_leave_household(true);
    }
    const EntryResult result = Write(entry);
    ASSERT_EQ(result.refusal(), model_.Update(update.record().id(), patch, update))
        << entry.ShortDebugString() << " seed " << seed_;
  }

  void Append() {
    const std::string customer = Customer();
    const std::string holder = model_.SurvivorOf(customer);
    const auto record = model_.customers().find(holder);
    storage::Entry entry = EmptyEntry();
    entry.mutable_append_events()->set_households_stated(true);
    storage::AppendEvents::Item& item = *entry.mutable_append_events()->add_items();
    item.set_customer_id(customer);
    item.set_customer_must_exist(Below(2) == 0);
    if (record != model_.customers().end()) item.set_household_id(record->second.household);
    const std::string event_id = absl::StrCat("e", Below(30));
    item.mutable_event()->set_event_id(event_id);
    item.mutable_event()->set_time_us(kTestTimeUs + static_cast<int64_t>(Below(9)));
    std::string reverses;
    const auto journal = model_.journals().find(holder);
    if (journal != model_.journals().end() && !journal->second.events.empty() && Below(4) == 0) {
      const auto& events = journal->second.events;
      const auto target = std::next(events.begin(), static_cast<int64_t>(Below(events.size())));
      if (target->second.reverses.empty() && target->first != event_id) reverses = target->first;
    }
    item.mutable_event()->set_reverses_event_id(reverses);
    RecordPatch visit;
    visit.AddToAggregate({.aggregate = kModelVisits,
                          .bucket = 1,
                          .count = reverses.empty() ? 1 : -1,
                          .sum = 0,
                          .event_us = AggregateView::kNever});
    item.set_customer_patch(visit.bytes());
    if (!item.household_id().empty()) {
      RecordPatch shared;
      shared.AddToAggregate({.aggregate = kModelHouseholdVisits,
                             .bucket = 1,
                             .count = reverses.empty() ? 1 : -1,
                             .sum = 0,
                             .event_us = AggregateView::kNever});
      item.set_household_patch(shared.bytes());
    }
    const EntryResult result = Write(entry);
    ASSERT_EQ(RefusalOf(result),
              model_.Append(customer, event_id, reverses, item.customer_must_exist()))
        << entry.ShortDebugString() << " seed " << seed_;
  }

  // Planned before she moved.
  void AppendUnderAnotherHousehold() {
    for (const auto& [id, record] : model_.customers()) {
      storage::Entry entry = EventEntry(id, absl::StrCat("f", requests_));
      entry.mutable_append_events()->set_households_stated(true);
      entry.mutable_append_events()->mutable_items(0)->set_household_id(
          record.household == "h0" ? "h1" : "h0");
      ASSERT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_HOUSEHOLD_CHANGED) << seed_;
      return;
    }
  }

  void AddOutcome() {
    const std::string customer = Below(8) == 0 ? "" : Customer();
    const uint64_t transaction = 1 + Below(150);
    const auto time = kTestTimeUs + static_cast<int64_t>(transaction) * kTransactionUs;
    storage::Entry entry = OutcomeEntry(customer, absl::StrCat("o", transaction), transaction);
    storage::RecordOutcomes::Item& item = *entry.mutable_record_outcomes()->mutable_items(0);
    item.mutable_outcome()->set_time_us(time);
    RecordPatch contact;
    contact.AddContact({.offer = 1,
                        .transaction = transaction,
                        .time_us = time,
                        .channel = 1,
                        .kind = ContactKind::kShown,
                        .direction = 0,
                        .limits = {}});
    item.set_customer_patch(customer.empty() ? "" : contact.bytes());
    Write(entry);
    model_.AddOutcome(customer, absl::StrCat("o", transaction), transaction, time);
  }

  void Merge() {
    storage::Entry entry = EmptyEntry();
    storage::MergeCustomers& merge = *entry.mutable_merge_customers();
    merge.set_surviving(Customer());
    merge.set_merged(Customer());
    merge.set_latest_wins(Below(2) == 0);
    merge.set_undo(Below(2) == 0);
    if (merge.undo() && !model_.merges().empty() && Below(3) > 0) {
      const auto pair =
          std::next(model_.merges().begin(), static_cast<int64_t>(Below(model_.merges().size())));
      merge.set_surviving(pair->first.first);
      merge.set_merged(pair->first.second);
    }
    const EntryResult result = Write(entry);
    const EntryResult::Refusal expected =
        merge.undo() ? model_.Undo(merge.surviving(), merge.merged())
                     : model_.Merge(merge.surviving(), merge.merged(), merge.latest_wins());
    ASSERT_EQ(result.refusal(), expected) << entry.ShortDebugString() << " seed " << seed_;
    if (expected == EntryResult::REFUSAL_UNSPECIFIED) ++(merge.undo() ? undone_ : merged_);
  }

  void Erase() {
    storage::Entry entry = EmptyEntry();
    entry.mutable_delete_customer()->set_customer_id(Customer());
    const EntryResult result = Write(entry);
    ASSERT_EQ(result.refusal(), model_.Erase(entry.delete_customer().customer_id())) << seed_;
  }

  // What a filler does: works out what waits from the events that are kept.
  void Rebuild() {
    const auto waiting = store_->ListWaitingRecords(100);
    ASSERT_TRUE(waiting.ok());
    for (const auto& [kind, id] : *waiting) {
      PinnedValue bytes;
      ASSERT_TRUE(store_->GetRecord({kind, id}, ReadTier::kMayBlock, &bytes).ok());
      const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
      ASSERT_TRUE(record.ok()) << record.status() << " " << id;
      std::vector<std::string> customers = {id};
      if (kind == RecordKind::kHousehold) {
        const std::set<std::string> members = MembersOf(id);
        customers.assign(members.begin(), members.end());
      }
      RecordPatch patch;
      patch.ClearAggregate(kind == RecordKind::kHousehold ? kModelHouseholdVisits : kModelVisits);
      for (const std::string& customer : customers) {
        patch.AddToAggregate(
            {.aggregate = kind == RecordKind::kHousehold ? kModelHouseholdVisits : kModelVisits,
             .bucket = 1,
             .count = model_.VisitsOf(customer),
             .sum = 0,
             .event_us = AggregateView::kNever});
      }
      patch.SettleAggregates();
      storage::Entry entry = EmptyEntry();
      storage::RebuildRecord& rebuild = *entry.mutable_rebuild_record();
      rebuild.mutable_record()->set_kind(kind == RecordKind::kHousehold
                                             ? storage::RecordName::KIND_HOUSEHOLD
                                             : storage::RecordName::KIND_CUSTOMER);
      rebuild.mutable_record()->set_id(id);
      rebuild.set_expected_version(record->version());
      bytes.Reset();  // the store may be opened anew
      rebuild.set_patch(patch.bytes());
      ASSERT_EQ(Write(entry).refusal(), EntryResult::REFUSAL_UNSPECIFIED) << seed_;
    }
  }

  // A count that says that it is known must be right.
  void CheckCount(const RecordView& record, uint32_t aggregate, int64_t expected,
                  const std::string& of) {
    if (!record.aggregates_settled()) return;
    const std::optional<AggregateView> view = record.FindAggregate(aggregate);
    int64_t count = 0;
    for (size_t i = 0; view.has_value() && i < view->bucket_count(); ++i) {
      count += view->bucket(i).count;
    }
    EXPECT_EQ(count, expected) << of << " seed " << seed_;
    ++settled_;
  }

  void CheckCustomer(const std::string& id) {
    PinnedValue bytes;
    const absl::StatusOr<Found> found =
        store_->GetRecord({RecordKind::kCustomer, id}, ReadTier::kMayBlock, &bytes);
    ASSERT_TRUE(found.ok());
    const auto expected = model_.customers().find(id);
    ASSERT_EQ(*found == Found::kFound, expected != model_.customers().end()) << id << " " << seed_;
    EXPECT_EQ(*store_->GetSurvivor(id), model_.SurvivorOf(id)) << seed_;
    if (*found == Found::kFound) {
      const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
      ASSERT_TRUE(record.ok()) << record.status();
      EXPECT_EQ(AsText(FromView(*record)), AsText(expected->second)) << id << " seed " << seed_;
      CheckCount(*record, kModelVisits, model_.VisitsOf(id), id);
    }
    const auto journal = model_.journals().find(id);
    std::set<std::string> events, outcomes;
    ASSERT_TRUE(store_
                    ->ScanEvents(id,
                                 [&](const storage::StoredEvent& event) {
                                   events.insert(event.event_id());
                                   return true;
                                 })
                    .ok());
    ASSERT_TRUE(store_
                    ->ScanOutcomes(id,
                                   [&](const storage::StoredOutcome& outcome) {
                                     outcomes.insert(outcome.outcome_id());
                                     return true;
                                   })
                    .ok());
    std::set<std::string> expected_events, expected_outcomes;
    if (journal != model_.journals().end()) {
      for (const auto& [event, what] : journal->second.events) expected_events.insert(event);
      for (const auto& [outcome, path] : journal->second.outcomes) {
        expected_outcomes.insert(outcome);
      }
    }
    EXPECT_EQ(events, expected_events) << id << " seed " << seed_;
    EXPECT_EQ(outcomes, expected_outcomes) << id << " seed " << seed_;
  }

  std::set<std::string> MembersOf(const std::string& household) {
    PinnedValue bytes;
    EXPECT_TRUE(
        store_->GetRecord({RecordKind::kMembers, household}, ReadTier::kMayBlock, &bytes).ok());
    std::set<std::string> members;
    if (bytes.bytes().empty()) return members;
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
    EXPECT_TRUE(record.ok());
    for (size_t i = 0; i < record->members().size(); ++i) members.emplace(record->members()[i]);
    return members;
  }

  void CheckHousehold(const std::string& id) {
    PinnedValue bytes;
    const absl::StatusOr<Found> found =
        store_->GetRecord({RecordKind::kHousehold, id}, ReadTier::kMayBlock, &bytes);
    ASSERT_TRUE(found.ok());
    const std::set<std::string> expected = model_.MembersOf(id);
    ASSERT_EQ(*found == Found::kFound, !expected.empty()) << id << " seed " << seed_;
    if (*found != Found::kFound) return;
    const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
    ASSERT_TRUE(record.ok());
    int64_t visits = 0;
    for (const std::string& member : expected) visits += model_.VisitsOf(member);
    EXPECT_EQ(MembersOf(id), expected) << id << " seed " << seed_;
    CheckCount(*record, kModelHouseholdVisits, visits, id);
  }

  void CheckAll() {
    for (uint64_t i = 0; i < kCustomers; ++i) CheckCustomer(absl::StrCat("c", i));
    for (uint64_t i = 0; i < kHouseholds; ++i) CheckHousehold(absl::StrCat("h", i));
    for (uint64_t i = 0; i < 12; ++i) {
      const std::string identity = absl::StrCat("card:", i);
      std::string id;
      const absl::StatusOr<Found> found =
          store_->ResolveIdentity(identity, ReadTier::kMayBlock, &id);
      ASSERT_TRUE(found.ok());
      EXPECT_EQ(*found == Found::kFound ? id : "", model_.HolderOf(identity)) << seed_;
    }
  }

  void Step() {
    switch (Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return Update();
      case 4:
      case 5:
      case 6:
      case 7:
      case 8:
        return Append();
      case 9:
      case 10:
        return AddOutcome();
      case 11:
      case 12:
        return Merge();
      case 13:
        return Below(6) == 0 ? Erase() : AppendUnderAnotherHousehold();
      default:
        return Rebuild();
    }
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  TemporaryDirectory directory_;
  std::shared_ptr<FaultFileSystem> faults_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Writer> writer_;
  ApplyModel model_;
  uint64_t requests_ = 0;
  int merged_ = 0;
  int undone_ = 0;
  int settled_ = 0;
};

TEST_P(ApplyModelTest, TheStoreIsWhatTheModelIsAlsoAcrossPowerCuts) {
  for (int step = 0; step < 600; ++step) {
    Step();
    if (HasFatalFailure()) return;
    if (step % 5 == 0) CheckAll();
    if (HasFailure()) {
      ADD_FAILURE() << "step " << step << " seed " << seed_;
      return;
    }
  }
  // A dozen each, but any seed is to pass.
  EXPECT_GT(merged_, 0);
  EXPECT_GT(undone_, 0);
  EXPECT_GT(settled_, 20);
  const absl::StatusOr<VerifyReport> verified = VerifyStore(*store_, [](absl::string_view) {});
  ASSERT_TRUE(verified.ok());
  EXPECT_TRUE(verified->findings.empty()) << seed_;
}

INSTANTIATE_TEST_SUITE_P(Rounds, ApplyModelTest, ::testing::Range<uint64_t>(0, 6));

}  // namespace
}  // namespace touchstone::store
