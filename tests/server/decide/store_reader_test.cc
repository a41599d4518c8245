#include "server/decide/store_reader.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "store/apply.h"
#include "store/record.h"
#include "store/record_patch.h"
#include "store/writer.h"
#include "tests/server/decide/world.h"
#include "tests/store/temporary_directory.h"

namespace touchstone::server {
namespace {

using store::storage::Entry;

class StoreReaderTest : public ::testing::Test {
 protected:
  StoreReaderTest() {
    store::StoreOptions options;
    options.path = directory_.Sub("store");
    store_ = *store::Store::Open(options);
    writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());
    Entry entry;
    entry.set_format_version(store::kEntryFormatVersion);
    entry.set_time_us(absl::ToUnixMicros(WorldNow()));
    entry.mutable_update_record()->mutable_record()->set_kind(
        store::storage::RecordName::KIND_CUSTOMER);
    entry.mutable_update_record()->mutable_record()->set_id("c-1");
    store::RecordPatch patch;
    patch.SetAttribute(1, store::Value::Int64(7), 1, 0);
    entry.mutable_update_record()->set_patch(patch.bytes());
    EXPECT_TRUE(writer_->Write(entry).ok());
    reader_ = std::make_unique<StoreReader>(store_.get(), &contacts_);
  }

  void Show(uint64_t transaction, const std::vector<uint32_t>& offers) {
    ShownOffers shown;
    shown.customer_id = "c-1";
    shown.transaction = transaction;
    shown.offers = offers;
    shown.time = WorldNow();
    contacts_.Count(shown, WorldNow());
  }

  // Of c-1, as a decision reads them.
  size_t Contacts() {
    store::PinnedValue record;
    const auto found = reader_->GetCustomer("c-1", store::ReadTier::kMayBlock, &record);
    EXPECT_TRUE(found.ok() && *found == store::Found::kFound);
    return store::RecordView::Parse(record.bytes())->contact_count();
  }

  // The store gets what was submitted, and says so when told.
  struct Held {
    Entry entry;
    store::Writer::Done done;
  };

  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  std::vector<Held> held_;
  ShownContacts contacts_{[this](Entry entry, store::Writer::Done done, store::Urgency) {
                            held_.push_back({std::move(entry), std::move(done)});
                            return absl::OkStatus();
                          },
                          8};
  std::unique_ptr<StoreReader> reader_;
};

TEST_F(StoreReaderTest, AContactCountsOnceBeforeWhileAndAfterTheStoreTakesIt) {
  EXPECT_EQ(Contacts(), 0u);
  Show(1, {5, 6});
  EXPECT_EQ(Contacts(), 2u);
  Show(2, {5});
  EXPECT_EQ(Contacts(), 3u);
  for (size_t sent = 0; sent < 2; ++sent) {
    ASSERT_EQ(held_.size(), sent + 1);
    const auto applied = writer_->Write(held_[sent].entry);
    ASSERT_TRUE(applied.ok());
    EXPECT_EQ(Contacts(), 3u);  // in the store, and still pending
    held_[sent].done(applied);
    EXPECT_EQ(Contacts(), 3u);
  }
}

TEST_F(StoreReaderTest, WhatIsPendingMakesNoCustomer) {
  ShownOffers shown;
  const std::vector<uint32_t> offers = {5};
  shown.customer_id = "c-2";
  shown.transaction = 1;
  shown.offers = offers;
  contacts_.Count(shown, WorldNow());
  store::PinnedValue record;
  EXPECT_EQ(*reader_->GetCustomer("c-2", store::ReadTier::kMayBlock, &record),
            store::Found::kNotFound);
}

}  // namespace
}  // namespace touchstone::server
