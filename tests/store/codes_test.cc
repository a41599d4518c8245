// Codes: how they come to be there, who can claim them, and what becomes of a use.

#include <atomic>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "store/apply.h"
#include "store/holdings.h"
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

class CodesTest : public LedgerTest {
 protected:
  void Add(const std::vector<std::string>& codes, int64_t most_uses = 1,
           absl::string_view customer_id = "") {
    ASSERT_EQ(Write(AddCodesEntry(codes, most_uses, customer_id)).applied(), codes.size());
  }
  // Whether the transaction can hold the code, or holds it now.
  bool Claims(absl::string_view transaction_id, absl::string_view code,
              absl::string_view customer_id = "", int64_t time_us = kTestTimeUs) {
    return CanHold(transaction_id, CodeClaim(code), customer_id, time_us);
  }

  std::optional<Code> Read(absl::string_view code) {
    Code row;
    const absl::StatusOr<Found> found = store_->GetCode(code, ReadTier::kMayBlock, &row);
    EXPECT_TRUE(found.ok()) << found.status();
    if (*found != Found::kFound) return std::nullopt;
    return row;
  }
  bool Holds(absl::string_view transaction_id, absl::string_view code) {
    return *store_->GetCodeHold(code, transaction_id, ReadTier::kMayBlock) == Found::kFound;
  }
};

TEST_F(CodesTest, ACodeSaysWhatItWasIssuedFor) {
  MakeCustomer("ann");
  Entry entry = At(AddCodesEntry({"A1", "A2"}, 3, "ann"), kTestTimeUs + 5);
  Code& terms = *entry.mutable_add_codes()->mutable_terms();
  terms.set_start_us(100);
  terms.set_end_us(200);
  terms.set_batch("fall");
  const EntryResult result = Write(entry);
  EXPECT_EQ(result.applied(), 2u);
  EXPECT_THAT(result.duplicate_items(), IsEmpty());
  EXPECT_THAT(result.refused_items(), IsEmpty());
  for (const char* code : {"A1", "A2"}) {
    const std::optional<Code> row = Read(code);
    ASSERT_TRUE(row.has_value());
    EXPECT_EQ(row->offer_id(), "beans-20");
    EXPECT_EQ(row->customer_id(), "ann");
    EXPECT_EQ(row->start_us(), 100);
    EXPECT_EQ(row->end_us(), 200);
    EXPECT_EQ(row->most_uses(), 3);
    EXPECT_EQ(row->batch(), "fall");
    EXPECT_EQ(row->time_us(), kTestTimeUs + 5);
    EXPECT_FALSE(row->revoked());
  }
  EXPECT_THAT(*store_->ListCodes("ann"), ElementsAre("A1", "A2"));
  EXPECT_FALSE(Read("A3").has_value());
}

TEST_F(CodesTest, TheSameTermsAreADuplicateAndOthersAreRefused) {
  Add({"A", "B"}, 2);
  ASSERT_TRUE(Claims("t1", "A"));
  Entry entry = At(AddCodesEntry({"N", "A", "N", "B", "A"}, 2), kTestTimeUs + kDayUs);
  const EntryResult same = Write(entry);
  EXPECT_EQ(same.applied(), 1u);
  EXPECT_THAT(same.duplicate_items(), ElementsAre(1u, 3u));
  ASSERT_EQ(same.refused_items_size(), 2);
  EXPECT_EQ(same.refused_items(0).index(), 2u);
  EXPECT_EQ(same.refused_items(1).index(), 4u);
  EXPECT_EQ(same.refused_items(0).refusal(), kAlreadyExists);
  EXPECT_EQ(UsesOfCode("A"), "0/1/0") << "as it was";
  EXPECT_EQ(Read("A")->time_us(), kTestTimeUs);

  MakeCustomer("ann");
  const auto other_terms = [](auto change) {
    Entry other = AddCodesEntry({"A"}, 2);
    change(other.mutable_add_codes()->mutable_terms());
    return other;
  };
  for (const Entry& other : {other_terms([](Code* terms) { terms->set_offer_id("tea"); }),
                             other_terms([](Code* terms) { terms->set_most_uses(3); }),
                             other_terms([](Code* terms) { terms->set_start_us(1); }),
                             other_terms([](Code* terms) { terms->set_end_us(kTestTimeUs); }),
                             other_terms([](Code* terms) { terms->set_batch("fall"); }),
                             other_terms([](Code* terms) { terms->set_customer_id("ann"); })}) {
    const EntryResult result = Write(other);
    EXPECT_EQ(result.refusal(), kApplied);
    EXPECT_EQ(result.refused_items_size(), 1) << other.ShortDebugString();
    EXPECT_EQ(result.applied(), 0u);
  }
  EXPECT_THAT(*store_->ListCodes("ann"), IsEmpty());
}

