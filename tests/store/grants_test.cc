// Grants: how they come to be there, who can claim them, and what her record shows of them.

#include "store/grants.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/apply.h"
#include "store/apply_commands.h"
#include "store/holdings.h"
#include "store/record.h"
#include "store/store.h"
#include "store/verify.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using storage::Code;
using storage::Entry;
using storage::EntryResult;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

constexpr auto kTooMany = EntryResult::REFUSAL_TOO_MANY;

class GrantsTest : public LedgerTest {
 protected:
  GrantsTest() {
    for (const char* id : {"ann", "bea", "eve"}) MakeCustomer(id);
  }

  void Grant(const std::vector<std::string>& ids, absl::string_view customer_id,
             int64_t most_uses = 1) {
    ASSERT_EQ(Write(AddGrantsEntry(ids, customer_id, most_uses)).applied(), ids.size());
  }
  // With an end.
  Entry Ending(const std::vector<std::string>& ids, absl::string_view customer_id, int64_t end_us) {
    Entry entry = AddGrantsEntry(ids, customer_id);
    for (storage::AddGrants::Item& item : *entry.mutable_add_grants()->mutable_items()) {
      item.mutable_terms()->set_end_us(end_us);
    }
    return entry;
  }
  bool Claims(absl::string_view transaction_id, absl::string_view grant_id,
              absl::string_view customer_id, int64_t time_us = kTestTimeUs) {
    return CanHold(transaction_id, GrantClaim(grant_id), customer_id, time_us);
  }

  RecordView Record(absl::string_view customer_id) {
    EXPECT_EQ(*store_->GetRecord({RecordKind::kCustomer, std::string(customer_id)},
                                 ReadTier::kMayBlock, &bytes_),
              Found::kFound);
    return *RecordView::Parse(bytes_.bytes());
  }
  // "g1 2" of a grant with two uses left, "g1 0 by t1" of one that a transaction holds.
  std::vector<std::string> Shown(absl::string_view customer_id) {
    const RecordView record = Record(customer_id);
    std::vector<std::string> texts;
    for (size_t i = 0; i < record.grant_count(); ++i) {
      const GrantView grant = record.grant(i);
      std::string& text = texts.emplace_back(absl::StrCat(grant.id, " ", grant.uses_left));
      for (size_t j = 0; j < grant.holder_count; ++j) {
        for (const char* transaction : {"t1", "t2", "t3"}) {
          if (grant.holder(j) != ContactTransaction(transaction)) continue;
          absl::StrAppend(&text, " by ", transaction);
        }
      }
    }
    return texts;
  }
  std::vector<std::string> Listed(absl::string_view customer_id) {
    std::vector<std::string> ids;
    const auto grants = store_->ListGrants(customer_id);
    for (const auto& [id, grant] : *grants) ids.push_back(id);
    return ids;
  }
  static std::vector<std::string> Names(absl::string_view prefix, int count) {
    std::vector<std::string> names;
    for (int i = 0; i < count; ++i) names.push_back(absl::StrCat(prefix, i));
    return names;
  }
  PinnedValue bytes_;
};

