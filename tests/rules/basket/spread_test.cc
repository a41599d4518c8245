#include "rules/basket/spread.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "tests/rules/basket/naive_spread.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> Parts(int64_t total, std::vector<SpreadShare> shares) {
  SpreadScratch scratch;
  Spread(total, absl::MakeSpan(shares), scratch);
  std::vector<int64_t> parts;
  for (const SpreadShare& share : shares) parts.push_back(share.part);
  return parts;
}

TEST(SpreadTest, IsAPlainAllocationWhileNoCapBinds) {
  EXPECT_THAT(Parts(10, {{100, 100, "a"}, {200, 200, "b"}}), ElementsAre(3, 7));
}

TEST(SpreadTest, GivesTheOthersWhatACappedShareCannotTake) {
  // 20.00 over 50.00 (at most 5.00 of it) and 20.00.
  EXPECT_THAT(Parts(2000, {{5000, 500, "a"}, {2000, 2000, "b"}}), ElementsAre(500, 1500));
  // The second cap binds only once the first has pushed the level up.
  EXPECT_THAT(Parts(90, {{100, 10, "a"}, {100, 35, "b"}, {100, 100, "c"}}),
              ElementsAre(10, 35, 45));
}

TEST(SpreadTest, FillsEveryCapWhenAllOfThemAreNeeded) {
  EXPECT_THAT(Parts(15, {{10, 10, "a"}, {20, 1, "b"}, {50, 0, "c"}, {30, 4, "d"}}),
              ElementsAre(10, 1, 0, 4));
  EXPECT_THAT(Parts(0, {{10, 0, "a"}, {0, 0, "b"}}), ElementsAre(0, 0));
  EXPECT_THAT(Parts(0, {}), ElementsAre());
}

RC_GTEST_PROP(SpreadTest, AgreesWithTheRoundsOfTheNaiveModel, ()) {
  const int64_t bound = *rc::gen::element<int64_t>(8, 100'000, 10'000'000'000'000);
  const auto pairs = *rc::gen::container<std::vector<std::pair<int64_t, int64_t>>>(
      rc::gen::pair(rc::gen::inRange<int64_t>(0, bound), rc::gen::inRange<int64_t>(0, 101)));
  std::vector<NaiveShare> naive;
  int64_t caps = 0;
  for (const auto& [weight, percent] : pairs) {
    const auto cap = static_cast<int64_t>(absl::int128(weight) * percent / 100);
    naive.push_back({std::to_string(naive.size()), weight, cap});
    caps += cap;
  }
  std::vector<SpreadShare> shares;
  for (const NaiveShare& share : naive) shares.push_back({share.weight, share.cap, share.id});
  const auto total = *rc::gen::inRange<int64_t>(0, caps + 1);
  SpreadScratch scratch;
  Spread(total, absl::MakeSpan(shares), scratch);
  std::map<std::string, int64_t> expected = NaiveSpread(total, naive);
  int64_t sum = 0;
  for (size_t i = 0; i < shares.size(); ++i) {
    RC_ASSERT(shares[i].part == expected[naive[i].id]);
    RC_ASSERT(shares[i].part >= 0);
    RC_ASSERT(shares[i].part <= shares[i].cap);
    sum += shares[i].part;
  }
  RC_ASSERT(sum == total);
}

}  // namespace
}  // namespace touchstone::rules
