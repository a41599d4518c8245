// Offers that need a grant.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "rules/decide/explain.h"
#include "rules/decide/near_misses.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

// The scene's moment lies behind its window.
constexpr char kMailed[] = R"(
offer: mailed-5
applies: granted
window: { through: 2026-11-22 }
channels: [pos]
eligible: basket.gross >= 20.00
benefit: { amount_off: { EUR: 5.00 }, per: basket }
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week, anonymous: unlimited }]
treatments:
  receipt: { text: Mailed }
near_misses:
  receipt: { text: "Add {near_miss.spend}" }
)";
constexpr char kClipped[] = R"(
offer: clipped-10
applies: granted
promise: { made: accepted, use_within: 14d }
window: { from: 2026-11-23, through: 2026-11-28 }
eligible: customer.known
benefit: { percent_off: 10 }
treatments:
  receipt: { text: Clip it }
)";

class GrantedTest : public testing::Test {
 protected:
  GrantedTest() : rules_(LoadGrocery({kMailed, kClipped})), scene_(rules_) {
    scene_.Customer();
    scene_.Line("BREAD", 3000);
  }

  void Hold(CodeStanding standing, const std::string& offer) {
    scene_.grants.push_back({standing, rules_.Offer(offer)});
  }
  void Present(CodeStanding standing, uint32_t offer) { scene_.codes.push_back({standing, offer}); }
  void DropBasket() {
    scene_.lines.clear();
    scene_.line_facts.clear();
  }
  void ExpectRefused(const std::string& offer, Stage stage, Cause cause) {
    const OfferOutcome outcome = scene_.Outcome(offer);
    EXPECT_EQ(StageName(outcome.stage), StageName(stage));
    EXPECT_EQ(CauseName(outcome.cause), CauseName(cause));
    EXPECT_FALSE(outcome.applied);
    EXPECT_FALSE(outcome.shown);
  }
  std::string Reason(const std::string& offer) {
    return ReasonText(*rules_.compiled, scene_.Decide(), rules_.Offer(offer));
  }
  size_t NearMisses() {
    NearMissScratch memory;
    DecisionScratch scratch;
    const Decision& decision = scene_.Decide(scratch);
    return FindNearMisses(*rules_.compiled, scene_.Input(), decision, scratch, memory).size();
  }

  const TestRules rules_;
  Scene scene_;
};

TEST_F(GrantedTest, AppliesWithAValidGrantAlsoBehindItsWindow) {
  Hold(CodeStanding::kExpired, "mailed-5");
  Hold(CodeStanding::kValid, "mailed-5");
  EXPECT_TRUE(scene_.Outcome("mailed-5").applied);
  EXPECT_EQ(FindGrant(scene_.grants, rules_.Offer("mailed-5")), std::optional<size_t>(1));
}

TEST_F(GrantedTest, AppliesWithACodeThatCarriesItAlsoBehindItsWindow) {
  Present(CodeStanding::kValid, rules_.Offer("mailed-5"));
  EXPECT_TRUE(scene_.Outcome("mailed-5").applied);
}

TEST_F(GrantedTest, NeedsAGrantThatIsValid) {
  ExpectRefused("clipped-10", Stage::kEligible, Cause::kNoGrant);
  EXPECT_EQ(Reason("clipped-10"),
            "she holds no valid grant of it, and no valid code was presented for it");
  for (const CodeStanding standing :
       {CodeStanding::kNotYetValid, CodeStanding::kExpired, CodeStanding::kReservedElsewhere}) {
    scene_.grants = {{standing, rules_.Offer("clipped-10")}};
    ExpectRefused("clipped-10", Stage::kEligible, Cause::kNoGrant);
  }
  EXPECT_EQ(scene_.Decide().completeness, Completeness::kComplete);
}

TEST_F(GrantedTest, TheGrantOfAnotherOfferIsNone) {
  Hold(CodeStanding::kValid, "mailed-5");
  ExpectRefused("clipped-10", Stage::kEligible, Cause::kNoGrant);
}

TEST_F(GrantedTest, WithoutAGrantItsWindowIsTheFirstReason) {
  ExpectRefused("mailed-5", Stage::kWindow, Cause::kNone);
}

TEST_F(GrantedTest, WhereNothingIsBoughtItIsShownToBeAcceptedWithinItsWindow) {
  DropBasket();
  EXPECT_TRUE(scene_.Outcome("clipped-10").shown);
  scene_.input.now = At("2026-11-29T00:00");
  ExpectRefused("clipped-10", Stage::kWindow, Cause::kNone);
}