TEST_F(GrantsTest, AGrantStandsInTheLedgerAndInHerRecord) {
  const uint64_t version = Record("ann").version();
  Entry entry = At(AddGrantsEntry({"g1", "g2"}, "ann", 3), kTestTimeUs + 5);
  Code& terms = *entry.mutable_add_grants()->mutable_items(0)->mutable_terms();
  terms.set_start_us(100);
  terms.set_end_us(kTestTimeUs + 200);
  terms.set_batch("fall");
  const EntryResult result = Write(entry);
  EXPECT_EQ(result.applied(), 2u);
  Code row;
  ASSERT_EQ(*store_->GetCode("g1", ReadTier::kMayBlock, &row), Found::kFound);
  EXPECT_TRUE(row.is_grant());
  EXPECT_EQ(row.customer_id(), "ann");
  EXPECT_EQ(row.batch(), "fall");
  EXPECT_EQ(row.time_us(), kTestTimeUs + 5);
  const RecordView record = Record("ann");
  EXPECT_EQ(record.version(), version + 1) << "one entry";
  ASSERT_EQ(record.grant_count(), 2u);
  EXPECT_EQ(record.grant(0).id, "g1");
  EXPECT_EQ(record.grant(0).offer, 20u);
  EXPECT_EQ(record.grant(0).start_us, 100);
  EXPECT_EQ(record.grant(0).end_us, kTestTimeUs + 200);
  EXPECT_EQ(record.grant(0).uses_left, 3u);
  EXPECT_EQ(record.grant(1).end_us, std::numeric_limits<int64_t>::max());
  EXPECT_EQ(Record("bea").grant_count(), 0u);
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, MalformedEntriesChangeNothing) {
  const auto with = [](auto change) {
    Entry entry = AddGrantsEntry({"g0", "g1"}, "ann");
    change(entry.mutable_add_grants()->mutable_items(1), entry.mutable_add_grants());
    return entry;
  };
  for (const Entry& entry :
       {with([](auto* item, auto*) { item->set_grant_id("G1"); }),
        with([](auto* item, auto*) { item->set_grant_id(""); }),
        with([](auto* item, auto*) { item->set_grant_id("g 1"); }),
        with([](auto* item, auto*) { item->set_grant_id(std::string(65, 'g')); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_is_grant(false); }),
        with([](auto* item, auto*) { item->mutable_terms()->clear_customer_id(); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_customer_id("a/b"); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_offer(0); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_offer_id(""); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_batch(std::string(65, 'b')); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_most_uses(0); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_most_uses(kMaxClaimCount + 1); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_end_us(-1); }),
        with([](auto* item, auto*) { item->mutable_terms()->set_reserved(1); }),
        with([](auto* item, auto*) { item->mutable_terms()->add_holders(1); }),
        with([](auto*, auto* command) { command->clear_items(); })}) {
    EXPECT_EQ(RefusalOf(entry), kInvalid) << entry.ShortDebugString();
  }
  EXPECT_EQ(RefusalOf(AddGrantsEntry(Names("g", kMaxItems + 1), "ann")), kInvalid);
  EXPECT_EQ(UsesOfCode("g0"), "");
  EXPECT_THAT(Shown("ann"), IsEmpty());
}

TEST_F(GrantsTest, CodesAndGrantsNeverMeet) {
  EXPECT_EQ(RefusalOf(AddCodesEntry({"CODE", "g1"})), kInvalid);
  for (const auto change :
       {+[](Code* terms) { terms->set_is_grant(true); }, +[](Code* terms) { terms->set_offer(20); },
        +[](Code* terms) { terms->add_holders(1); }}) {
    Entry entry = AddCodesEntry({"CODE"});
    change(entry.mutable_add_codes()->mutable_terms());
    EXPECT_EQ(RefusalOf(entry), kInvalid);
  }
  ASSERT_EQ(Write(AddCodesEntry({"CODE"}, 9, "ann")).applied(), 1u);
  Grant({"g1"}, "ann", 9);
  EXPECT_THAT(*store_->ListCodes("ann"), ElementsAre("CODE"));
  EXPECT_THAT(Listed("ann"), ElementsAre("g1"));
  // Each by its own kind of claim.
  EXPECT_FALSE(Claims("t1", "CODE", "ann"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {CodeClaim("g1")}, "ann")), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {CodeClaim("CODE"), GrantClaim("g1")}, "ann")),
            kApplied);
  EXPECT_EQ(Write(PostEntry("t2", {CodeClaim("g1"), GrantClaim("CODE")}, "ann")).overruns_size(),
            2);
  EXPECT_EQ(UsesOfCode("g1"), "0/1/1");
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 7 by t1"));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, OneItemStopsNoOther) {
  Grant({"g1"}, "ann", 2);
  ASSERT_TRUE(Claims("t1", "g1", "ann"));
  Entry entry = AddGrantsEntry({"g1", "g2", "g3", "g2", "g4"}, "ann", 2);
  auto& items = *entry.mutable_add_grants()->mutable_items();
  items[2].mutable_terms()->set_customer_id("nobody");
  items[4].set_grant_id("g2");
  items[4].mutable_terms()->set_most_uses(3);
  const EntryResult result = Write(entry);
  EXPECT_EQ(result.refusal(), kApplied);
  EXPECT_EQ(result.applied(), 1u);
  EXPECT_THAT(result.duplicate_items(), ElementsAre(0u, 3u));
  ASSERT_EQ(result.refused_items_size(), 2);
  EXPECT_EQ(result.refused_items(0).index(), 2u);
  EXPECT_EQ(result.refused_items(0).refusal(), kNotFound);
  EXPECT_EQ(result.refused_items(1).index(), 4u);
  EXPECT_EQ(result.refused_items(1).refusal(), kAlreadyExists);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 1 by t1", "g2 2")) << "as it was";

  for (const auto change :
       {+[](Code* terms) { terms->set_customer_id("bea"); },
        +[](Code* terms) { terms->set_offer_id("tea"); },
        +[](Code* terms) { terms->set_offer(21); }, +[](Code* terms) { terms->set_start_us(1); },
        +[](Code* terms) { terms->set_end_us(kTestTimeUs); },
        +[](Code* terms) { terms->set_batch("fall"); }}) {
    Entry other = AddGrantsEntry({"g1"}, "ann", 2);
    change(other.mutable_add_grants()->mutable_items(0)->mutable_terms());
    EXPECT_EQ(Write(other).refused_items(0).refusal(), kAlreadyExists) << other.ShortDebugString();
  }
}