TEST_F(CodesTest, AllOrNoneAddsNothingWhereOneIsThere) {
  Add({"A"});
  for (const std::vector<std::string>& codes : {std::vector<std::string>{"N", "A"}, {"N", "N"}}) {
    Entry entry = AddCodesEntry(codes);
    entry.mutable_add_codes()->set_all_or_none(true);
    EXPECT_EQ(RefusalOf(entry), kAlreadyExists);
    EXPECT_EQ(UsesOfCode("N"), "");
  }
  Entry entry = AddCodesEntry({"N", "M"});
  entry.mutable_add_codes()->set_all_or_none(true);
  EXPECT_EQ(Write(entry).applied(), 2u);
}

TEST_F(CodesTest, MalformedEntriesChangeNothing) {
  const auto with = [](auto change) {
    Entry entry = AddCodesEntry({"A"});
    change(entry.mutable_add_codes());
    return entry;
  };
  for (const Entry& entry :
       {with([](auto* c) { c->mutable_terms()->set_offer_id(""); }),
        with([](auto* c) { c->mutable_terms()->set_customer_id("a/b"); }),
        with([](auto* c) { c->mutable_terms()->set_batch(std::string(65, 'b')); }),
        with([](auto* c) { c->mutable_terms()->set_most_uses(0); }),
        with([](auto* c) { c->mutable_terms()->set_most_uses(kMaxClaimCount + 1); }),
        with([](auto* c) {
          c->mutable_terms()->set_start_us(9), c->mutable_terms()->set_end_us(9);
        }),
        with([](auto* c) { c->mutable_terms()->set_committed(1); }),
        with([](auto* c) { c->mutable_terms()->set_reserved(1); }),
        with([](auto* c) { c->mutable_terms()->set_overrun(1); }),
        with([](auto* c) { c->mutable_terms()->set_revoked(true); }),
        with([](auto* c) { c->clear_codes(); }), with([](auto* c) { c->add_codes(""); }),
        with([](auto* c) { c->add_codes("A B"); }),
        with([](auto* c) { c->add_codes(std::string(65, 'A')); }), RevokeEntry({}),
        RevokeEntry({"A", ""})}) {
    EXPECT_EQ(RefusalOf(entry), kInvalid) << entry.ShortDebugString();
  }
  EXPECT_EQ(UsesOfCode("A"), "");
  EXPECT_EQ(RefusalOf(AddCodesEntry({"A"}, 1, "nobody")), kNotFound);
  std::vector<std::string> many;
  for (int i = 0; i <= kMaxItems; ++i) many.push_back(absl::StrCat("M", i));
  EXPECT_EQ(RefusalOf(AddCodesEntry(many)), kInvalid);
  EXPECT_EQ(RefusalOf(RevokeEntry(many)), kInvalid);
  many.pop_back();
  EXPECT_EQ(Write(AddCodesEntry(many)).applied(), 10'000u);
  EXPECT_EQ(Write(RevokeEntry(many)).applied(), 10'000u);
}

TEST_F(CodesTest, AUseIsHeldThenSoldThenBroughtBack) {
  Add({"A"});
  ASSERT_TRUE(Claims("t1", "A"));
  EXPECT_EQ(UsesOfCode("A"), "0/1/0");
  EXPECT_TRUE(Holds("t1", "A"));
  EXPECT_FALSE(Holds("t2", "A"));
  EXPECT_FALSE(Claims("t2", "A"));
  EXPECT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied);
  EXPECT_EQ(UsesOfCode("A"), "1/0/0");
  EXPECT_FALSE(Holds("t1", "A"));
  EXPECT_FALSE(Claims("t2", "A"));
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 1, {CodeClaim("A").claim()})), kApplied);
  EXPECT_EQ(UsesOfCode("A"), "0/0/0");
  EXPECT_EQ(RefusalOf(ReturnEntry("t1", 2, {CodeClaim("A").claim()})), kInvalid) << "it is back";
  EXPECT_TRUE(Claims("t2", "A"));
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, WhatIsReleasedOrExpiresOrReplacedIsGivenBack) {
  Add({"A", "B"});
  ASSERT_TRUE(Claims("t1", "A"));
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 2, {CodeClaim("B")})), kApplied);
  EXPECT_EQ(UsesOfCode("A"), "0/0/0");
  EXPECT_EQ(UsesOfCode("B"), "0/1/0");
  EXPECT_FALSE(Holds("t1", "A"));
  EXPECT_TRUE(Holds("t1", "B"));
  // The last use is its own.
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 3, {CodeClaim("B"), CodeClaim("A")})), kApplied);
  EXPECT_EQ(UsesOfCode("B"), "0/1/0");
  EXPECT_EQ(RefusalOf(ReleaseEntry("t1", 3)), kApplied);
  EXPECT_EQ(UsesOfCode("A"), "0/0/0");
  EXPECT_EQ(UsesOfCode("B"), "0/0/0");
  EXPECT_FALSE(Holds("t1", "B"));
  ASSERT_TRUE(Claims("t2", "A"));
  EXPECT_EQ(RefusalOf(SuspendEntry("t2", 1, kTestExpireUs)), kApplied);
  EXPECT_TRUE(Holds("t2", "A"));
  EXPECT_EQ(Write(ExpireEntry({"t2"}, kTestExpireUs)).applied(), 1u);
  EXPECT_EQ(UsesOfCode("A"), "0/0/0");
  EXPECT_FALSE(Holds("t2", "A"));
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, ARefusedClaimUndoesAllOfItsEntry) {
  Add({"A", "B", "C"});
  ASSERT_TRUE(Claims("other", "B"));
  ASSERT_TRUE(Claims("t1", "C"));
  const EntryResult refused = Write(ReserveEntry(
      "t1", 2, {UsesClaim("b", 1, 9), CodeClaim("A"), CodeClaim("B"), CodeClaim("none")}));
  EXPECT_EQ(refused.refusal(), kClaimsRefused);
  EXPECT_THAT(refused.refused_claims(), ElementsAre(2u, 3u));
  EXPECT_EQ(UsesOfCode("A"), "0/0/0");
  EXPECT_EQ(UsesOfCode("C"), "0/1/0") << "what it held it holds";
  EXPECT_TRUE(Holds("t1", "C"));
  EXPECT_THAT(*store_->ListBudgets(), IsEmpty());
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, ACodeIsOfOneOfferAndOnlyWhileItRuns) {
  Entry entry = AddCodesEntry({"A"}, 9);
  entry.mutable_add_codes()->mutable_terms()->set_start_us(kTestTimeUs + 10);
  entry.mutable_add_codes()->mutable_terms()->set_end_us(kTestTimeUs + 20);
  EXPECT_EQ(Write(entry).applied(), 1u);
  EXPECT_EQ(RefusalOf(At(ReserveEntry("t", 1, {CodeClaim("A", "tea")}), kTestTimeUs + 10)),
            kClaimsRefused);
  EXPECT_FALSE(Claims("t1", "A", "", kTestTimeUs + 9));
  EXPECT_TRUE(Claims("t1", "A", "", kTestTimeUs + 10));
  EXPECT_TRUE(Claims("t2", "A", "", kTestTimeUs + 19));
  EXPECT_FALSE(Claims("t3", "A", "", kTestTimeUs + 20));
}