TEST_F(GrantedTest, WithoutAPromiseItIsShownOnlyToWhoHoldsAGrant) {
  DropBasket();
  scene_.input.now = At("2026-11-22T12:00");
  ExpectRefused("mailed-5", Stage::kEligible, Cause::kNoGrant);
}

TEST_F(GrantedTest, ARecordThatDidNotComeMayHoldAGrant) {
  scene_.input.customer = InputStatus::kUnavailable;
  ExpectRefused("clipped-10", Stage::kEligible, Cause::kGrantNotRead);
  EXPECT_EQ(Reason("clipped-10"),
            "she may hold a grant of it: it needs her record, which did not come in time");
  EXPECT_EQ(scene_.Decide().completeness, Completeness::kPartial);
}

TEST_F(GrantedTest, ACodeThatWasNotReadMayCarryIt) {
  Present(CodeStanding::kNotRead, kNoOffer);
  ExpectRefused("clipped-10", Stage::kEligible, Cause::kCodeNotRead);
  EXPECT_EQ(scene_.Decide().cause, CompletenessCause::kCodesNotRead);
}

TEST_F(GrantedTest, AConditionThatDoesNotHoldIsTheReasonWithAGrant) {
  DropBasket();
  scene_.Line("BREAD", 1999);
  Hold(CodeStanding::kValid, "mailed-5");
  ExpectRefused("mailed-5", Stage::kEligible, Cause::kCondition);
  DecisionScratch scratch;
  const Decision& decision = Decide(*rules_.compiled, scene_.Input(), scratch, Reasons::kNone);
  const std::vector<uint32_t> considered(decision.considered.begin(), decision.considered.end());
  EXPECT_EQ(std::count(considered.begin(), considered.end(), rules_.Offer("mailed-5")), 1);
}

TEST_F(GrantedTest, ItsChannelsAndLimitsHold) {
  Hold(CodeStanding::kValid, "mailed-5");
  scene_.Contacted("mailed-5", ContactKind::kRedeemed, "2026-11-24T09:00");
  ExpectRefused("mailed-5", Stage::kLimit, Cause::kLimitReached);
  scene_.Channel("web");
  ExpectRefused("mailed-5", Stage::kChannel, Cause::kNone);
}

TEST_F(GrantedTest, AGrantThatOthersTookWhileItWasReservedIsNoMore) {
  Hold(CodeStanding::kValid, "mailed-5");
  scene_.unclaimed = {{rules_.Offer("mailed-5"), Unclaimable::kCode}};
  ExpectRefused("mailed-5", Stage::kEligible, Cause::kUnclaimed);
  EXPECT_EQ(Reason("mailed-5"), "another transaction took the last use of its code or grant");
}

TEST_F(GrantedTest, IsNearlyReachedOnlyByWhoHoldsAGrant) {
  DropBasket();
  scene_.Line("BREAD", 1800);
  EXPECT_EQ(NearMisses(), 0u);
  scene_.input.now = At("2026-11-22T12:00");
  EXPECT_EQ(NearMisses(), 0u);
  scene_.input.customer = InputStatus::kAnonymous;
  EXPECT_EQ(NearMisses(), 0u);
  scene_.input.customer = InputStatus::kPresent;
  Hold(CodeStanding::kValid, "mailed-5");
  EXPECT_EQ(NearMisses(), 1u);
}

TEST_F(GrantedTest, WithoutAGrantNoNearMissIsTried) {
  DropBasket();
  scene_.Line("BREAD", 1800);
  scene_.input.now = At("2026-11-22T12:00");
  NearMissScratch memory;
  DecisionScratch scratch;
  const Decision& decision = scene_.Decide(scratch);
  FindNearMisses(*rules_.compiled, scene_.Input(), decision, scratch, memory);
  EXPECT_EQ(memory.trials, 0);
}

TEST_F(GrantedTest, IsNotPublicAndPricedAsAnAutomaticOfferIs) {
  const OfferSpec& offer = rules_.compiled->offers[rules_.Offer("mailed-5")];
  EXPECT_FALSE(offer.is_public);
  EXPECT_EQ(offer.benefit->stage, PricingStage::kOrder);
}

}  // namespace
}  // namespace touchstone::rules