TEST_F(GrantsTest, ACustomerHasSoManyOpenOnesAndNoMore) {
  const EntryResult first = Write(AddGrantsEntry(Names("g", kMaxOpenGrants + 1), "ann"));
  EXPECT_EQ(first.applied(), static_cast<uint32_t>(kMaxOpenGrants)) << "those of the entry count";
  ASSERT_EQ(first.refused_items_size(), 1);
  EXPECT_EQ(first.refused_items(0).refusal(), kTooMany);
  EXPECT_EQ(first.refused_items(0).index(), static_cast<uint32_t>(kMaxOpenGrants));
  EXPECT_EQ(UsesOfCode(absl::StrCat("g", kMaxOpenGrants)), "");
  const EntryResult again = Write(AddGrantsEntry({"g0", "more"}, "ann"));
  EXPECT_THAT(again.duplicate_items(), ElementsAre(0u));
  EXPECT_EQ(again.refused_items(0).refusal(), kTooMany);
  EXPECT_EQ(Write(AddGrantsEntry({"hers"}, "bea")).applied(), 1u);
  EXPECT_EQ(Write(Ending({"past"}, "ann", kTestTimeUs)).applied(), 1u) << "needs no room";

  // What is revoked, used up or over makes room.
  EXPECT_EQ(Write(RevokeEntry({"g0"})).applied(), 1u);
  EXPECT_EQ(Write(Ending({"soon", "more"}, "ann", kTestTimeUs + 9)).applied(), 1u);
  ASSERT_TRUE(Claims("t1", "g1", "ann"));
  EXPECT_EQ(Write(AddGrantsEntry({"more"}, "ann")).applied(), 0u) << "it is held";
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "ann")), kApplied);
  EXPECT_EQ(Write(At(AddGrantsEntry({"a", "b", "c"}, "ann"), kTestTimeUs + 9)).applied(), 2u);
  EXPECT_EQ(Record("ann").grant_count(), static_cast<size_t>(kMaxOpenGrants));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, AUseIsHeldThenSoldThenBroughtBack) {
  Grant({"g1"}, "ann", 2);
  ASSERT_TRUE(Claims("t1", "g1", "ann"));
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 1 by t1"));
  ASSERT_TRUE(Claims("t2", "g1", "ann"));
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 0 by t1 by t2"));
  EXPECT_FALSE(Claims("t3", "g1", "ann"));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "ann")), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 0 by t2"));
  EXPECT_EQ(RefusalOf(CommitEntry("t2", 1, "ann")), kApplied);
  EXPECT_THAT(Shown("ann"), IsEmpty());
  EXPECT_EQ(UsesOfCode("g1"), "2/0/0");
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {GrantClaim("g1").claim()})), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 1"));
  ASSERT_TRUE(Claims("t3", "g1", "ann"));
  EXPECT_TRUE(IsSound());
  EXPECT_EQ(RefusalOf(ReserveEntry("t3", 2, {}, "ann")), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 1")) << "the next step does not claim it";
  EXPECT_FALSE(Claims("t4", "g1", "bea"));
  EXPECT_FALSE(Claims("t4", "g1", ""));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, TheFirstOfManyHoldersAreNamed) {
  Grant({"g1"}, "ann", 99);
  const int holders = static_cast<int>(kMaxGrantHolders) + 2;
  for (int i = 0; i < holders; ++i) {
    ASSERT_TRUE(Claims(absl::StrCat("till-", i), "g1", "ann"));
  }
  EXPECT_EQ(Record("ann").grant(0).holder_count, kMaxGrantHolders);
  EXPECT_EQ(Record("ann").grant(0).holder(0), ContactTransaction("till-0"));
  EXPECT_EQ(RefusalOf(ReleaseEntry("till-0", 1)), kApplied);
  ASSERT_EQ(Record("ann").grant(0).holder_count, kMaxGrantHolders);
  EXPECT_EQ(Record("ann").grant(0).holder(0), ContactTransaction("till-1"));
  EXPECT_EQ(Record("ann").grant(0).holder(kMaxGrantHolders - 1),
            ContactTransaction(absl::StrCat("till-", kMaxGrantHolders)));
  EXPECT_EQ(Record("ann").grant(0).uses_left, 99u - static_cast<uint32_t>(holders) + 1);
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, ARevokedGrantIsNotShownAndWhatIsHeldIsSold) {
  Grant({"g1", "g2"}, "ann", 2);
  ASSERT_TRUE(Claims("t1", "g1", "ann"));
  EXPECT_EQ(RefusalOf(RevokeEntry({"g1", "none"})), kNotFound);
  EXPECT_EQ(Write(RevokeEntry({"g1"})).applied(), 1u);
  EXPECT_THAT(Shown("ann"), ElementsAre("g2 2"));
  EXPECT_FALSE(Claims("t2", "g1", "ann"));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "ann")), kApplied);
  EXPECT_EQ(UsesOfCode("g1"), "1/0/0");
  EXPECT_THAT(Shown("ann"), ElementsAre("g2 2"));
  EXPECT_THAT(Listed("ann"), ElementsAre("g1", "g2"));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, WhatHasEndedLeavesTheRecordOnceNobodyHoldsIt) {
  ASSERT_EQ(Write(Ending({"ended", "held"}, "ann", kTestTimeUs + 10)).applied(), 2u);
  ASSERT_TRUE(Claims("t1", "held", "ann"));
  ASSERT_EQ(Write(At(AddGrantsEntry({"later"}, "ann"), kTestTimeUs + 10)).applied(), 1u);
  EXPECT_THAT(Shown("ann"), ElementsAre("held 0 by t1", "later 1"));
  EXPECT_TRUE(IsSound());
  EXPECT_EQ(Write(ExpireEntry({"t1"}, kTestExpireUs)).applied(), 1u);
  EXPECT_THAT(Shown("ann"), ElementsAre("later 1"));
  EXPECT_EQ(UsesOfCode("held"), "0/0/0");
  // Sold while it ran, told late.
  Entry late = PostEntry("p1", {GrantClaim("ended")}, "ann");
  EXPECT_THAT(Write(late).overruns(), IsEmpty());
  EXPECT_EQ(UsesOfCode("ended"), "1/0/0");
  EXPECT_EQ(RefusalOf(ReturnEntry("p1", 1, {GrantClaim("ended").claim()})), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("later 1")) << "it has ended";
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, APostedSaleIsAlwaysBooked) {
  Grant({"g1"}, "ann");
  EXPECT_THAT(Write(PostEntry("p1", {GrantClaim("g1")}, "ann")).overruns(), IsEmpty());
  EXPECT_THAT(Shown("ann"), IsEmpty());
  EXPECT_EQ(Write(PostEntry("p2", {GrantClaim("g1"), GrantClaim("none")}, "bea")).overruns_size(),
            2);
  EXPECT_EQ(UsesOfCode("g1"), "1/0/1");
  EXPECT_EQ(RefusalOf(ReturnEntry("p1", 1, {GrantClaim("g1").claim()})), kApplied);
  EXPECT_THAT(Shown("ann"), IsEmpty()) << "the overrun came back first";
  EXPECT_EQ(RefusalOf(ReturnEntry("p2", 1, {GrantClaim("g1").claim()})), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 1"));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, MalformedClaimsAreRefused) {
  Grant({"g1"}, "ann", 9);
  storage::ClaimRequest two = GrantClaim("g1");
  two.mutable_claim()->set_count(2);
  storage::ClaimRequest money = GrantClaim("g1");
  money.mutable_claim()->set_by_day(true);
  for (const store::Claims& claims :
       std::vector<store::Claims>{{two}, {money}, {GrantClaim("g1"), GrantClaim("g1", "tea")}}) {
    EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, claims, "ann")), kInvalid);
  }
}

