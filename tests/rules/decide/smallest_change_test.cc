#include "rules/decide/smallest_change.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace touchstone::rules {
namespace {

struct Searched {
  std::optional<int64_t> found;
  int trials = 0;
};

// Of what is reached from `threshold` on.
Searched SearchFor(int64_t threshold, int64_t most, const std::vector<int64_t>& guesses,
                   int most_trials = 100) {
  Searched searched;
  searched.found = SmallestChange(0, most, guesses, [&](int64_t amount) -> std::optional<Trial> {
    if (searched.trials == most_trials) return std::nullopt;
    ++searched.trials;
    return Trial{amount >= threshold};
  });
  return searched;
}

TEST(SmallestChangeTest, TakesTwoTrialsWhereTheGuessIsRight) {
  const Searched searched = SearchFor(320, 2000, {320});
  EXPECT_EQ(searched.found, 320);
  EXPECT_EQ(searched.trials, 2);
}

TEST(SmallestChangeTest, TakesOneTrialWhereNothingWillDo) {
  const Searched searched = SearchFor(2001, 2000, {});
  EXPECT_EQ(searched.found, std::nullopt);
  EXPECT_EQ(searched.trials, 1);
}

TEST(SmallestChangeTest, FindsNothingWhenTheTrialsAreUsedUp) {
  EXPECT_EQ(SearchFor(777, 2000, {}, 5).found, std::nullopt);
}

RC_GTEST_PROP(SmallestChangeTest, FindsTheThresholdWhateverIsGuessed, ()) {
  const int64_t most = *rc::gen::inRange<int64_t>(0, 5000);
  const int64_t threshold = *rc::gen::inRange<int64_t>(1, 6000);
  auto guesses = *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(-100, 6000));
  std::sort(guesses.begin(), guesses.end());
  const Searched searched = SearchFor(threshold, most, guesses);
  RC_ASSERT(searched.found == (threshold <= most ? std::optional(threshold) : std::nullopt));
}

}  // namespace
}  // namespace touchstone::rules
