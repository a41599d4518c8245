#include "rules/decide/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Limited(const std::string& id, const std::string& limits,
                    const std::string& more = "") {
  return absl::StrCat("offer: ", id,
                      "\napplies: automatic\nbenefit: { percent_off: 10 }\nlimits: [", limits,
                      "]\n", more);
}

class ClaimsTest : public testing::Test {
 protected:
  // "offer limit at_most from", from as local time in Berlin.
  static std::vector<std::string> Claims(const TestRules& rules, const DecisionInput& input) {
    DecisionScratch scratch;
    const Decision& decision = rules::Decide(*rules.compiled, input, scratch, Reasons::kEveryOffer);
    std::vector<std::string> claims;
    for (const LimitClaim& claim : LimitClaimsOf(*rules.compiled, input, decision, scratch)) {
      const OfferSpec& offer = rules.compiled->offers[claim.offer];
      claims.push_back(absl::StrCat(
          offer.id, " ", offer.limits[claim.limit].id, " ", claim.at_most, " ",
          absl::FormatTime("%Y-%m-%dT%H:%M", claim.from, rules.compiled->schema.zone)));
    }
    return claims;
  }
  static std::vector<std::string> Claims(const TestRules& rules) {
    Scene scene(rules);
    scene.Customer();
    scene.Line("BREAD", 3000);
    return Claims(rules, scene.Input());
  }
};

TEST_F(ClaimsTest, AreUsesOfLimitsThatCountRedeemedPerCustomer) {
  EXPECT_THAT(
      Claims(LoadGrocery({Limited(
          "a",
          "{ id: seen, at_most: 9, count: shown, per: customer, over: 7d },"
          "{ id: weekly, at_most: 2, per: customer, over: calendar_week },"
          "{ id: basket, at_most: 'customer.known ? 1 : 0', per: basket },"
          "{ id: taken, at_most: 3, count: accepted, per: customer, over: ever },"
          "{ id: daily, at_most: 1, count: redeemed, per: customer, over: calendar_day }")})),
      ElementsAre("a weekly 2 2026-11-23T00:00", "a daily 1 2026-11-26T00:00"));
}

TEST_F(ClaimsTest, BeginWithTheWindowOfTheLimit) {
  const auto from = [](const std::string& over) {
    const std::vector<std::string> claims = Claims(
        LoadGrocery({Limited("a", "{ id: l, at_most: 1, per: customer, over: " + over + " }")}));
    return claims.empty() ? "none" : claims[0].substr(std::string("a l 1 ").size());
  };
  EXPECT_EQ(from("ever"), "infinite-past");
  EXPECT_EQ(from("30d"), "2026-10-28T00:00");
  EXPECT_EQ(from("24h"), "2026-11-25T09:00");
  EXPECT_EQ(from("calendar_month"), "2026-11-01T00:00");
}

TEST_F(ClaimsTest, AskTheFormulaOfTheLimit) {
  const TestRules rules = LoadGrocery(
      {Limited("a",
               "{ id: l, at_most: 'customer.tier == \"gold\" ? 3 : 1', per: customer, over: "
               "calendar_day }")});
  EXPECT_THAT(Claims(rules), ElementsAre("a l 1 2026-11-26T00:00"));
  Scene scene(rules);
  scene.Customer();
  scene.Fact("customer.tier", expr::Value::String("gold"));
  scene.Line("BREAD", 3000);
  EXPECT_THAT(Claims(rules, scene.Input()), ElementsAre("a l 3 2026-11-26T00:00"));
}

// What the decision has left of its steps does not matter.
TEST_F(ClaimsTest, AskTheFormulaWhereTheStepsWereUsedUp) {
  const TestRules rules = LoadGrocery(
      {Limited("a",
               "{ id: l, at_most: 'customer.tier == \"gold\" ? 3 : 1', per: customer, over: "
               "calendar_day }")});
  Scene scene(rules);
  scene.Customer();
  scene.Line("BREAD", 3000);
  DecisionInput input = scene.Input();
  bool applied = false;
  for (input.step_limit = 0; !applied; ++input.step_limit) {
    ASSERT_LT(input.step_limit, 1000u);
    const std::vector<std::string> claims = Claims(rules, input);
    applied = !claims.empty();
    if (!applied) continue;
    EXPECT_THAT(claims, ElementsAre("a l 1 2026-11-26T00:00"));
  }
}

