#include "server/live/loader.h"

#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "server/services/proposer.h"
#include "server/services/rule_set_check.h"
#include "store/apply.h"
#include "store/writer.h"
#include "tests/server/grocery_rules.h"
#include "tests/store/temporary_directory.h"
#include "touchstone/v1/reference_service.pb.h"

namespace touchstone::server {
namespace {

class LiveLoaderTest : public ::testing::Test {
 protected:
  LiveLoaderTest() {
    store::StoreOptions options;
    options.path = directory_.Sub("store");
    options.cache_bytes = size_t{8} << 20;
    auto store = store::Store::Open(options);
    EXPECT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    writer_ = std::make_unique<store::Writer>(store_.get(), store::WriterOptions());
    loader_ = std::make_unique<LiveLoader>(store_.get(), &live_);
  }

  void Write(storage::Entry entry) {
    entry.set_format_version(store::kEntryFormatVersion);
    const auto result = writer_->Write(std::move(entry));
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->refusal(), storage::EntryResult::REFUSAL_UNSPECIFIED)
        << result->refusal_detail();
  }

  void Create(const std::string& rule_set) {
    storage::Entry entry;
    entry.mutable_create_revision()->set_rule_set(rule_set);
    Write(std::move(entry));
  }

  void Publish(uint64_t revision) {
    storage::Entry entry;
    entry.mutable_publish_revision()->set_revision(revision);
    Write(std::move(entry));
  }

  void ImportProducts(const std::string& sku, const std::string& brand) {
    v1::ImportReferenceRequest table;
    table.set_table("product");
    v1::ReferenceTableRow* row = table.add_rows();
    row->set_key(sku);
    (*row->mutable_values())["brand"].set_string_value(brand);
    (*row->mutable_values())["gone"].set_int_value(1);
    storage::Entry entry;
    entry.mutable_import_reference()->set_table("product");
    entry.mutable_import_reference()->set_snapshot(table.SerializeAsString());
    Write(std::move(entry));
  }

  static std::string Rules(const std::string& percent) {
    return SerializeRuleSet(CheckRuleSet(GroceryRules(percent), false, absl::UnixEpoch()).message);
  }

  store::TemporaryDirectory directory_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Writer> writer_;
  Live live_;
  std::unique_ptr<LiveLoader> loader_;
};

TEST_F(LiveLoaderTest, NothingIsLiveBeforeTheFirstPublish) {
  EXPECT_TRUE(loader_->Reload().ok());
  EXPECT_EQ(live_.Get(), nullptr);
}

TEST_F(LiveLoaderTest, TakesRevisionReferenceAndPausedOffersTogether) {
  Create(Rules("20"));
  Publish(1);
  ImportProducts("BEANS", "Alto");
  storage::Entry pause;
  pause.mutable_pause_offer()->set_offer_id("beans-20");
  Write(pause);
  pause.mutable_pause_offer()->set_offer_id("of-another-revision");
  Write(pause);
  ASSERT_TRUE(loader_->Reload().ok());
  const std::shared_ptr<const LiveState> live = live_.Get();
  ASSERT_NE(live, nullptr);
  EXPECT_EQ(live->revision, 1u);
  EXPECT_EQ(live->reference_version, 1u);
  EXPECT_EQ(live->reference->version, "1");
  EXPECT_EQ(live->paused_offers.size(), 2u);
  ASSERT_EQ(live->paused.size(), 1u);
  EXPECT_EQ(live->rule_set->offers[live->paused[0]].id, "beans-20");
  const rules::expr::Value* row = live->reference->products.Find("BEANS");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row[0].string_value(), "Alto") << "columns are in order of name: brand, categories";
}

TEST_F(LiveLoaderTest, APauseKeepsWhatIsCompiled) {
  Create(Rules("20"));
  Publish(1);
  ASSERT_TRUE(loader_->Reload().ok());
  const std::shared_ptr<const LiveState> before = live_.Get();
  storage::Entry pause;
  pause.mutable_pause_offer()->set_offer_id("beans-20");
  Write(pause);
  ASSERT_TRUE(loader_->Reload().ok());
  EXPECT_NE(live_.Get(), before);
  EXPECT_EQ(live_.Get()->rule_set, before->rule_set);
  EXPECT_EQ(live_.Get()->reference, before->reference);
}

TEST_F(LiveLoaderTest, ARevisionThatDoesNotCompileLeavesWhatIsLive) {
  Create(Rules("20"));
  Publish(1);
  ASSERT_TRUE(loader_->Reload().ok());
  Create(SerializeRuleSet(CheckRuleSet(BrokenRules(), false, absl::UnixEpoch()).message));
  Publish(2);
  const absl::Status reloaded = loader_->Reload();
  EXPECT_TRUE(absl::IsFailedPrecondition(reloaded)) << reloaded;
  EXPECT_EQ(live_.Get()->revision, 1u);
  Create("not a rule set\xff");
  EXPECT_TRUE(absl::IsDataLoss(loader_->Resolve(3, 0, {}).status()));
}

TEST_F(LiveLoaderTest, ResolvesWhatAReceiptNames) {
  Create(Rules("20"));
  Create(Rules("30"));
  Publish(2);
  ImportProducts("BEANS", "Alto");
  ImportProducts("BEANS", "Nero");
  ASSERT_TRUE(loader_->Reload().ok());
  const auto first = loader_->Resolve(1, 1, {});
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ((*first)->revision, 1u);
  EXPECT_EQ((*first)->reference->products.Find("BEANS")[0].string_value(), "Alto");
  EXPECT_EQ(live_.Get()->reference->products.Find("BEANS")[0].string_value(), "Nero");
  EXPECT_EQ((*loader_->Resolve(2, 0, {}))->reference->products.size(), 0u);
  EXPECT_EQ((*loader_->Resolve(2, 2, {}))->rule_set, live_.Get()->rule_set) << "compiled once";
  EXPECT_TRUE(absl::IsNotFound(loader_->Resolve(9, 0, {}).status()));
  EXPECT_TRUE(absl::IsNotFound(loader_->Resolve(1, 3, {}).status()));
}

TEST_F(LiveLoaderTest, KeepsNoMoreThanItSays) {
  for (size_t i = 0; i < kMaxKeptRevisions + 2; ++i) Create(Rules(std::to_string(20 + i)));
  const auto first = *loader_->Resolve(1, 0, {});
  for (size_t i = 0; i < kMaxKeptRevisions + 2; ++i)
    ASSERT_TRUE(loader_->Resolve(i + 1, 0, {}).ok());
  EXPECT_NE((*loader_->Resolve(1, 0, {}))->rule_set, first->rule_set) << "compiled again";
}

}  // namespace
}  // namespace touchstone::server
