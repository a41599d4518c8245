#include "server/decide/shown_contacts.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

using store::storage::Entry;
using store::storage::EntryResult;

// A store that keeps what it is given and says what became of it when told.
struct HeldStore {
  SubmitFunction Submit() {
    return [this](Entry entry, store::Writer::Done done, store::Urgency) {
      if (!status.ok()) return status;
      entries.push_back(std::move(entry));
      waiting.push_back(std::move(done));
      return absl::OkStatus();
    };
  }
  // Of the entries that are here now: what is sent meanwhile waits.
  void Acknowledge(const absl::StatusOr<EntryResult>& result = EntryResult()) {
    for (const store::Writer::Done& done : std::exchange(waiting, {})) done(result);
  }
  const store::storage::UpdateRecord& Update(size_t entry, int update) const {
    return entries[entry].update_records().updates(update);
  }

  absl::Status status;
  std::vector<Entry> entries;
  std::vector<store::Writer::Done> waiting;
};

ShownOffers Shown(uint64_t transaction, const std::vector<uint32_t>& offers,
                  absl::string_view customer_id = "c-1") {
  ShownOffers shown;
  shown.customer_id = customer_id;
  shown.transaction = transaction;
  shown.offers = offers;
  shown.time = WorldNow();
  return shown;
}

std::vector<std::string> PendingOf(const ShownContacts& contacts, absl::string_view customer_id) {
  std::vector<std::string> patches;
  contacts.CollectPending(customer_id, &patches);
  return patches;
}

TEST(ShownContactsTest, SendsAContactOnceATransactionAndOffer) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  const std::vector<uint32_t> first = {1}, both = {1, 2};
  contacts.Count(Shown(1, first), WorldNow());
  ASSERT_EQ(store.entries.size(), 1u);
  ASSERT_EQ(store.entries[0].update_records().updates_size(), 1);
  EXPECT_EQ(store.Update(0, 0).record().id(), "c-1");
  EXPECT_EQ(store.Update(0, 0).existence(), store::storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 1u);
  contacts.Count(Shown(1, first), WorldNow());
  EXPECT_EQ(store.entries.size(), 1u);
  contacts.Count(Shown(1, both), WorldNow());
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 2u);
  contacts.Count(Shown(2, both), WorldNow());
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 4u);
}

TEST(ShownContactsTest, WhatIsShownWhileAnEntryIsOnItsWayGoesWithTheNext) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  contacts.Count(Shown(1, {1}), WorldNow());
  contacts.Count(Shown(2, {1, 2}), WorldNow());
  contacts.Count(Shown(3, {1}, "c-2"), WorldNow());
  contacts.Count(Shown(4, {1}), WorldNow());
  ASSERT_EQ(store.entries.size(), 1u);
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 1u);
  ASSERT_EQ(store.entries.size(), 2u);
  EXPECT_EQ(store.entries[1].update_records().updates_size(), 2);
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 5u);
  EXPECT_EQ(store.entries.size(), 2u);
  contacts.Count(Shown(5, {1}), WorldNow());
  EXPECT_EQ(store.entries.size(), 3u);
}

TEST(ShownContactsTest, WhatIsOnItsWayIsPendingUntilTheStoreHasIt) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  contacts.Count(Shown(1, {1}), WorldNow());
  contacts.Count(Shown(2, {1}), WorldNow());
  contacts.Count(Shown(3, {1}), WorldNow());
  EXPECT_EQ(PendingOf(contacts, "c-2").size(), 0u);
  const std::vector<std::string> all = PendingOf(contacts, "c-1");
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0], store.Update(0, 0).patch());
  store.Acknowledge();
  ASSERT_EQ(store.entries.size(), 2u);
  EXPECT_EQ(all[1], store.Update(1, 0).patch());
  EXPECT_EQ(PendingOf(contacts, "c-1"), std::vector<std::string>{all[1]});
  store.Acknowledge();
  EXPECT_EQ(PendingOf(contacts, "c-1").size(), 0u);
}

TEST(ShownContactsTest, DropsAndCountsWhatFindsNoRoomAndTakesItLater) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 2);
  contacts.Count(Shown(9, {1}, "c-0"), WorldNow());
  contacts.Count(Shown(1, {1}, "c-1"), WorldNow());
  contacts.Count(Shown(2, {1}, "c-2"), WorldNow());
  contacts.Count(Shown(3, {1}, "c-3"), WorldNow());
  contacts.Count(Shown(4, {1}, "c-2"), WorldNow());  // has a place already
  EXPECT_EQ(contacts.stats().dropped, 1u);
  store.Acknowledge();
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 4u);
  contacts.Count(Shown(3, {1}, "c-3"), WorldNow());
  EXPECT_EQ(store.entries.size(), 3u);
}

TEST(ShownContactsTest, DropsOfAnEntryWhatTheStoreRefuses) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  contacts.Count(Shown(1, {1}), WorldNow());
  contacts.Count(Shown(2, {1}, "c-1"), WorldNow());
  contacts.Count(Shown(3, {1, 2, 3}, "c-2"), WorldNow());
  store.Acknowledge();
  ASSERT_EQ(store.entries.size(), 2u);
  EntryResult result;
  EntryResult::RefusedItem* refused = result.add_refused_items();
  refused->set_index(store.Update(1, 0).record().id() == "c-2" ? 0 : 1);
  refused->set_refusal(EntryResult::REFUSAL_NOT_FOUND);
  store.Acknowledge(result);
  EXPECT_EQ(contacts.stats().counted, 2u);
  EXPECT_EQ(contacts.stats().dropped, 3u);
}

TEST(ShownContactsTest, WhatCouldNotBeWrittenIsTakenWhenItIsShownAgain) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  store.status = absl::UnavailableError("read-only");
  contacts.Count(Shown(1, {1}), WorldNow());
  EXPECT_EQ(contacts.stats().dropped, 1u);
  EXPECT_EQ(PendingOf(contacts, "c-1").size(), 0u);
  store.status = absl::OkStatus();
  contacts.Count(Shown(1, {1}), WorldNow());
  EXPECT_EQ(store.entries.size(), 1u);
  contacts.Count(Shown(2, {1}), WorldNow());  // waits, and the store fails when it would be sent
  store.status = absl::UnavailableError("read-only");
  store.Acknowledge(absl::UnavailableError("the device is full"));
  EXPECT_EQ(contacts.stats().dropped, 3u);
  EXPECT_EQ(PendingOf(contacts, "c-1").size(), 0u);
  store.status = absl::OkStatus();
  contacts.Count(Shown(1, {1}), WorldNow());
  contacts.Count(Shown(2, {1}), WorldNow());
  store.Acknowledge();
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 2u);
}

}  // namespace
}  // namespace touchstone::server