TEST_F(ClaimsTest, AreInOrderOfOfferWhateverTheOrderOfPricing) {
  const std::string limits =
      "{ id: two, at_most: 2, per: customer, over: calendar_day },"
      "{ id: one, at_most: 1, per: customer, over: calendar_day }";
  EXPECT_THAT(Claims(LoadGrocery({Limited("a", limits, "stacking: { priority: 1 }\n"),
                                  Limited("b", limits, "stacking: { priority: 2 }\n")})),
              ElementsAre("a two 2 2026-11-26T00:00", "a one 1 2026-11-26T00:00",
                          "b two 2 2026-11-26T00:00", "b one 1 2026-11-26T00:00"));
}

TEST_F(ClaimsTest, AreOfAppliedOffersAlone) {
  EXPECT_THAT(Claims(LoadGrocery({Limited("a", "{ id: l, at_most: 1, per: customer, over: 7d }",
                                          "requires: basket.net >= 99.00\n")})),
              IsEmpty());
}

TEST_F(ClaimsTest, AreNoneOfCustomersThatNobodyCounts) {
  const TestRules rules = LoadGrocery(
      {Limited("a", "{ id: l, at_most: 1, per: customer, over: 7d, anonymous: unlimited }")});
  Scene scene(rules);
  scene.Line("BREAD", 3000);
  for (const InputStatus status : {InputStatus::kAnonymous, InputStatus::kUnknown}) {
    scene.input.customer = status;
    EXPECT_TRUE(scene.Outcome("a").applied);
    EXPECT_THAT(Claims(rules, scene.Input()), IsEmpty());
  }
  scene.Customer();
  EXPECT_THAT(Claims(rules, scene.Input()), ElementsAre("a l 1 2026-11-20T00:00"));
}

// Of rules that have every stage.
TestRules LoadGiving(const std::vector<std::string>& offers) {
  std::vector<SourceFile> files = Grocery(offers);
  for (SourceFile& file : files) {
    if (file.path == "pricing.yaml") file.bytes = "choose: { otherwise: by_priority }\n";
  }
  return LoadRules(files);
}

// "offer good-for uses start end", by the clock of Berlin. The decision is of 2026-11-26, 08:30.
std::vector<std::string> CouponsOf(const TestRules& rules, Scene& scene) {
  const DecisionInput input = scene.Input();
  DecisionScratch scratch;
  const Decision& decision = rules::Decide(*rules.compiled, input, scratch, Reasons::kNone);
  std::vector<std::string> coupons;
  for (const CouponPromise& coupon : CouponsOf(*rules.compiled, input, decision, scratch)) {
    const auto text = [&](absl::Time time) {
      return absl::FormatTime("%m-%dT%H:%M", time, rules.compiled->schema.zone);
    };
    coupons.push_back(absl::StrCat(rules.compiled->offers[coupon.offer].id, " ",
                                   rules.compiled->offers[coupon.good_for].id, " ", coupon.uses,
                                   " ", text(coupon.start), " ", text(coupon.end)));
  }
  return coupons;
}

std::string Giving(const std::string& id, const std::string& next_visit) {
  return absl::StrCat("offer: ", id, "\napplies: automatic\nbenefit: { next_visit: { offer: next, ",
                      next_visit, " } }\n");
}

constexpr char kNext[] =
    "offer: next\napplies: granted\nbenefit: { amount_off: { EUR: 1.00 }, per: basket }\n";

TEST(CouponPromisesTest, BeginAtOnceOrWithTheNextDayOfTheStore) {
  const TestRules rules =
      LoadGiving({Giving("at-once", "use_within: 14d"),
                  Giving("each", "use_within: 24h, each: { EUR: 10.00 }"),
                  Giving("next-day", "use_within: 7d, starts: next_day"), kNext});
  Scene scene(rules);
  scene.Line("BREAD", 3000);
  EXPECT_THAT(CouponsOf(rules, scene), ElementsAre("at-once next 1 11-26T08:30 12-10T08:30",
                                                   "each next 3 11-26T08:30 11-27T08:30",
                                                   "next-day next 1 11-27T00:00 12-04T00:00"));
}

TEST(CouponPromisesTest, AreOfOffersThatApply) {
  const TestRules rules =
      LoadGiving({Giving("a", "use_within: 14d") + "requires: basket.net >= 50.00\n", kNext});
  Scene scene(rules);
  scene.Line("BREAD", 3000);
  EXPECT_THAT(CouponsOf(rules, scene), IsEmpty());
}

}  // namespace
}  // namespace touchstone::rules