TEST_F(GrantsTest, AMergeTakesThemAlongAndTakingItBackBringsThemBack) {
  Grant({"g1", "g2", "g3"}, "ann", 2);
  Grant({"h1"}, "bea");
  ASSERT_TRUE(Claims("t1", "g1", "ann"));
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann")), kApplied);
  EXPECT_THAT(Shown("bea"), ElementsAre("g1 1 by t1", "g2 2", "g3 2", "h1 1"));
  EXPECT_THAT(Listed("bea"), ElementsAre("g1", "g2", "g3", "h1"));
  EXPECT_THAT(Listed("ann"), ElementsAre("g1", "g2", "g3"));
  // Sent again, by either name: hers already.
  EXPECT_THAT(Write(AddGrantsEntry({"g1"}, "ann", 2)).duplicate_items(), ElementsAre(0u));
  EXPECT_THAT(Write(AddGrantsEntry({"g1"}, "bea", 2)).duplicate_items(), ElementsAre(0u));
  EXPECT_EQ(Write(AddGrantsEntry({"h1"}, "eve")).refused_items(0).refusal(), kAlreadyExists);
  // Of the merged one's name, and since: the surviving one's.
  Grant({"h2"}, "ann");
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 1)), kApplied);
  EXPECT_THAT(Shown("bea"), ElementsAre("g1 2", "g2 2", "g3 2", "h1 1", "h2 1"));
  ASSERT_TRUE(Claims("t2", "g2", "bea"));
  ASSERT_TRUE(Claims("t3", "h1", "bea"));
  EXPECT_EQ(Write(RevokeEntry({"g3"})).applied(), 1u);
  EXPECT_TRUE(IsSound());

  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann", /*undo=*/true)), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 2", "g2 1 by t2")) << "with its present state";
  EXPECT_THAT(Shown("bea"), ElementsAre("h1 0 by t3", "h2 1"));
  EXPECT_TRUE(IsSound());
  // What the other one holds of it she sells or gives back.
  EXPECT_EQ(RefusalOf(CommitEntry("t2", 1, "bea")), kApplied);
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 2", "g2 1"));
  EXPECT_FALSE(Claims("t4", "g2", "bea"));
  EXPECT_TRUE(Claims("t5", "g2", "ann"));
  EXPECT_EQ(RefusalOf(ReturnEntry("t2", 1, {GrantClaim("g2").claim()})), kApplied);
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, OfMergesOfMergesEachTakesItsOwnBack) {
  Grant({"ga"}, "ann");
  Grant({"gb"}, "bea");
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann")), kApplied);
  EXPECT_EQ(RefusalOf(MergeEntry("eve", "bea")), kApplied);
  Grant({"ge"}, "ann");
  EXPECT_THAT(Shown("eve"), ElementsAre("ga 1", "gb 1", "ge 1"));
  ASSERT_TRUE(Claims("t1", "ga", "eve"));
  EXPECT_EQ(RefusalOf(MergeEntry("eve", "bea", /*undo=*/true)), kApplied);
  EXPECT_THAT(Shown("eve"), ElementsAre("ge 1"));
  EXPECT_THAT(Shown("bea"), ElementsAre("ga 0 by t1", "gb 1"));
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann", /*undo=*/true)), kApplied);
  EXPECT_THAT(Shown("bea"), ElementsAre("gb 1"));
  EXPECT_THAT(Shown("ann"), ElementsAre("ga 0 by t1"));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, AMergeBringsUpToItsBound) {
  const auto fill = [this](const std::string& customer, absl::string_view prefix, int count) {
    ASSERT_EQ(RefusalOf(UpdateEntry(customer, "")), kApplied);
    ASSERT_EQ(Write(AddGrantsEntry(Names(prefix, count), customer)).applied(),
              static_cast<uint32_t>(count));
  };
  Grant({"one"}, "eve");
  ASSERT_EQ(Write(Ending({"ended"}, "ann", kTestTimeUs + 1)).applied(), 1u);
  for (int i = 0; i < 4; ++i) {
    const std::string customer = absl::StrCat("full", i);
    fill(customer, absl::StrCat("g", i, "-"), kMaxOpenGrants);
    ASSERT_EQ(RefusalOf(MergeEntry("ann", customer)), i < 3 ? kApplied : kTooMany);
  }
  EXPECT_EQ(Record("ann").grant_count(), kMaxGrants - static_cast<size_t>(kMaxOpenGrants) + 1);
  EXPECT_TRUE(IsSound());
  Entry later = MergeEntry("ann", "full3");
  later.set_time_us(kTestTimeUs + 1);
  EXPECT_EQ(RefusalOf(later), kApplied) << "what has ended needs no room";
  EXPECT_EQ(Record("ann").grant_count(), kMaxGrants);
  EXPECT_EQ(RefusalOf(MergeEntry("ann", "eve")), kTooMany);
  EXPECT_THAT(Shown("eve"), ElementsAre("one 1"));
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, AnErasedCustomersGrantsAreNobodys) {
  Grant({"ga"}, "ann", 9);
  Grant({"gb"}, "bea", 9);
  Grant({"ge"}, "eve", 9);
  ASSERT_TRUE(Claims("t1", "ga", "ann"));
  ASSERT_TRUE(Claims("t2", "ga", "ann"));
  EXPECT_EQ(RefusalOf(CommitEntry("t2", 1, "ann")), kApplied);
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann")), kApplied);
  EXPECT_EQ(RefusalOf(EraseEntry("bea")), kApplied);
  EXPECT_EQ(UsesOfCode("ga"), "1/0/0") << "what was held came back";
  for (const char* id : {"ga", "gb"}) {
    Code row;
    ASSERT_EQ(*store_->GetCode(id, ReadTier::kMayBlock, &row), Found::kFound);
    EXPECT_TRUE(row.revoked());
    EXPECT_EQ(row.customer_id(), "");
    EXPECT_TRUE(row.holders().empty());
  }
  EXPECT_THAT(store_->GetPendingErasure("bea")->value().codes(), UnorderedElementsAre("ga", "gb"));
  EXPECT_THAT(Listed("bea"), IsEmpty());
  EXPECT_THAT(Shown("eve"), ElementsAre("ge 9"));
  // A return does not bring her back.
  EXPECT_EQ(RefusalOf(ReturnEntry("t2", 1, {GrantClaim("ga").claim()})), kApplied);
  EXPECT_EQ(*store_->GetRecord({RecordKind::kCustomer, "bea"}, ReadTier::kMayBlock, &bytes_),
            Found::kNotFound);
  EXPECT_EQ(*store_->GetRecord({RecordKind::kCustomer, "ann"}, ReadTier::kMayBlock, &bytes_),
            Found::kNotFound);
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, WhatAnotherOneHoldsSurvivesAnErasure) {
  Grant({"ga"}, "ann");
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann")), kApplied);
  ASSERT_TRUE(Claims("t1", "ga", "bea"));
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann", /*undo=*/true)), kApplied);
  EXPECT_EQ(RefusalOf(EraseEntry("ann")), kApplied);
  EXPECT_EQ(UsesOfCode("ga"), "0/1/0");
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1, "bea")), kApplied);
  EXPECT_EQ(UsesOfCode("ga"), "1/0/0");
  EXPECT_THAT(Shown("bea"), IsEmpty());
  EXPECT_TRUE(IsSound());
}

TEST_F(GrantsTest, OnlyApplyWritesThemIntoRecords) {
  Grant({"g1"}, "ann");
  RecordPatch put;
  put.PutGrant({.id = "g9",
                .offer = 20,
                .terms = 0,
                .start_us = 0,
                .end_us = std::numeric_limits<int64_t>::max(),
                .uses_left = 9,
                .holders = {}});
  RecordPatch remove;
  remove.RemoveGrant("g1");
  for (const RecordPatch* patch : {&put, &remove}) {
    EXPECT_EQ(RefusalOf(UpdateEntry("ann", patch->bytes())), kInvalid);
    Entry post = PostEntry("p1", {}, "ann");
    post.mutable_post_sale()->set_customer_patch(patch->bytes());
    EXPECT_EQ(RefusalOf(post), kInvalid);
  }
  EXPECT_THAT(Shown("ann"), ElementsAre("g1 1"));
}

}  // namespace
}  // namespace touchstone::store
