// The bounds of what is kept in memory, and whose turn it is.

#include "server/till/open_transactions.h"

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace touchstone::server {
namespace {

using Taken = OpenTransactions::Taken;
using std::chrono::minutes;

constexpr size_t kPlenty = size_t{1} << 30;
const MonotonicTime kStart{};

OpenState State(const std::string& request, int32_t step = 1) {
  return {.request = request, .step = step, .change = 0, .mode = v1::DECISION_MODE_LIVE};
}

void Open(OpenTransactions& open, const std::string& id, const std::string& request,
          MonotonicTime now = kStart) {
  OpenTransactions::Turn turn;
  ASSERT_EQ(open.Take(id, now, /*may_open=*/true, &turn), Taken::kTurn);
  turn.Keep(State(request), now);
}

TEST(OpenTransactionsTest, KeepsTheLastStateUntilItIsClosed) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  Open(open, "t1", "one");
  Open(open, "t1", "two");
  EXPECT_EQ(open.Find("t1", kStart)->request, "two");
  EXPECT_EQ(open.size(), 1u);
  open.Close("t1");
  EXPECT_FALSE(open.Find("t1", kStart).has_value());
  EXPECT_EQ(open.size(), 0u);
  EXPECT_EQ(open.bytes(), 0u);
}

TEST(OpenTransactionsTest, AStepThatIsGivenUpLeavesTheStateAsItWas) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  {
    OpenTransactions::Turn turn;
    ASSERT_EQ(open.Take("t1", kStart, /*may_open=*/true, &turn), Taken::kTurn);
    EXPECT_EQ(turn.state(), nullptr);
  }
  EXPECT_EQ(open.size(), 0u);  // it was never opened
  Open(open, "t1", "one");
  {
    OpenTransactions::Turn turn;
    ASSERT_EQ(open.Take("t1", kStart, /*may_open=*/false, &turn), Taken::kTurn);
    EXPECT_EQ(turn.state()->request, "one");
  }
  EXPECT_EQ(open.Find("t1", kStart)->request, "one");
}

TEST(OpenTransactionsTest, OnlyAnOpenTransactionChanges) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  OpenTransactions::Turn turn;
  EXPECT_EQ(open.Take("t1", kStart, /*may_open=*/false, &turn), Taken::kNotOpen);
}

TEST(OpenTransactionsTest, OneStepIsUnderWayAtATime) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  OpenTransactions::Turn first;
  OpenTransactions::Turn second;
  ASSERT_EQ(open.Take("t1", kStart, /*may_open=*/true, &first), Taken::kTurn);
  EXPECT_EQ(open.Take("t1", kStart, /*may_open=*/true, &second), Taken::kBusy);
  EXPECT_EQ(open.Take("t2", kStart, /*may_open=*/true, &second), Taken::kTurn);
  first.GiveUp();
  EXPECT_EQ(open.Take("t1", kStart, /*may_open=*/true, &second), Taken::kTurn);
}

TEST(OpenTransactionsTest, WhatIsClosedWhileAStepIsUnderWayDoesNotComeBack) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  Open(open, "t1", "one");
  OpenTransactions::Turn turn;
  ASSERT_EQ(open.Take("t1", kStart, /*may_open=*/false, &turn), Taken::kTurn);
  open.Close("t1");
  EXPECT_FALSE(open.Find("t1", kStart).has_value());
  turn.Keep(State("two", 2), kStart);
  EXPECT_EQ(open.size(), 0u);
  EXPECT_EQ(open.bytes(), 0u);
}

TEST(OpenTransactionsTest, StaysForItsHoldAfterTheLastStepAndNoLonger) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  Open(open, "t1", "one");
  Open(open, "t1", "two", kStart + minutes(20));
  EXPECT_TRUE(open.Find("t1", kStart + minutes(50)).has_value());
  EXPECT_FALSE(open.Find("t1", kStart + minutes(51)).has_value());
  OpenTransactions::Turn turn;
  EXPECT_EQ(open.Take("t1", kStart + minutes(51), /*may_open=*/false, &turn), Taken::kNotOpen);
  EXPECT_EQ(open.size(), 0u);
}

TEST(OpenTransactionsTest, OldOnesGiveTheirMemoryBackAsOthersCome) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  for (int i = 0; i < 1000; ++i) Open(open, absl::StrCat("old-", i), "state");
  for (int i = 0; i < 1000; ++i) Open(open, absl::StrCat("new-", i), "state", kStart + minutes(31));
  EXPECT_EQ(open.size(), 1000u);
}

TEST(OpenTransactionsTest, StaysWithinItsBytesAndKeepsThoseUsedLast) {
  constexpr size_t kRoom = 1 << 20;
  constexpr int kVisits = 10'000;
  OpenTransactions open(kRoom, absl::Minutes(30));
  const std::string state(1000, 's');
  for (int i = 0; i < kVisits; ++i) {
    Open(open, absl::StrCat("t", i), state);
    if (i % 10 == 0) Open(open, "kept", state);
  }
  EXPECT_LE(open.bytes(), kRoom);
  EXPECT_GT(open.bytes(), kRoom / 2);
  EXPECT_TRUE(open.Find("kept", kStart).has_value());
  EXPECT_TRUE(open.Find(absl::StrCat("t", kVisits - 1), kStart).has_value());
  EXPECT_FALSE(open.Find("t0", kStart).has_value());
}

TEST(OpenTransactionsTest, OneOfAnySizeIsKeptUntilAnotherComes) {
  OpenTransactions open(OpenTransactions::kShards * 1000, absl::Minutes(30));
  Open(open, "large", std::string(5000, 's'));
  EXPECT_TRUE(open.Find("large", kStart).has_value());
  for (int i = 0; i < 1000; ++i) Open(open, absl::StrCat("t", i), "small");
  EXPECT_FALSE(open.Find("large", kStart).has_value());
}

TEST(OpenTransactionsTest, WhatIsUnderWayIsNotPutOut) {
  OpenTransactions open(OpenTransactions::kShards * 1000, absl::Minutes(30));
  Open(open, "t1", "one");
  OpenTransactions::Turn turn;
  ASSERT_EQ(open.Take("t1", kStart, /*may_open=*/false, &turn), Taken::kTurn);
  for (int i = 0; i < 1000; ++i) Open(open, absl::StrCat("o", i), "other", kStart + minutes(60));
  EXPECT_EQ(turn.state()->request, "one");
  turn.Keep(State("two", 2), kStart + minutes(60));
  EXPECT_EQ(open.Find("t1", kStart + minutes(60))->request, "two");
}

TEST(OpenTransactionsTest, ManyThreadsTakeTheirTurnsOneByOne) {
  OpenTransactions open(kPlenty, absl::Minutes(30));
  Open(open, "t1", "");
  std::atomic<int> kept{0};
  std::vector<std::thread> tills;
  for (int till = 0; till < 4; ++till) {
    tills.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) {
        OpenTransactions::Turn turn;
        if (open.Take("t1", kStart, /*may_open=*/false, &turn) != Taken::kTurn) continue;
        OpenState next = *turn.state();
        ++next.step;
        turn.Keep(std::move(next), kStart);
        ++kept;
      }
    });
  }
  for (std::thread& till : tills) till.join();
  EXPECT_EQ(open.Find("t1", kStart)->step, 1 + kept);
}

}  // namespace
}  // namespace touchstone::server
