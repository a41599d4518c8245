#include "rules/money/allocation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

// Shares named "a", "b", ... in the order of the weights.
std::vector<int64_t> Parts(int64_t total, const std::vector<int64_t>& weights) {
  static constexpr absl::string_view kNames = "abcdefghijklmnopqrstuvwxyz";
  std::vector<AllocationShare> shares;
  for (size_t i = 0; i < weights.size(); ++i) {
    shares.push_back({.weight = weights[i], .tie_break = kNames.substr(i, 1)});
  }
  AllocationScratch scratch;
  EXPECT_TRUE(Allocate(total, absl::MakeSpan(shares), scratch).ok());
  std::vector<int64_t> parts;
  for (const AllocationShare& share : shares) parts.push_back(share.part);
  return parts;
}

TEST(AllocationTest, GivesTheOddUnitsToTheLargestRemainders) {
  // Whole parts 21.43, 42.86, 35.71: the two missing units go to .86 and .71.
  EXPECT_THAT(Parts(100, {300, 600, 500}), ElementsAre(21, 43, 36));
}

TEST(AllocationTest, BreaksTiesByWeightThenByName) {
  EXPECT_THAT(Parts(1, {5, 5}), ElementsAre(1, 0));
  EXPECT_THAT(Parts(100, {1, 1, 1}), ElementsAre(34, 33, 33));
  // 0.5 and 1.5 have equal remainders; the larger weight is served.
  EXPECT_THAT(Parts(2, {1, 3}), ElementsAre(0, 2));
}

TEST(AllocationTest, GivesNothingToSharesWithoutWeight) {
  EXPECT_THAT(Parts(7, {0, 3, 0}), ElementsAre(0, 7, 0));
  EXPECT_THAT(Parts(0, {0, 0}), ElementsAre(0, 0));
  EXPECT_THAT(Parts(0, {3, 4}), ElementsAre(0, 0));
}

TEST(AllocationTest, TakesTotalsAboveTheSumOfWeights) {
  EXPECT_THAT(Parts(10, {1, 2}), ElementsAre(3, 7));
}

TEST(AllocationTest, DoesNotOverflowAtTheEndsOfInt64) {
  EXPECT_THAT(Parts(kMax, {kMax, kMax, kMax}), ElementsAre(kMax / 3 + 1, kMax / 3, kMax / 3));
  EXPECT_THAT(Parts(kMax, {kMax}), ElementsAre(kMax));
  EXPECT_THAT(Parts(kMax, {1, 1}), ElementsAre(kMax / 2 + 1, kMax / 2));
}

TEST(AllocationTest, RefusesWhatCannotBeAllocatedAndWritesNothing) {
  AllocationScratch scratch;
  std::vector<AllocationShare> shares = {{.weight = 0, .tie_break = "a", .part = 42}};
  EXPECT_TRUE(absl::IsInvalidArgument(Allocate(1, absl::MakeSpan(shares), scratch)));
  EXPECT_TRUE(absl::IsInvalidArgument(Allocate(-1, absl::MakeSpan(shares), scratch)));
  shares.push_back({.weight = -1, .tie_break = "b", .part = 42});
  EXPECT_TRUE(absl::IsInvalidArgument(Allocate(1, absl::MakeSpan(shares), scratch)));
  EXPECT_EQ(shares[0].part, 42);
  EXPECT_EQ(shares[1].part, 42);
  EXPECT_TRUE(absl::IsInvalidArgument(Allocate(1, {}, scratch)));
  EXPECT_TRUE(Allocate(0, {}, scratch).ok());
}

// Random shares whose names live as long as they do. Small weights make ties likely; amounts of
// baskets fit 64 bits when multiplied, the largest do not.
struct Sample {
  std::vector<std::string> names;
  std::vector<AllocationShare> shares;
  absl::int128 sum = 0;
};