TEST_F(CodesTest, AClockThatStepsBackRevivesNoCode) {
  Entry entry = AddCodesEntry({"A"}, 9);
  entry.mutable_add_codes()->mutable_terms()->set_end_us(kTestTimeUs + 20);
  EXPECT_EQ(Write(entry).applied(), 1u);
  EXPECT_EQ(RefusalOf(At(AddCodesEntry({"B"}), kTestTimeUs + 20)), kApplied);
  EXPECT_FALSE(Claims("t1", "A", "", kTestTimeUs));
}

TEST_F(CodesTest, ARevokedCodeCannotBeClaimedAndWhatIsHeldOrSoldStays) {
  Add({"A", "B"}, 3);
  ASSERT_TRUE(Claims("held", "A"));
  ASSERT_TRUE(Claims("sold", "A"));
  EXPECT_EQ(RefusalOf(CommitEntry("sold", 1)), kApplied);
  EXPECT_EQ(RefusalOf(RevokeEntry({"A", "none"})), kNotFound);
  EXPECT_FALSE(Read("A")->revoked()) << "none was revoked";
  EXPECT_EQ(Write(RevokeEntry({"A", "A"})).applied(), 1u);
  EXPECT_EQ(Write(RevokeEntry({"B", "A"})).applied(), 1u);
  EXPECT_FALSE(Claims("t1", "A"));
  EXPECT_EQ(UsesOfCode("A"), "1/1/0");
  EXPECT_EQ(RefusalOf(CommitEntry("held", 1)), kApplied);
  EXPECT_EQ(UsesOfCode("A"), "2/0/0");
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, ACustomersCodeIsHersAndOfWhomeverSheWasMergedInto) {
  for (const char* id : {"ann", "bea", "eve"}) MakeCustomer(id);
  Add({"A"}, 9, "ann");
  EXPECT_TRUE(Claims("t1", "A", "ann"));
  EXPECT_FALSE(Claims("t2", "A", "bea"));
  EXPECT_FALSE(Claims("t3", "A"));
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann")), kApplied);
  EXPECT_TRUE(Claims("t4", "A", "bea"));
  EXPECT_TRUE(Claims("t5", "A", "ann"));
  EXPECT_FALSE(Claims("t6", "A", "eve"));
  // Made for the one who went: of the one who stands for her.
  EXPECT_EQ(Write(AddCodesEntry({"B"}, 9, "ann")).applied(), 1u);
  EXPECT_EQ(Read("B")->customer_id(), "bea");
  EXPECT_THAT(Write(AddCodesEntry({"A"}, 9, "ann")).duplicate_items(), ElementsAre(0u));
  EXPECT_THAT(Write(AddCodesEntry({"A"}, 9, "bea")).duplicate_items(), ElementsAre(0u));
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann", /*undo=*/true)), kApplied);
  EXPECT_TRUE(Claims("t7", "A", "ann"));
  EXPECT_FALSE(Claims("t8", "A", "bea"));
  EXPECT_TRUE(Claims("t9", "B", "bea"));
  EXPECT_EQ(UsesOfCode("A"), "0/4/0");
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, AnErasedCustomersCodesAreNobodys) {
  for (const char* id : {"ann", "bea", "eve"}) MakeCustomer(id);
  Add({"A"}, 9, "ann");
  Add({"B"}, 9, "bea");
  Add({"E"}, 9, "eve");
  ASSERT_TRUE(Claims("held", "A", "ann"));
  ASSERT_TRUE(Claims("sold", "A", "ann"));
  EXPECT_EQ(RefusalOf(CommitEntry("sold", 1, "ann")), kApplied);
  EXPECT_EQ(RefusalOf(MergeEntry("bea", "ann")), kApplied);
  EXPECT_EQ(RefusalOf(EraseEntry("bea")), kApplied);
  for (const char* code : {"A", "B"}) {
    EXPECT_EQ(Read(code)->customer_id(), "");
    EXPECT_TRUE(Read(code)->revoked());
    EXPECT_FALSE(Claims("t", code));
    EXPECT_FALSE(Claims("t", code, "eve"));
  }
  EXPECT_EQ(UsesOfCode("A"), "1/0/0") << "what was held came back";
  EXPECT_THAT(*store_->ListCodes("ann"), IsEmpty());
  EXPECT_THAT(*store_->ListCodes("bea"), IsEmpty());
  EXPECT_THAT(*store_->ListCodes("eve"), ElementsAre("E"));
  EXPECT_TRUE(Claims("t", "E", "eve"));
  EXPECT_THAT(store_->GetPendingErasure("bea")->value().codes(), UnorderedElementsAre("A", "B"));
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, APostedSaleIsAlwaysBookedAndWhatIsBeyondIsTold) {
  for (const char* id : {"ann", "bea"}) MakeCustomer(id);
  Add({"ONCE", "GONE"});
  Add({"HERS"}, 1, "ann");
  Entry late = AddCodesEntry({"LATE"});
  late.mutable_add_codes()->mutable_terms()->set_end_us(kTestTimeUs + 1);
  EXPECT_EQ(Write(late).applied(), 1u);
  EXPECT_EQ(Write(RevokeEntry({"GONE"})).applied(), 1u);
  const EntryResult result =
      Write(At(PostEntry("p1",
                         {CodeClaim("ONCE"), CodeClaim("GONE"), CodeClaim("NONE"),
                          CodeClaim("HERS"), CodeClaim("LATE")},
                         "bea"),
               kTestTimeUs + kDayUs));
  EXPECT_EQ(result.refusal(), kApplied);
  std::vector<uint32_t> beyond;
  for (const EntryResult::Overrun& overrun : result.overruns()) {
    EXPECT_EQ(overrun.count(), 1);
    beyond.push_back(overrun.claim());
  }
  EXPECT_THAT(beyond, ElementsAre(1u, 2u, 3u));
  EXPECT_EQ(UsesOfCode("ONCE"), "1/0/0");
  EXPECT_EQ(UsesOfCode("GONE"), "0/0/1");
  EXPECT_EQ(UsesOfCode("NONE"), "");
  EXPECT_EQ(UsesOfCode("HERS"), "0/0/1");
  EXPECT_EQ(UsesOfCode("LATE"), "1/0/0") << "when it was sold it ran";
  EXPECT_EQ((*store_->GetSale("p1"))->claims_size(), 4) << "without the one that is not there";
  EXPECT_EQ(Write(PostEntry("p2", {CodeClaim("ONCE")})).overruns_size(), 1);
  EXPECT_EQ(UsesOfCode("ONCE"), "1/0/1");
  EXPECT_TRUE(IsSound());

  // What comes back takes from the overrun first, and counts until it is gone.
  EXPECT_EQ(RefusalOf(ReturnEntry("p1", 1, {CodeClaim("ONCE").claim()})), kApplied);
  EXPECT_EQ(UsesOfCode("ONCE"), "1/0/0");
  EXPECT_FALSE(Claims("t1", "ONCE"));
  EXPECT_EQ(RefusalOf(ReturnEntry("p2", 1, {CodeClaim("ONCE").claim()})), kApplied);
  EXPECT_TRUE(Claims("t1", "ONCE"));
  EXPECT_FALSE(Claims("t2", "HERS", "ann"));
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, APostedSaleTakesTheUseThatItsTransactionHeld) {
  Add({"A"});
  ASSERT_TRUE(Claims("t1", "A"));
  EXPECT_THAT(Write(PostEntry("t1", {CodeClaim("A")})).overruns(), IsEmpty());
  EXPECT_EQ(UsesOfCode("A"), "1/0/0");
  EXPECT_FALSE(Holds("t1", "A"));
  EXPECT_TRUE(IsSound());
}

