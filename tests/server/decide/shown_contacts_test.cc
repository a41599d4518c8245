#include "server/decide/shown_contacts.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "tests/server/decide/world.h"

namespace touchstone::server {
namespace {

using store::storage::Entry;
using store::storage::EntryResult;

// A store that keeps what it is given and acknowledges when told.
struct HeldStore {
  SubmitFunction Submit() {
    return [this](Entry entry, store::Writer::Done done, store::Urgency) {
      if (!status.ok()) return status;
      entries.push_back(std::move(entry));
      waiting.push_back(std::move(done));
      return absl::OkStatus();
    };
  }
  void Acknowledge() {
    for (const store::Writer::Done& done : waiting) done(EntryResult());
    waiting.clear();
  }

  absl::Status status;
  std::vector<Entry> entries;
  std::vector<store::Writer::Done> waiting;
};

ShownOffers Shown(uint64_t transaction, const std::vector<uint32_t>& offers) {
  ShownOffers shown;
  shown.customer_id = "c-1";
  shown.transaction = transaction;
  shown.offers = offers;
  shown.time = WorldNow();
  return shown;
}

TEST(ShownContactsTest, SendsAContactOnceATransactionAndOffer) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  const std::vector<uint32_t> first = {1}, both = {1, 2};
  contacts.Count(Shown(1, first), WorldNow());
  contacts.Count(Shown(1, first), WorldNow());
  contacts.Count(Shown(1, both), WorldNow());
  contacts.Count(Shown(2, both), WorldNow());
  ASSERT_EQ(store.entries.size(), 3u);
  EXPECT_EQ(store.entries[0].update_record().record().id(), "c-1");
  EXPECT_EQ(store.entries[0].update_record().existence(),
            store::storage::UpdateRecord::EXISTENCE_MUST_EXIST);
  store.Acknowledge();
  EXPECT_EQ(contacts.stats().counted, 4u);
}

TEST(ShownContactsTest, DropsAndCountsWhatFindsNoRoomAndTakesItLater) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 2);
  for (uint32_t offer = 1; offer <= 5; ++offer) {
    contacts.Count(Shown(1, {offer}), WorldNow());
  }
  EXPECT_EQ(store.entries.size(), 2u);
  EXPECT_EQ(contacts.stats().dropped, 3u);
  store.Acknowledge();
  contacts.Count(Shown(1, {5}), WorldNow());
  EXPECT_EQ(store.entries.size(), 3u);
}

TEST(ShownContactsTest, WhatIsOnItsWayIsPendingUntilTheStoreHasIt) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  contacts.Count(Shown(1, {1}), WorldNow());
  contacts.Count(Shown(2, {1}), WorldNow());
  std::vector<std::string> patches;
  contacts.CollectPending("c-1", &patches);
  ASSERT_EQ(patches.size(), 2u);
  EXPECT_EQ(patches[0], store.entries[0].update_record().patch());
  EXPECT_EQ(patches[1], store.entries[1].update_record().patch());
  patches.clear();
  contacts.CollectPending("c-2", &patches);
  EXPECT_TRUE(patches.empty());
  store.Acknowledge();
  contacts.CollectPending("c-1", &patches);
  EXPECT_TRUE(patches.empty());
  store.status = absl::UnavailableError("read-only");
  contacts.Count(Shown(3, {1}), WorldNow());
  contacts.CollectPending("c-1", &patches);
  EXPECT_TRUE(patches.empty());
}

TEST(ShownContactsTest, EachEntryEndsByItselfInWhateverOrder) {
  HeldStore store;
  ShownContacts contacts(store.Submit(), 8);
  contacts.Count(Shown(1, {1}), WorldNow());
  contacts.Count(Shown(2, {1}), WorldNow());
  store.status = absl::UnavailableError("read-only");
  contacts.Count(Shown(3, {1}), WorldNow());  // never in the store's queue
  store.waiting[1](EntryResult());
  std::vector<std::string> patches;
  contacts.CollectPending("c-1", &patches);
  ASSERT_EQ(patches.size(), 1u);
  EXPECT_EQ(patches[0], store.entries[0].update_record().patch());
}

TEST(ShownContactsTest, DropsWhatTheStoreRefuses) {
  HeldStore store;
  store.status = absl::UnavailableError("read-only");
  ShownContacts contacts(store.Submit(), 2);
  contacts.Count(Shown(1, {1}), WorldNow());
  EXPECT_EQ(contacts.stats().dropped, 1u);
  store.status = absl::OkStatus();
  contacts.Count(Shown(1, {1}), WorldNow());
  EXPECT_EQ(store.entries.size(), 1u);
}

}  // namespace
}  // namespace touchstone::server
