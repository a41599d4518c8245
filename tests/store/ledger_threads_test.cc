// One small budget that many threads race for: what each is told could have been told one after the
// other, it is never overspent, and to the last unit it can be claimed. Power cuts among it.

#include <algorithm>
#include <array>
#include <atomic>
#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "store/verify.h"
#include "tests/store/fault_file_system.h"
#include "tests/store/ledger_entries.h"
#include "tests/store/linearizability.h"
#include "tests/store/seed.h"
#include "tests/store/written_store.h"

namespace touchstone::store {
namespace {

using storage::Entry;
using storage::EntryResult;
using storage::Reservation;

constexpr int64_t kMostUses = 24;
constexpr int64_t kMostMinor = 700;

// Uses and cents of the budget.
struct Amount {
  int64_t uses = 0;
  int64_t minor = 0;
  friend auto operator<=>(const Amount&, const Amount&) = default;
};

// What a caller knows of what its call did.
struct Operation {
  enum class Kind { kClaimed, kRefused, kGivenBack } kind;
  Amount amount;
};

// The budget as one who does one thing after the other would keep it.
std::optional<Amount> StepOfBudget(const Amount& used, const Operation& operation) {
  const auto& [uses, minor] = operation.amount;
  const bool fits = used.uses + uses <= kMostUses && used.minor + minor <= kMostMinor;
  switch (operation.kind) {
    case Operation::Kind::kClaimed:
      if (!fits) return std::nullopt;
      return Amount{used.uses + uses, used.minor + minor};
    case Operation::Kind::kRefused:
      if (fits) return std::nullopt;
      return used;
    case Operation::Kind::kGivenBack:
      if (used.uses < uses || used.minor < minor) return std::nullopt;
      return Amount{used.uses - uses, used.minor - minor};
  }
  return std::nullopt;
}

bool CouldBe(const History<Operation>& history) {
  return IsLinearizable(history, Amount(), StepOfBudget);
}

constexpr auto kClaimed = Operation::Kind::kClaimed;
constexpr auto kRefused = Operation::Kind::kRefused;
constexpr auto kGivenBack = Operation::Kind::kGivenBack;

TEST(LinearizabilityTest, CallsAtTheSameTimeMayTakeEffectInAnyOrder) {
  EXPECT_TRUE(CouldBe({}));
  // The second claim fits only behind what the other thread gives back meanwhile.
  EXPECT_TRUE(CouldBe({{{1, 2, {kClaimed, {24, 0}}}, {3, 6, {kGivenBack, {24, 0}}}},
                       {{4, 5, {kClaimed, {1, 0}}}}}));
  EXPECT_TRUE(CouldBe({{{1, 4, {kClaimed, {20, 0}}}}, {{2, 3, {kRefused, {5, 0}}}}}));
}

TEST(LinearizabilityTest, AnOverspentBudgetIsFound) {
  EXPECT_FALSE(CouldBe({{{1, 2, {kClaimed, {20, 0}}}}, {{3, 4, {kClaimed, {5, 0}}}}}));
  EXPECT_FALSE(CouldBe({{{1, 3, {kClaimed, {1, 400}}}}, {{2, 4, {kClaimed, {1, 301}}}}}))
      << "in no order";
}

TEST(LinearizabilityTest, ARefusalWhileThereIsRoomIsFound) {
  EXPECT_FALSE(CouldBe({{{1, 2, {kRefused, {24, 700}}}}}));
  // What comes later is no reason.
  EXPECT_FALSE(CouldBe({{{3, 4, {kClaimed, {20, 0}}}}, {{1, 2, {kRefused, {5, 0}}}}}));
}

TEST(LinearizabilityTest, WhatIsGivenBackTwiceIsFound) {
  EXPECT_FALSE(CouldBe(
      {{{1, 2, {kClaimed, {9, 0}}}, {3, 4, {kGivenBack, {9, 0}}}, {5, 6, {kGivenBack, {9, 0}}}}}));
}

// What a transaction claims follows from its name.
Amount AmountOf(const std::string& transaction) {
  const uint64_t hash = ContactTransaction(transaction);
  return {1 + static_cast<int64_t>(hash % 3), static_cast<int64_t>(hash / 7 % 90)};
}

storage::ClaimRequest ClaimOf(const Amount& amount) {
  storage::ClaimRequest claim = MoneyClaim("b", amount.minor, kMostMinor);
  claim.mutable_claim()->set_count(amount.uses);
  claim.set_most_uses(kMostUses);
  return claim;
}

Amount UsedOf(const Store& store) {
  const auto budgets = store.ListBudgets();
  if (budgets->empty()) return {};
  const storage::BudgetUse& use = budgets->front().use();
  return {use.committed_count() + use.reserved_count(),
          use.committed_minor() + use.reserved_minor()};
}

// What threads do and hear.
class Race {
 public:
  explicit Race(WrittenStore* store) : store_(*store) {}

