// What was used of budgets before they were counted here: booked once, within their bounds, for
// good.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/store/ledger_fixture.h"

namespace touchstone::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class OpeningUsesTest : public LedgerTest {
 protected:
  // "applied/duplicates", and behind it what was refused: " 1:ALREADY_EXISTS".
  std::string Open(absl::string_view batch, const Claims& claims) {
    const EntryResult result = Write(OpenEntry(batch, claims));
    EXPECT_EQ(result.refusal(), kApplied) << result.refusal_detail();
    std::string text = absl::StrCat(result.applied(), "/", result.duplicate_items_size());
    for (const EntryResult::RefusedItem& item : result.refused_items()) {
      absl::StrAppend(&text, " ", item.index(), ":",
                      EntryResult::Refusal_Name(item.refusal()).substr(8));
    }
    return text;
  }
};

TEST_F(OpeningUsesTest, LeaveToTheTillsWhatIsLeft) {
  EXPECT_EQ(Open("move", {UsesClaim("a", 2, 3), MoneyClaim("b", 900, 1000)}), "2/0");
  EXPECT_EQ(Uses("a"), "2/0/0");
  EXPECT_EQ(Money("b"), "900/0/0");
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("a", 2, 3)})), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {MoneyClaim("b", 101, 1000)})), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {UsesClaim("a", 1, 3), MoneyClaim("b", 100, 1000)})),
            kApplied);
  EXPECT_TRUE(IsSound());
}

TEST_F(OpeningUsesTest, OfADayCountOnTheDayAndInAll) {
  Entry entry = OpenEntry("move", {DayClaim("b", 80, 100, 0, 100)});
  entry.mutable_add_opening_uses()->mutable_items(0)->mutable_use()->set_amount_minor(300);
  ASSERT_EQ(Write(entry).applied(), 1u);
  EXPECT_EQ(Money("b"), "300/0/0");
  EXPECT_EQ(MoneyOn("b", 100), "80/0/0");
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {DayClaim("b", 21, 100, 0, 100)})), kClaimsRefused);
  EXPECT_EQ(RefusalOf(ReserveEntry("t1", 1, {DayClaim("b", 20, 100, 0, 100)})), kApplied);
  EXPECT_EQ(RefusalOf(ReserveEntry("t2", 1, {DayClaim("b", 100, 101, 0, 100)})), kApplied);
  EXPECT_TRUE(IsSound());
}

TEST_F(OpeningUsesTest, CountOnceByBudgetAndBatchHoweverOftenTheyCome) {
  EXPECT_EQ(Open("move", {UsesClaim("a", 2, 9)}), "1/0");
  EXPECT_EQ(Open("move", {UsesClaim("a", 2, 9), UsesClaim("b", 1, 9), UsesClaim("b", 1, 9)}),
            "1/2");
  // The bound is no part of what was used.
  EXPECT_EQ(Open("move", {UsesClaim("a", 2, 1)}), "0/1");
  EXPECT_EQ(Open("move", {UsesClaim("a", 3, 9)}), "0/0 0:ALREADY_EXISTS");
  EXPECT_EQ(Open("move", {MoneyClaim("a", 1, 9)}), "0/0 0:ALREADY_EXISTS");
  EXPECT_EQ(Uses("a"), "2/0/0");
  EXPECT_EQ(Uses("b"), "1/0/0");
  EXPECT_EQ(Open("second", {UsesClaim("a", 3, 9)}), "1/0");
  EXPECT_EQ(Uses("a"), "5/0/0");
  EXPECT_TRUE(IsSound());
}

TEST_F(OpeningUsesTest, FillABudgetToTheLastAndGoNoFurther) {
  ASSERT_EQ(RefusalOf(ReserveEntry("t1", 1, {DayClaim("b", 100, 7, 1000, 300)})), kApplied);
  EXPECT_EQ(Open("over", {MoneyClaim("b", 901, 1000), UsesClaim("c", 4, 3),
                          DayClaim("b", 201, 7, 1000, 300), UsesClaim("d", 1, 1)}),
            "1/0 0:TOO_MANY 1:TOO_MANY 2:TOO_MANY");
  EXPECT_EQ(Uses("c"), "") << "nothing is written for what is refused";
  EXPECT_EQ(Money("b"), "0/100/0");
  // What was refused may come again under its name.
  EXPECT_EQ(Open("over", {DayClaim("b", 200, 7, 1000, 300)}), "1/0");
  EXPECT_EQ(Open("rest", {MoneyClaim("b", 700, 1000)}), "1/0");
  EXPECT_EQ(Money("b"), "900/100/0");
  EXPECT_EQ(MoneyOn("b", 7), "200/100/0");
  EXPECT_TRUE(IsSound());
}

