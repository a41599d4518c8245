// Terms that grants keep: which of them are open, and what a publish must name.

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/record.h"
#include "store/store.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kMissing = storage::EntryResult::REFUSAL_TERMS_MISSING;
constexpr uint32_t kOffer = 20;  // beans-20

class KeptTermsTest : public LedgerTest {
 protected:
  KeptTermsTest() {
    MakeCustomer("ann");
    EXPECT_EQ(RefusalOf(RevisionEntry("rules")), kApplied);
  }

  static storage::KeptTerms Terms(uint32_t id, const std::string& body = "terms") {
    storage::KeptTerms terms;
    terms.set_offer_id("beans-20");
    terms.set_offer(kOffer);
    terms.set_id(id);
    terms.set_body(body);
    return terms;
  }
  static Entry Publish(const std::vector<storage::KeptTerms>& terms,
                       int64_t time_us = kTestTimeUs) {
    Entry entry = At(PublishEntry(1), time_us);
    entry.mutable_publish_revision()->mutable_terms()->Add(terms.begin(), terms.end());
    return entry;
  }
  // Ends at kTestTimeUs + 10.
  static Entry Granting(const std::string& grant_id, uint32_t terms) {
    Entry entry = AddGrantsEntry({grant_id}, "ann");
    storage::Code& code = *entry.mutable_add_grants()->mutable_items(0)->mutable_terms();
    code.set_terms(terms);
    code.set_end_us(kTestTimeUs + 10);
    return entry;
  }

  // "20/7: 2".
  std::vector<std::string> Open(int64_t now_us = kTestTimeUs) {
    std::vector<std::string> texts;
    const auto open = store_->CountOpenGrants(absl::FromUnixMicros(now_us));
    EXPECT_TRUE(open.ok()) << open.status();
    for (const Store::OpenGrants& grants : *open) {
      texts.push_back(absl::StrCat(grants.offer, "/", grants.terms, ": ", grants.count));
    }
    return texts;
  }
  // "7 terms", with a star where they are live.
  std::vector<std::string> Kept() {
    std::vector<std::string> texts;
    const auto kept = store_->ListKeptTerms();
    EXPECT_TRUE(kept.ok()) << kept.status();
    for (const storage::KeptTerms& terms : *kept) {
      texts.push_back(absl::StrCat(terms.id(), " ", terms.body(), terms.live() ? " *" : ""));
    }
    return texts;
  }
};

TEST_F(KeptTermsTest, OpenGrantsAreCountedByOfferAndTerms) {
  EXPECT_THAT(Open(), IsEmpty());
  EXPECT_EQ(RefusalOf(Publish({Terms(7), Terms(9)})), kApplied);
  for (const auto& [id, terms] :
       std::vector<std::pair<std::string, uint32_t>>{{"a", 7}, {"b", 7}, {"c", 9}, {"d", 0}}) {
    ASSERT_EQ(Write(Granting(id, terms)).applied(), 1u);
  }
  EXPECT_THAT(Open(), ElementsAre("20/0: 1", "20/7: 2", "20/9: 1"));
  EXPECT_THAT(Open(kTestTimeUs + 9), ElementsAre("20/0: 1", "20/7: 2", "20/9: 1"));
  EXPECT_THAT(Open(kTestTimeUs + 10), IsEmpty()) << "they have ended";
  EXPECT_EQ(Write(RevokeEntry({"a"})).applied(), 1u);
  EXPECT_THAT(Open(), ElementsAre("20/0: 1", "20/7: 1", "20/9: 1"));
  ASSERT_TRUE(CanHold("t1", GrantClaim("c"), "ann", kTestTimeUs));
  EXPECT_THAT(Open(), ElementsAre("20/0: 1", "20/7: 1", "20/9: 1")) << "it is held, not used";
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "ann")), kApplied);
  EXPECT_THAT(Open(), ElementsAre("20/0: 1", "20/7: 1"));
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {GrantClaim("c").claim()})), kApplied);
  EXPECT_THAT(Open(), ElementsAre("20/0: 1", "20/7: 1", "20/9: 1"));
  EXPECT_TRUE(IsSound());
  EXPECT_EQ(RefusalOf(EraseEntry("ann")), kApplied);
  EXPECT_THAT(Open(), IsEmpty());
  EXPECT_TRUE(IsSound());
}