Sample AnySample() {
  Sample sample;
  const int64_t bound = *rc::gen::element<int64_t>(6, 100'000, 5'000'000'000, kMax);
  const auto weights = *rc::gen::suchThat(
      rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(0, bound)),
      [](const std::vector<int64_t>& all) {
        return std::any_of(all.begin(), all.end(), [](int64_t weight) { return weight > 0; });
      });
  for (size_t i = 0; i < weights.size(); ++i) sample.names.push_back(std::to_string(i));
  for (size_t i = 0; i < weights.size(); ++i) {
    sample.shares.push_back({.weight = weights[i], .tie_break = sample.names[i]});
    sample.sum += weights[i];
  }
  return sample;
}

// Largest remainder as one would do it by hand: one unit at a time, each to the share that is
// furthest behind its whole-and-remainder claim.
std::vector<int64_t> NaiveParts(int64_t total, const Sample& sample) {
  std::vector<int64_t> parts;
  int64_t left = total;
  for (const AllocationShare& share : sample.shares) {
    parts.push_back(static_cast<int64_t>(absl::int128(total) * share.weight / sample.sum));
    left -= parts.back();
  }
  std::vector<bool> served(parts.size(), false);
  for (; left > 0; --left) {
    size_t best = parts.size();
    const auto remainder = [&](size_t i) {
      return absl::int128(total) * sample.shares[i].weight % sample.sum;
    };
    for (size_t i = 0; i < parts.size(); ++i) {
      if (served[i]) continue;
      if (best == parts.size() || remainder(i) > remainder(best)) {
        best = i;
      } else if (remainder(i) == remainder(best)) {
        const AllocationShare& a = sample.shares[i];
        const AllocationShare& b = sample.shares[best];
        if (a.weight > b.weight || (a.weight == b.weight && a.tie_break < b.tie_break)) best = i;
      }
    }
    served[best] = true;
    ++parts[best];
  }
  return parts;
}

int64_t AnyTotal(const Sample& sample) {
  const absl::int128 cap = std::min<absl::int128>(sample.sum, kMax - 1);
  const bool beyond = *rc::gen::arbitrary<bool>();
  return *rc::gen::inRange<int64_t>(0, beyond ? kMax : static_cast<int64_t>(cap) + 1);
}

RC_GTEST_PROP(AllocationTest, AgreesWithTheNaiveModelAndSumsExactly, ()) {
  Sample sample = AnySample();
  const int64_t total = AnyTotal(sample);
  AllocationScratch scratch;
  RC_ASSERT(Allocate(total, absl::MakeSpan(sample.shares), scratch).ok());
  const std::vector<int64_t> expected = NaiveParts(total, sample);
  absl::int128 allocated = 0;
  for (size_t i = 0; i < sample.shares.size(); ++i) {
    RC_ASSERT(sample.shares[i].part == expected[i]);
    RC_ASSERT(sample.shares[i].part >= 0);
    if (absl::int128(total) <= sample.sum) {
      RC_ASSERT(sample.shares[i].part <= sample.shares[i].weight);
    }
    allocated += sample.shares[i].part;
  }
  RC_ASSERT(allocated == absl::int128(total));
}

RC_GTEST_PROP(AllocationTest, GivesEachNameTheSameInWhateverOrderTheSharesCome, ()) {
  Sample sample = AnySample();
  const int64_t total = AnyTotal(sample);
  std::vector<size_t> order(sample.shares.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[*rc::gen::inRange<size_t>(0, i)]);
  }
  std::vector<AllocationShare> shuffled;
  for (const size_t i : order) shuffled.push_back(sample.shares[i]);
  AllocationScratch scratch;
  RC_ASSERT(Allocate(total, absl::MakeSpan(sample.shares), scratch).ok());
  RC_ASSERT(Allocate(total, absl::MakeSpan(shuffled), scratch).ok());
  for (size_t i = 0; i < order.size(); ++i) {
    RC_ASSERT(shuffled[i].part == sample.shares[order[i]].part);
  }
}

}  // namespace
}  // namespace touchstone::rules
