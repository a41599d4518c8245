// Offers that need a code.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

constexpr char kLetter[] = R"(
offer: letter-5
applies: coded
channels: [pos]
eligible: basket.gross >= 20.00
benefit: { amount_off: { EUR: 5.00 }, per: basket }
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week, anonymous: unlimited }]
treatments:
  receipt: { text: Letter }
)";
constexpr char kTenth[] = R"(
offer: tenth
applies: automatic
requires: basket.net >= 26.00
benefit: { percent_off: 10 }
)";

std::vector<SourceFile> WithPricing(const std::string& pricing) {
  std::vector<SourceFile> files = Grocery({kLetter, kTenth});
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  files.push_back({"pricing.yaml", pricing});
  return files;
}

class CodedTest : public testing::Test {
 protected:
  CodedTest()
      : rules_(LoadRules(WithPricing("choose: { otherwise: by_priority }\n"))), scene_(rules_) {
    scene_.Customer();
    scene_.Line("BREAD", 3000);
  }

  void Present(CodeStanding standing, uint32_t offer) { scene_.codes.push_back({standing, offer}); }
  void ExpectRefused(Stage stage, Cause cause) {
    const OfferOutcome outcome = scene_.Outcome("letter-5");
    EXPECT_EQ(StageName(outcome.stage), StageName(stage));
    EXPECT_EQ(CauseName(outcome.cause), CauseName(cause));
    EXPECT_FALSE(outcome.applied);
    EXPECT_FALSE(outcome.shown);
  }

  const TestRules rules_;
  Scene scene_;
};

TEST_F(CodedTest, AppliesWithAValidCode) {
  Present(CodeStanding::kUnknown, kNoOffer);
  Present(CodeStanding::kValid, rules_.Offer("letter-5"));
  const Decision& decision = scene_.Decide();
  ASSERT_EQ(decision.basket.applied.size(), 2u);
  // After the order's own: codes have a stage behind it.
  EXPECT_EQ(decision.basket.applied[1].offer, rules_.Offer("letter-5"));
  EXPECT_EQ(decision.basket.payable_minor, 2200);
  EXPECT_EQ(FindCode(scene_.codes, rules_.Offer("letter-5")), std::optional<size_t>(1));
}

TEST_F(CodedTest, NeedsACodeThatIsValid) {
  ExpectRefused(Stage::kEligible, Cause::kNoCode);
  for (int standing = static_cast<int>(CodeStanding::kUnknown);
       standing < static_cast<int>(CodeStanding::kNotRead); ++standing) {
    scene_.codes = {{static_cast<CodeStanding>(standing), rules_.Offer("letter-5")}};
    ExpectRefused(Stage::kEligible, Cause::kNoCode);
  }
  EXPECT_EQ(scene_.Decide().completeness, Completeness::kComplete);
}

TEST_F(CodedTest, TheCodeOfAnotherOfferIsNone) {
  Present(CodeStanding::kValid, kNoOffer);
  ExpectRefused(Stage::kEligible, Cause::kNoCode);
}

TEST_F(CodedTest, WhatCouldNotBeReadLeavesTheAnswerPartial) {
  Present(CodeStanding::kNotRead, kNoOffer);
  ExpectRefused(Stage::kEligible, Cause::kCodeNotRead);
  const Decision& decision = scene_.Decide();
  EXPECT_EQ(decision.completeness, Completeness::kPartial);
  EXPECT_EQ(decision.cause, CompletenessCause::kCodesNotRead);
  EXPECT_TRUE(decision.offers[rules_.Offer("tenth")].applied);
}

TEST_F(CodedTest, AValidCodeLeavesNothingOpenForItsOffer) {
  Present(CodeStanding::kNotRead, kNoOffer);
  Present(CodeStanding::kValid, rules_.Offer("letter-5"));
  EXPECT_TRUE(scene_.Outcome("letter-5").applied);
}

TEST_F(CodedTest, AConditionThatDoesNotHoldIsTheReasonWithACode) {
  scene_.lines.clear();
  scene_.line_facts.clear();
  scene_.Line("BREAD", 1999);
  Present(CodeStanding::kValid, rules_.Offer("letter-5"));
  ExpectRefused(Stage::kEligible, Cause::kCondition);
  const Decision& decision = scene_.Decide();
  EXPECT_NE(
      std::find(decision.considered.begin(), decision.considered.end(), rules_.Offer("letter-5")),
      decision.considered.end());
}

TEST_F(CodedTest, ItsLimitsHold) {
  Present(CodeStanding::kValid, rules_.Offer("letter-5"));
  scene_.Contacted("letter-5", ContactKind::kRedeemed, "2026-11-24T09:00");
  ExpectRefused(Stage::kLimit, Cause::kLimitReached);
}

TEST_F(CodedTest, ACodeThatOthersTookWhileItWasReservedIsNoMore) {
  Present(CodeStanding::kValid, rules_.Offer("letter-5"));
  scene_.unclaimed = {{rules_.Offer("letter-5"), Unclaimable::kCode}};
  ExpectRefused(Stage::kEligible, Cause::kUnclaimed);
}

TEST_F(CodedTest, IsNotPublic) {
  EXPECT_FALSE(rules_.compiled->offers[rules_.Offer("letter-5")].is_public);
}

TEST(CodedStageTest, IsTheOrdersWhereTheRuleSetHasNoStageForCodes) {
  const TestRules rules = LoadRules(WithPricing("stages: [line, order]\n"));
  EXPECT_EQ(rules.compiled->offers[rules.Offer("letter-5")].benefit->stage, PricingStage::kOrder);
}

}  // namespace
}  // namespace touchstone::rules
