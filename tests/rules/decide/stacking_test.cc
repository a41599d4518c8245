// Which offers go together, one sentence a test.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/decide/explain.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using testing::ElementsAre;

std::string Offer(const std::string& id, const std::string& benefit, const std::string& stacking) {
  return absl::StrCat("offer: ", id, "\napplies: automatic\nbenefit: { ", benefit,
                      " }\nstacking: { ", stacking, " }\n");
}

const char kBeans[] = "lines: 'line.sku == \"BEANS\"'";

TestRules Load(const std::vector<std::string>& offers) {
  std::vector<SourceFile> files = Grocery(offers);
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  return LoadRules(files);
}

// "id 1.00", in order of pricing.
std::vector<std::string> Applied(Scene& scene) {
  std::vector<std::string> applied;
  for (const AppliedOffer& offer : scene.Decide().basket.applied) {
    applied.push_back(absl::StrCat(scene.rules().compiled->offers[offer.offer].id, " ",
                                   FormatAmount(offer.taken)));
  }
  return applied;
}

std::string RivalOf(Scene& scene, const std::string& offer) {
  const OfferOutcome outcome = scene.Outcome(offer);
  return outcome.cause == Cause::kExcluded ? scene.rules().compiled->offers[outcome.rival].id : "";
}

TEST(StackingTest, AnExclusiveOfferOfLowerPriorityAppliesAlone) {
  const TestRules rules =
      Load({Offer("high", "percent_off: 50", "priority: 9, stage: line"),
            Offer("alone", "percent_off: 10", "exclusive: true, stage: tender")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("alone 1.00"));
  EXPECT_EQ(RivalOf(scene, "high"), "alone");
}

TEST(StackingTest, AnExclusiveOfferThatTakesNothingLeavesTheOthersAlone) {
  const TestRules rules =
      Load({Offer("high", "percent_off: 50", "priority: 9"),
            Offer("alone", absl::StrCat("percent_off: 10, ", kBeans), "exclusive: true")});
  Scene scene(rules);
  scene.Line("BREAD", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("high 5.00"));
  EXPECT_EQ(scene.Outcome("alone").cause, Cause::kNoLines);
}

TEST(StackingTest, OfTwoExclusiveOffersTheFirstOneThatTakesSomethingApplies) {
  const TestRules rules = Load(
      {Offer("first", absl::StrCat("percent_off: 10, ", kBeans), "exclusive: true, priority: 3"),
       Offer("second", "percent_off: 10", "exclusive: true, stage: line, priority: 2"),
       Offer("third", "percent_off: 10", "exclusive: true, stage: line, priority: 1")});
  Scene scene(rules);
  scene.Line("BREAD", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("second 1.00"));
  EXPECT_EQ(RivalOf(scene, "third"), "second");
}

TEST(StackingTest, AnOfferExcludesOneOfALaterStage) {
  const TestRules rules =
      Load({Offer("early", absl::StrCat("percent_off: 10, ", kBeans), "priority: 0"),
            Offer("late", "percent_off: 50", "not_with: [early]"),
            Offer("later", "percent_off: 10", "stage: tender")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("early 1.00", "later 0.90"));
  EXPECT_EQ(RivalOf(scene, "late"), "early");
}

TEST(StackingTest, OfAGroupThatExcludesItselfOneOfferApplies) {
  const std::string group = "not_with: [\"group:coffee\"]";
  const TestRules rules =
      Load({"group: coffee\n" + Offer("a", "percent_off: 10", group + ", priority: 1"),
            "group: coffee\n" + Offer("b", "percent_off: 50", group),
            Offer("c", "percent_off: 10", "stage: tender")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("a 1.00", "c 0.90"));
  EXPECT_EQ(RivalOf(scene, "b"), "a");
}

TEST(StackingTest, AnExclusiveOfferGoesTogetherWithShelfPrices) {
  const TestRules rules = Load({Offer("shelf", "percent_off: 10", "stage: shelf"),
                                Offer("alone", "percent_off: 10", "exclusive: true")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("shelf 1.00", "alone 0.90"));
}

TEST(StackingTest, AShelfPriceIsExcludedByAnOfferThatNamesIt) {
  const TestRules rules =
      Load({Offer("shelf", absl::StrCat("percent_off: 10, ", kBeans), "stage: shelf"),
            Offer("other", "percent_off: 10", "not_with: [shelf]")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_THAT(Applied(scene), ElementsAre("shelf 1.00"));
  EXPECT_EQ(RivalOf(scene, "other"), "shelf");
}

TEST(StackingTest, TheReasonNamesTheRival) {
  const TestRules rules = Load({Offer("a", "percent_off: 10", "priority: 1"),
                                Offer("b", "percent_off: 50", "not_with: [a]")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_EQ(ReasonText(*rules.compiled, scene.Decide(), rules.Offer("b")),
            "it does not go together with a, which was applied");
}

TEST(StackingTest, LinesAreClosedOneByOne) {
  const TestRules rules =
      Load({Offer("a", absl::StrCat("percent_off: 10, ", kBeans), "priority: 1"),
            Offer("b", "percent_off: 50", "not_with: [a], within: line, stage: line")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  scene.Line("BREAD", 200);
  EXPECT_THAT(Applied(scene), ElementsAre("a 1.00", "b 1.00"));
}

TEST(StackingTest, WhereEveryLineIsClosedTheReasonNamesTheRival) {
  const TestRules rules =
      Load({Offer("a", absl::StrCat("percent_off: 10, ", kBeans), "priority: 1"),
            Offer("b", "percent_off: 50", "not_with: [a], within: line, stage: line")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  EXPECT_EQ(RivalOf(scene, "b"), "a");
  scene.Line("BOTTLE", 25);  // a line that no offer may touch
  scene.lines.back().merchandise = false;
  EXPECT_EQ(RivalOf(scene, "b"), "a");
}

TEST(StackingTest, AnOfferThatIsExclusiveOnLinesClosesTheLinesThatItTakesFrom) {
  const TestRules rules = Load(
      {Offer("high", "percent_off: 50", "priority: 9, stage: line"),
       Offer("alone", absl::StrCat("percent_off: 10, ", kBeans), "exclusive: true, within: line"),
       Offer("all", "percent_off: 10", "priority: 1")});
  Scene scene(rules);
  scene.Line("BEANS", 1000);
  scene.Line("BREAD", 200);
  EXPECT_THAT(Applied(scene), ElementsAre("alone 1.00", "high 1.00", "all 0.10"));
}

TEST(StackingTest, AGiftIsMissingUntilItIsInTheBasket) {
  const TestRules rules =
      Load({Offer("bread", absl::StrCat("gift: { sku: BREAD, prompt: scan }, per: unit, ", kBeans),
                  "priority: 0")});
  Scene scene(rules);
  scene.Line("BEANS", 1000, 2);
  ASSERT_EQ(scene.Decide().basket.applied.size(), 1u);
  EXPECT_EQ(scene.Decide().basket.applied[0].missing_gifts, 2);
  EXPECT_THAT(Applied(scene), ElementsAre("bread 0.00"));
  scene.Line("BREAD", 200);
  EXPECT_EQ(scene.Decide().basket.applied[0].missing_gifts, 1);
  EXPECT_THAT(Applied(scene), ElementsAre("bread 2.00"));
  scene.Line("BREAD", 200, 4);
  EXPECT_EQ(scene.Decide().basket.applied[0].missing_gifts, 0);
  EXPECT_THAT(Applied(scene), ElementsAre("bread 4.00"));
}

}  // namespace
}  // namespace touchstone::rules