TEST_F(CodesTest, MalformedClaimsAreRefused) {
  Add({"A"}, 9);
  const auto changed = [](auto change) {
    storage::ClaimRequest request = CodeClaim("A");
    change(request.mutable_claim());
    return request;
  };
  for (const store::Claims& claims : std::vector<store::Claims>{
           {CodeClaim("A"), CodeClaim("A")},
           {CodeClaim("A"), CodeClaim("A", "tea")},
           {changed([](auto* claim) { claim->set_count(2); })},
           {changed([](auto* claim) { claim->set_count(0); })},
           {changed([](auto* claim) {
             claim->set_amount_minor(1);
             claim->set_currency("EUR");
           })},
           {changed([](auto* claim) { claim->set_by_day(true); })},
           {changed([](auto* claim) { claim->set_id("A B"); })},
           {changed([](auto* claim) { claim->set_kind(storage::Claim::KIND_UNSPECIFIED); })}}) {
    EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, claims)), kInvalid);
    EXPECT_EQ(RefusalOf(PostEntry("t1", claims)), kInvalid);
  }
  EXPECT_EQ(UsesOfCode("A"), "0/0/0");
}

// Tills that all want the one use of the same code, again and again; whoever has it sells it and
// brings it back, or gives it back.
TEST_F(CodesTest, OfManyTillsExactlyOneHasTheOnlyUse) {
  constexpr int kTills = 6;
  constexpr int kRounds = 60;
  std::vector<std::string> codes;
  for (int i = 0; i < kRounds; ++i) codes.push_back(absl::StrCat("R", i));
  Add(codes);
  std::vector<std::atomic<int>> winners(kRounds);
  std::atomic<int> given_back{0};
  std::vector<std::thread> threads;
  for (int till = 0; till < kTills; ++till) {
    threads.emplace_back([&, till] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string transaction = absl::StrCat("till", till, "-", i);
        const std::string& code = codes[static_cast<size_t>(i)];
        const bool has_it =
            store_.Write(ReserveEntry(transaction, 1, {CodeClaim(code)})).refusal() == kApplied;
        if (!has_it) continue;
        // Nobody else has it now.
        EXPECT_EQ(winners[static_cast<size_t>(i)].fetch_add(1), 0);
        if ((till + i) % 2 == 0) {
          EXPECT_EQ(store_.Write(CommitEntry(transaction, 1)).refusal(), kApplied);
          continue;
        }
        winners[static_cast<size_t>(i)].fetch_sub(1);
        given_back.fetch_add(1);
        EXPECT_EQ(store_.Write(ReleaseEntry(transaction, 1)).refusal(), kApplied);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  int sold = 0;
  for (int i = 0; i < kRounds; ++i) {
    const int winner = winners[static_cast<size_t>(i)];
    EXPECT_EQ(UsesOfCode(codes[static_cast<size_t>(i)]), absl::StrCat(winner, "/0/0"));
    sold += winner;
  }
  EXPECT_GT(sold, 0);
  EXPECT_GT(sold + given_back, kRounds - 1) << "each was had by one at least";
  EXPECT_TRUE(IsSound());
}

}  // namespace
}  // namespace touchstone::store
