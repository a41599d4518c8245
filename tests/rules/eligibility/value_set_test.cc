#include "rules/eligibility/value_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;

constexpr KeyInterval kWholeLine = {INT64_MIN, INT64_MAX};

TEST(ValueSetTest, JoinsIntervalsThatTouchOrOverlap) {
  const ValueSet set = ValueSet::KeyIntervals({{7, 9}, {1, 3}, {4, 5}, {8, 12}, {14, 14}});
  EXPECT_THAT(set.intervals(),
              ElementsAre(KeyInterval{1, 5}, KeyInterval{7, 12}, KeyInterval{14, 14}));
}

TEST(ValueSetTest, KeepsIntervalsAtBothEndsOfTheLine) {
  const ValueSet ends =
      ValueSet::KeyIntervals({{INT64_MAX, INT64_MAX}, {INT64_MIN, INT64_MIN}, {0, INT64_MAX}});
  EXPECT_THAT(ends.intervals(),
              ElementsAre(KeyInterval{INT64_MIN, INT64_MIN}, KeyInterval{0, INT64_MAX}));
  EXPECT_TRUE(ends.ContainsKey(INT64_MIN));
  EXPECT_TRUE(ends.ContainsKey(INT64_MAX));
  EXPECT_FALSE(ends.ContainsKey(-1));
  const ValueSet rest = ends.Complement({});
  EXPECT_THAT(rest.intervals(), ElementsAre(KeyInterval{INT64_MIN + 1, -1}));
  EXPECT_EQ(rest.Complement({}), ends);
}

TEST(ValueSetTest, HasNoKeysWhenTheFirstIsBehindTheLast) {
  EXPECT_TRUE(ValueSet::Keys(2, 1).IsEmpty());
  EXPECT_FALSE(ValueSet::Keys(2, 2).IsEmpty());
}

TEST(ValueSetTest, HasAnEmptyComplementOnlyWhenItIsTheWholeDomain) {
  const ValueDomain bools = {false, {0, 1}, false};
  EXPECT_TRUE(ValueSet::Keys(0, 1).Complement(bools).IsEmpty());
  EXPECT_EQ(ValueSet::Keys(1, 1).Complement(bools), ValueSet::Keys(0, 0));
  EXPECT_EQ(ValueSet().Complement({}).intervals().front(), kWholeLine);
}

TEST(ValueSetTest, PutsNanIntoTheComplementOfWhatLeavesItOut) {
  const ValueDomain doubles = {false, kWholeLine, true};
  EXPECT_TRUE(ValueSet::All(doubles).nan());
  EXPECT_TRUE(ValueSet::Keys(0, 0).Complement(doubles).nan());
  EXPECT_FALSE(ValueSet::All(doubles).Complement(doubles).nan());
  EXPECT_FALSE(ValueSet::Keys(0, 0).Complement({}).nan());
  const ValueSet nan_only =
      ValueSet::All(doubles).Intersection(ValueSet::Keys(INT64_MIN, INT64_MAX).Complement(doubles));
  EXPECT_TRUE(nan_only.nan());
  EXPECT_FALSE(nan_only.IsEmpty());
}

TEST(ValueSetTest, SortsTextsAndDropsRepeats) {
  const ValueSet set = ValueSet::Texts({"b", "", "a", "b"});
  EXPECT_THAT(set.texts(), ElementsAre("", "a", "b"));
  EXPECT_TRUE(set.ContainsText(""));
  EXPECT_FALSE(set.ContainsText("c"));
}

TEST(ValueSetTest, TellsNoTextsFromEveryText) {
  const ValueDomain texts = {true, kWholeLine, false};
  const ValueSet none = ValueSet::Texts({});
  EXPECT_TRUE(none.IsEmpty());
  EXPECT_FALSE(none.ContainsText(""));
  EXPECT_EQ(none.Complement(texts), ValueSet::All(texts));
  EXPECT_TRUE(none.Complement(texts).ContainsText("anything"));
  EXPECT_FALSE(none.Complement(texts).IsEmpty());
}

// A set as it is, and as what each value of a small domain comes to.
constexpr int64_t kReach = 6;
const ValueDomain kSmallNumbers = {false, {-kReach, kReach}, true};
const std::vector<std::string> kTexts = {"", "a", "b", "c", "d"};
const ValueDomain kAnyText = {true, kWholeLine, false};

ValueSet DrawNumbers() {
  const auto firsts =
      *rc::gen::container<std::vector<int64_t>>(rc::gen::inRange<int64_t>(-kReach, kReach + 1));
  std::vector<KeyInterval> intervals;
  for (const int64_t first : firsts) {
    intervals.push_back({first, std::min(kReach, first + *rc::gen::inRange<int64_t>(0, 4))});
  }
  const ValueSet set = ValueSet::KeyIntervals(intervals);
  return *rc::gen::arbitrary<bool>() ? set : set.Complement(kSmallNumbers);
}

ValueSet DrawTexts() {
  const ValueSet set =
      ValueSet::Texts(*rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kTexts)));
  return *rc::gen::arbitrary<bool>() ? set : set.Complement(kAnyText);
}

void IsInOrderAndApart(const ValueSet& set) {
  for (size_t i = 0; i < set.intervals().size(); ++i) {
    RC_ASSERT(set.intervals()[i].first <= set.intervals()[i].last);
    if (i > 0) RC_ASSERT(set.intervals()[i - 1].last + 1 < set.intervals()[i].first);
  }
}

RC_GTEST_PROP(ValueSetTest, CombinesNumbersAsTheirValuesOneByOne, ()) {
  const ValueSet a = DrawNumbers();
  const ValueSet b = DrawNumbers();
  const ValueSet either = a.Union(b);
  const ValueSet both = a.Intersection(b);
  const ValueSet rest = a.Complement(kSmallNumbers);
  bool some = both.nan();
  for (int64_t key = -kReach; key <= kReach; ++key) {
    RC_ASSERT(either.ContainsKey(key) == (a.ContainsKey(key) || b.ContainsKey(key)));
    RC_ASSERT(both.ContainsKey(key) == (a.ContainsKey(key) && b.ContainsKey(key)));
    RC_ASSERT(rest.ContainsKey(key) == !a.ContainsKey(key));
    some = some || both.ContainsKey(key);
  }
  RC_ASSERT(either.nan() == (a.nan() || b.nan()));
  RC_ASSERT(both.nan() == (a.nan() && b.nan()));
  RC_ASSERT(rest.nan() == !a.nan());
  RC_ASSERT(both.IsEmpty() == !some);
  for (const ValueSet& set : {either, both, rest}) IsInOrderAndApart(set);
}

RC_GTEST_PROP(ValueSetTest, CombinesTextsAsTheirValuesOneByOne, ()) {
  const ValueSet a = DrawTexts();
  const ValueSet b = DrawTexts();
  // A text that no set names stands for all others.
  for (const std::string& text :
       {kTexts[0], kTexts[1], kTexts[2], kTexts[3], kTexts[4], std::string("z")}) {
    RC_ASSERT(a.Union(b).ContainsText(text) == (a.ContainsText(text) || b.ContainsText(text)));
    RC_ASSERT(a.Intersection(b).ContainsText(text) ==
              (a.ContainsText(text) && b.ContainsText(text)));
    RC_ASSERT(a.Complement(kAnyText).ContainsText(text) == !a.ContainsText(text));
  }
}

}  // namespace
}  // namespace touchstone::rules