  // Writes the entry at the next moment; what it did to the budget is in the thread's history.
  EntryResult Write(Entry entry, const std::string& transaction,
                    std::vector<Call<Operation>>* history) {
    entry.set_time_us(kTestTimeUs + moments_.fetch_add(1));
    Call<Operation> call;
    call.invoked = clock_.fetch_add(1);
    const EntryResult result = store_.Write(entry);
    call.responded = clock_.fetch_add(1);
    if (result.replayed()) {
      ++replays_;
      return result;
    }
    CheckBound(result);
    const std::optional<Operation::Kind> kind = KindOf(entry, result);
    if (!kind.has_value()) return result;
    call.operation = {*kind, AmountOf(transaction)};
    history->push_back(call);
    ++counts_[static_cast<size_t>(*kind)];
    return result;
  }

  int64_t moments() const { return moments_; }
  int replays() const { return replays_; }
  int count(Operation::Kind kind) const { return counts_[static_cast<size_t>(kind)]; }

 private:
  // Nothing: it did not change how much is used.
  static std::optional<Operation::Kind> KindOf(const Entry& entry, const EntryResult& result) {
    if (result.refusal() == EntryResult::REFUSAL_CLAIMS_REFUSED) return kRefused;
    if (result.refusal() != EntryResult::REFUSAL_UNSPECIFIED || entry.has_commit()) {
      return std::nullopt;
    }
    if (entry.has_reserve()) return kClaimed;
    // Of a release or sweep of what is over nothing comes back.
    if (result.budgets().empty()) return std::nullopt;
    return kGivenBack;
  }

  static void CheckBound(const EntryResult& result) {
    for (const auto& budget : result.budgets()) {
      const storage::BudgetUse& use = budget.use();
      EXPECT_LE(use.committed_count() + use.reserved_count(), kMostUses);
      EXPECT_LE(use.committed_minor() + use.reserved_minor(), kMostMinor);
      EXPECT_GE(std::min(use.committed_count(), use.reserved_count()), 0);
      EXPECT_GE(std::min(use.committed_minor(), use.reserved_minor()), 0);
    }
  }

  WrittenStore& store_;
  std::atomic<uint64_t> clock_{1};
  std::atomic<int64_t> moments_{0};
  std::atomic<int> replays_{0};
  std::array<std::atomic<int>, 3> counts_{};
};

// One till: reserves for one transaction after the other, and sells, voids or forgets each.
class Till {
 public:
  Till(int number, uint64_t seed, Race* race)
      : name_(absl::StrCat("till", number)), random_(seed), race_(*race) {}

  void Run(int transactions) {
    for (int i = 0; i < transactions; ++i) {
      One(absl::StrCat(name_, "-", i));
      // What is over is swept up late, and by others as well.
      for (const std::string& till : {name_, absl::StrCat("till", random_() % 6)}) {
        const std::string transaction = absl::StrCat(till, "-", i - 5);
        race_.Write(ExpireEntry({transaction}, 0), transaction, &history_);
      }
    }
  }

  const std::vector<Call<Operation>>& history() const { return history_; }
  std::vector<Call<Operation>>& history() { return history_; }
  int sold() const { return sold_; }