TEST_F(KeptTermsTest, HerRecordSaysWhichItKeeps) {
  EXPECT_EQ(RefusalOf(Publish({Terms(7)})), kApplied);
  ASSERT_EQ(Write(Granting("a", 7)).applied(), 1u);
  PinnedValue bytes;
  ASSERT_EQ(*store_->GetRecord({RecordKind::kCustomer, "ann"}, ReadTier::kMayBlock, &bytes),
            Found::kFound);
  const absl::StatusOr<RecordView> record = RecordView::Parse(bytes.bytes());
  ASSERT_EQ(record->grant_count(), 1u);
  EXPECT_EQ(record->grant(0).offer, kOffer);
  EXPECT_EQ(record->grant(0).terms, 7u);
}

TEST_F(KeptTermsTest, APublishNamesWhatOpenGrantsKeep) {
  EXPECT_EQ(RefusalOf(Publish({Terms(7), Terms(8)})), kApplied);
  ASSERT_EQ(Write(Granting("a", 7)).applied(), 1u);
  EXPECT_EQ(RefusalOf(Publish({Terms(8)})), kMissing);
  EXPECT_THAT(Kept(), ElementsAre("7 terms *", "8 terms *")) << "nothing was changed";
  EXPECT_EQ(store_->GetActiveRevision()->epoch(), 1u);
  EXPECT_EQ(RefusalOf(Publish({Terms(7)})), kApplied);
  EXPECT_THAT(Kept(), ElementsAre("7 terms *", "8 terms"));
  EXPECT_EQ(RefusalOf(Publish({Terms(7), Terms(8)})), kApplied);
  EXPECT_THAT(Kept(), ElementsAre("7 terms *", "8 terms *"));
  EXPECT_EQ(RefusalOf(Publish({}, kTestTimeUs + 9)), kMissing);
  EXPECT_EQ(RefusalOf(Publish({}, kTestTimeUs + 10)), kApplied) << "it has ended";
  EXPECT_THAT(Kept(), ElementsAre("7 terms", "8 terms"));
  EXPECT_TRUE(IsSound());
}

TEST_F(KeptTermsTest, WhatIsUsedOrRevokedIsNoLongerKept) {
  EXPECT_EQ(RefusalOf(Publish({Terms(7), Terms(8)})), kApplied);
  ASSERT_EQ(Write(Granting("a", 7)).applied(), 1u);
  ASSERT_EQ(Write(Granting("b", 8)).applied(), 1u);
  EXPECT_EQ(Write(RevokeEntry({"a"})).applied(), 1u);
  EXPECT_EQ(RefusalOf(Publish({})), kMissing);
  ASSERT_TRUE(CanHold("t1", GrantClaim("b"), "ann", kTestTimeUs));
  EXPECT_EQ(RefusalOf(Publish({})), kMissing);
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "ann")), kApplied);
  EXPECT_EQ(RefusalOf(Publish({})), kApplied);
}

TEST_F(KeptTermsTest, MalformedTermsAreRefused) {
  const auto with = [](auto change) {
    storage::KeptTerms terms = Terms(7);
    change(&terms);
    return terms;
  };
  for (const storage::KeptTerms& bad :
       {with([](auto* terms) { terms->set_offer_id("no/id"); }),
        with([](auto* terms) { terms->set_offer(0); }),
        with([](auto* terms) { terms->set_offer(uint64_t{1} << 32); }),
        with([](auto* terms) { terms->set_id(0); }), with([](auto* terms) { terms->clear_body(); }),
        with([](auto* terms) { terms->set_live(true); })}) {
    EXPECT_EQ(RefusalOf(Publish({bad})), kInvalid) << bad.ShortDebugString();
  }
  EXPECT_EQ(RefusalOf(Publish({Terms(7), Terms(7)})), kInvalid);
  EXPECT_THAT(Kept(), IsEmpty());
  EXPECT_EQ(RefusalOf(Publish({Terms(7)})), kApplied);
  EXPECT_EQ(RefusalOf(Publish({Terms(7, "others")})), kInvalid) << "ids are never used again";
}

TEST_F(KeptTermsTest, ACodeKeepsNone) {
  Entry entry = AddCodesEntry({"CODE1"});
  entry.mutable_add_codes()->mutable_terms()->set_terms(7);
  EXPECT_EQ(RefusalOf(entry), kInvalid);
}

TEST_F(KeptTermsTest, AGrantThatIsThereIsTheSameUnderLaterTerms) {
  EXPECT_EQ(RefusalOf(Publish({Terms(7), Terms(8)})), kApplied);
  ASSERT_EQ(Write(Granting("a", 7)).applied(), 1u);
  const EntryResult again = Write(Granting("a", 8));
  EXPECT_EQ(again.duplicate_items_size(), 1);
  EXPECT_THAT(Open(), ElementsAre("20/7: 1"));
}

}  // namespace
}  // namespace touchstone::store