TEST_F(OpeningUsesTest, WhatGoesBeyondSaysOfWhat) {
  const EntryResult result = Write(
      OpenEntry("over", {UsesClaim("a", 4, 3), MoneyClaim("b", 2, 1), DayClaim("b", 2, 7, 9, 1)}));
  std::vector<std::string> details;
  for (const auto& item : result.refused_items()) details.push_back(item.refusal_detail());
  EXPECT_THAT(details,
              ElementsAre("the budget has fewer uses left", "the budget has less money left",
                          "the budget has less money left on that day"));
}

TEST_F(OpeningUsesTest, AreOfTheCurrencyThatTheBudgetWasUsedIn) {
  ASSERT_EQ(Open("move", {MoneyClaim("b", 5, 9)}), "1/0");
  Entry entry = OpenEntry("second", {MoneyClaim("b", 1, 9)});
  entry.mutable_add_opening_uses()->mutable_items(0)->mutable_use()->set_currency("CHF");
  const EntryResult result = Write(entry);
  ASSERT_EQ(result.refused_items_size(), 1);
  EXPECT_EQ(result.refused_items(0).refusal(), kInvalid);
  EXPECT_EQ(Money("b"), "5/0/0");
}

TEST_F(OpeningUsesTest, StayWhenEverySaleComesBack) {
  ASSERT_EQ(Open("move", {MoneyClaim("b", 500, 1000)}), "1/0");
  ASSERT_EQ(RefusalOf(ReserveEntry("t1", 1, {MoneyClaim("b", 300, 1000)})), kApplied);
  ASSERT_EQ(RefusalOf(CommitEntry("t1", 1)), kApplied);
  EXPECT_EQ(Money("b"), "800/0/0");
  ASSERT_EQ(RefusalOf(ReturnEntry("t1", 1, {MoneyClaim("b", 300, 0).claim()})), kApplied);
  EXPECT_EQ(Money("b"), "500/0/0");
  EXPECT_TRUE(IsSound());
}

TEST_F(OpeningUsesTest, TheResultTellsTheBudgetsThatItChanged) {
  const EntryResult result =
      Write(OpenEntry("move", {DayClaim("b", 5, 7, 9, 9), UsesClaim("full", 2, 1)}));
  ASSERT_EQ(result.budgets_size(), 2);
  EXPECT_EQ(result.budgets(0).budget_id(), "b");
  EXPECT_EQ(result.budgets(0).use().committed_minor(), 5);
  EXPECT_TRUE(result.budgets(1).by_day());
  EXPECT_EQ(result.budgets(1).use().committed_minor(), 5);
}

TEST_F(OpeningUsesTest, MalformedOnesRefuseTheEntry) {
  using Command = storage::AddOpeningUses;
  using Use = storage::OpeningUse;
  const auto fault = [this](auto change) {
    Entry entry = OpenEntry("move", {DayClaim("b", 5, 7, 9, 9)});
    change(entry.mutable_add_opening_uses());
    const EntryResult result = Write(entry);
    EXPECT_EQ(result.refusal(), kInvalid);
    return result.refusal_detail();
  };
  const auto use_fault = [&fault](auto change) {
    return fault([&change](Command* c) { change(c->mutable_items(0)->mutable_use()); });
  };
  EXPECT_THAT(fault([](Command* c) { c->set_batch(""); }), HasSubstr("batch"));
  EXPECT_THAT(fault([](Command* c) { c->clear_items(); }), HasSubstr("items"));
  EXPECT_THAT(fault([](Command* c) { c->mutable_items(0)->set_most_minor(-1); }),
              HasSubstr("no bound below zero"));
  EXPECT_THAT(use_fault([](Use* u) { u->set_budget_id("a b"); }), HasSubstr("budget_id"));
  EXPECT_THAT(use_fault([](Use* u) { u->set_count(-1); }), HasSubstr("uses or money"));
  EXPECT_THAT(use_fault([](Use* u) { u->set_currency(""); }), HasSubstr("has a currency"));
  EXPECT_THAT(use_fault([](Use* u) { u->set_day_minor(6); }), HasSubstr("no more than in all"));
  EXPECT_THAT(use_fault([](Use* u) { u->set_by_day(false); }), HasSubstr("without a day"));
  EXPECT_THAT(use_fault([](Use* u) {
                u->set_count(0);
                u->set_amount_minor(0);
                u->set_currency("");
                u->set_day_minor(0);
              }),
              HasSubstr("uses or money"));
  Claims many(1001, UsesClaim("b", 1, 0));
  EXPECT_EQ(RefusalOf(OpenEntry("move", many)), kInvalid);
  EXPECT_THAT(*store_->ListBudgets(), SizeIs(0));
  many.pop_back();
  EXPECT_EQ(RefusalOf(OpenEntry("move", many)), kApplied);
}

}  // namespace
}  // namespace touchstone::store