 private:
  bool OneIn(uint64_t count) { return random_() % count == 0; }

  void One(const std::string& transaction) {
    Entry reserve = ReserveEntry(transaction, 1, {ClaimOf(AmountOf(transaction))});
    // Some are over before they are sold.
    const bool is_short = OneIn(2);
    reserve.mutable_reserve()->set_expire_us(kTestTimeUs + race_.moments() +
                                             (is_short ? 8 : 100'000));
    reserve = WithRequest(reserve, transaction, 1);
    const EntryResult reserved = race_.Write(reserve, transaction, &history_);
    if (OneIn(3)) race_.Write(reserve, transaction, &history_);
    if (reserved.refusal() != EntryResult::REFUSAL_UNSPECIFIED && OneIn(2)) return;
    if (OneIn(3)) {
      Sell(transaction);
    } else if (!is_short || OneIn(2)) {  // else a sweep will find it
      race_.Write(ReleaseEntry(transaction, 1), transaction, &history_);
    }
  }

  void Sell(const std::string& transaction) {
    const EntryResult sold = race_.Write(CommitEntry(transaction, 1), transaction, &history_);
    if (sold.refusal() != EntryResult::REFUSAL_UNSPECIFIED) return;
    ++sold_;
    if (OneIn(100)) return;
    const Amount amount = AmountOf(transaction);
    race_.Write(ReturnEntry(transaction, 1, {ClaimOf(amount).claim()}), transaction, &history_);
  }

  const std::string name_;
  std::mt19937_64 random_;
  Race& race_;
  std::vector<Call<Operation>> history_;
  int sold_ = 0;
};

TEST(LedgerThreadsTest, WhatThreadsAreToldCouldHaveBeenToldOneAfterTheOther) {
  const uint64_t seed = TestSeed();
  constexpr int kTills = 6;
  constexpr int kTransactions = 500;
  WrittenStore store;
  Race race(&store);
  std::vector<std::unique_ptr<Till>> tills;
  for (int i = 0; i < kTills; ++i) {
    tills.push_back(std::make_unique<Till>(i, seed + static_cast<uint64_t>(i), &race));
  }
  std::vector<std::thread> threads;
  for (const auto& till : tills) threads.emplace_back([&till] { till->Run(kTransactions); });
  for (std::thread& thread : threads) thread.join();
  History<Operation> history;
  int sold = 0;
  for (const auto& till : tills) {
    history.push_back(till->history());
    sold += till->sold();
  }
  EXPECT_TRUE(CouldBe(history)) << "seed " << seed;
  for (const auto kind : {kClaimed, kRefused, kGivenBack}) {
    EXPECT_GT(race.count(kind), 50) << "seed " << seed << " kind " << static_cast<int>(kind);
  }
  EXPECT_GT(race.replays(), 50);
  EXPECT_GT(sold, 20);

  // A day later nothing is held, and what is left can be had to the last unit.
  const int64_t later = kTestTimeUs + kDayUs / 2;
  const auto due = *store->ListDue(absl::FromUnixMicros(later), 100'000);
  store.Write(ExpireEntry(due, later));
  const Amount used = UsedOf(store.store());
  Amount rest = {kMostUses - used.uses, kMostMinor - used.minor};
  ASSERT_GE(std::min(rest.uses, rest.minor), 0);
  const Amount too_much[] = {{rest.uses + 1, 0}, {1, rest.minor + 1}};
  for (const Amount& more : too_much) {
    EXPECT_EQ(store.Write(At(ReserveEntry("more", 1, {ClaimOf(more)}), later)).refusal(),
              EntryResult::REFUSAL_CLAIMS_REFUSED);
  }
  if (rest.uses > 0) {
    EXPECT_EQ(store.Write(At(ReserveEntry("rest", 1, {ClaimOf(rest)}), later)).refusal(),
              EntryResult::REFUSAL_UNSPECIFIED);
  }
  const absl::StatusOr<VerifyReport> report = VerifyStore(store.store(), [](auto) {});
  EXPECT_TRUE(report->sound());
}

// Of each transaction what was acknowledged last; nothing where the answer did not come.
using Acknowledged = std::map<std::string, std::optional<Reservation::State>>;

class LedgerPowerCutTest : public ::testing::Test {
 protected:
  LedgerPowerCutTest()
      : seed_(TestSeed()),
        random_(seed_),
        faults_(std::make_shared<FaultFileSystem>()),
        store_(faults_) {}

  // False: the power is gone.
  bool Write(const Entry& entry, const std::string& transaction, Reservation::State state,
             Acknowledged* acknowledged) {
    const absl::StatusOr<EntryResult> result = store_.writer().Write(entry);
    if (!result.ok()) {
      (*acknowledged)[transaction] = std::nullopt;
      return false;
    }
    if (result->refusal() == EntryResult::REFUSAL_UNSPECIFIED) {
      (*acknowledged)[transaction] = state;
      writes_.fetch_add(1);
    }
    return true;
  }

  void RunTill(const std::string& name, Acknowledged* acknowledged) {
    for (int i = 0;; ++i) {
      const std::string transaction = absl::StrCat(name, "-", i);
      const Entry reserve = ReserveEntry(transaction, 1, {ClaimOf(AmountOf(transaction))});
      if (!Write(reserve, transaction, Reservation::STATE_HELD, acknowledged)) return;
      if (i % 4 == 0) continue;
      const Entry release = ReleaseEntry(transaction, 1);
      if (!Write(release, transaction, Reservation::STATE_RELEASED, acknowledged)) return;
    }
  }

  void Check(const Acknowledged& acknowledged) {
    for (const auto& [transaction, state] : acknowledged) {
      if (!state.has_value()) continue;
      const auto reservation = store_->GetReservation(transaction);
      ASSERT_TRUE(reservation.ok() && reservation->has_value())
          << "seed " << seed_ << ": " << transaction;
      EXPECT_EQ((*reservation)->state(), *state) << "seed " << seed_ << ": " << transaction;
    }
    const Amount used = UsedOf(store_.store());
    EXPECT_LE(used.uses, kMostUses);
    EXPECT_LE(used.minor, kMostMinor);
    const absl::StatusOr<VerifyReport> report = VerifyStore(store_.store(), [](auto) {});
    ASSERT_TRUE(report.ok()) << report.status();
    EXPECT_TRUE(report->sound()) << "seed " << seed_ << " " << report->findings[0].place;
  }

  // Everything that is held comes back.
  void ReleaseAll() {
    const auto due = *store_->ListDue(absl::InfiniteFuture(), 1'000'000);
    for (const std::string& transaction : due) store_.Write(ReleaseEntry(transaction, 1));
    EXPECT_EQ(UsedOf(store_.store()), Amount()) << "seed " << seed_;
  }

  const uint64_t seed_;
  std::mt19937_64 random_;
  const std::shared_ptr<FaultFileSystem> faults_;
  WrittenStore store_;
  std::atomic<int> writes_{0};
};

TEST_F(LedgerPowerCutTest, WhatWasAcknowledgedIsHeldAfterAPowerCut) {
  constexpr int kTills = 4;
  constexpr int kRounds = 6;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<Acknowledged> acknowledged(kTills);
    std::vector<std::thread> threads;
    for (int i = 0; i < kTills; ++i) {
      threads.emplace_back([this, i, round, &acknowledged] {
        RunTill(absl::StrCat("r", round, "-till", i), &acknowledged[static_cast<size_t>(i)]);
      });
    }
    const int until = writes_ + 20 + static_cast<int>(random_() % 300);
    while (writes_ < until) std::this_thread::yield();
    faults_->CutPower();
    for (std::thread& thread : threads) thread.join();
    store_.Close();
    faults_->RestorePower(round % 2 == 0 ? &random_ : nullptr);
    store_.Open();
    for (const Acknowledged& till : acknowledged) ASSERT_NO_FATAL_FAILURE(Check(till));
    ReleaseAll();
  }
}

}  // namespace
}  // namespace touchstone::store
