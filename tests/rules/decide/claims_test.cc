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

}  // namespace
}  // namespace touchstone::rules
