#include "rules/decide/condition_explanation.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::ExplainedPart;
using expr::Value;

constexpr char kLoyalty[] = R"(
offer: loyalty
applies: automatic
eligible: customer.spend_90d >= 300.00 && (customer.tier == "gold" || customer.birth_date < now)
requires: basket.net >= 20.00
benefit: { percent_off: 10 }
stacking: { stage: order, priority: 1 }
)";
constexpr char kFirst[] = R"(
offer: first
applies: automatic
benefit: { amount_off: { EUR: 4.00 }, per: basket }
stacking: { stage: order, priority: 2 }
)";
constexpr char kLast[] = R"(
offer: last
applies: automatic
benefit: { percent_off: 50 }
stacking: { stage: order, priority: 0 }
)";

class ConditionExplanationTest : public ::testing::Test {
 protected:
  ConditionExplanationTest() : rules_(LoadGrocery({kLoyalty, kFirst, kLast})), scene_(rules_) {
    scene_.Customer();
    scene_.Line("BREAD", 2000);
    scene_.Fact("customer.spend_90d", Euro(11'240));
  }

  ExplainedCondition Eligible() {
    return ConditionExplainer(*rules_.compiled, scene_.Decide())
        .Eligible(rules_.Offer("loyalty"))
        .value();
  }

  const TestRules rules_;
  Scene scene_;
};

TEST_F(ConditionExplanationTest, ShowsTheWholeConditionAndItsFirstDecisiveAtomInWords) {
  const ExplainedCondition explained = Eligible();
  EXPECT_EQ(
      explained.text,
      "customer.spend_90d >= 300.00 && (customer.tier == \"gold\" || customer.birth_date < now)");
  ASSERT_EQ(explained.root.parts.size(), 2u);
  EXPECT_TRUE(explained.root.value.IsFalse());
  EXPECT_EQ(expr::FirstDecisiveAtom(explained.root)->words,
            "customer.spend_90d is 112.40 EUR, needs at least 300.00");
  const ExplainedPart& either = explained.root.parts[1];
  EXPECT_EQ(either.kind, ExplainedPart::Kind::kAny);
  EXPECT_EQ(explained.text.substr(either.span.begin, either.span.end - either.span.begin),
            "(customer.tier == \"gold\" || customer.birth_date < now)");
  EXPECT_EQ(either.parts[1].words,
            "customer.birth_date < now ends in an error (absent): customer.birth_date is not "
            "known, now is 2026-11-26T07:30:00Z");
}

TEST_F(ConditionExplanationTest, KeepsPersonalDataToItself) {
  scene_.Fact("customer.birth_date", Value::Timestamp(At("1990-01-01T00:00")));
  EXPECT_EQ(
      Eligible().root.parts[1].parts[1].words,
      "customer.birth_date < now holds: customer.birth_date is set, now is 2026-11-26T07:30:00Z");
}

TEST_F(ConditionExplanationTest, OfSeveralErrorsTheFirstDecidesAsInTheDecision) {
  const TestRules rules = LoadGrocery({R"(
offer: rainy
applies: never
eligible: request.weather == "rain" && customer.spend_90d >= 300.00
treatments: { receipt: { text: Rain } }
)"});
  Scene scene(rules);
  scene.Customer();
  scene.input.customer = InputStatus::kUnavailable;
  const Decision& decision = scene.Decide();
  const auto explained =
      ConditionExplainer(*rules.compiled, decision).Eligible(rules.Offer("rainy"));
  ASSERT_TRUE(explained.has_value());
  EXPECT_EQ(explained->root.value.error(), decision.offers[rules.Offer("rainy")].error);
  EXPECT_EQ(expr::FirstDecisiveAtom(explained->root)->words,
            "request.weather is not known, needs \"rain\"");
  EXPECT_EQ(explained->root.parts[1].words,
            "customer.spend_90d did not come in time, needs at least 300.00");
}

TEST_F(ConditionExplanationTest, SeesTheNetAtTheOffersTurnNotAtTheEnd) {
  scene_.Fact("customer.spend_90d", Euro(41'240));
  scene_.Fact("customer.tier", Value::String("gold"));
  const Decision& decision = scene_.Decide();
  const auto explained =
      ConditionExplainer(*rules_.compiled, decision).Requires(rules_.Offer("loyalty"));
  EXPECT_EQ(explained->root.words, "basket.net is 16.00 EUR, needs at least 20.00");
}

TEST_F(ConditionExplanationTest, IsEmptyWhereThereIsNoCondition) {
  const ConditionExplainer explainer(*rules_.compiled, scene_.Decide());
  EXPECT_FALSE(explainer.Eligible(rules_.Offer("first")).has_value());
  EXPECT_FALSE(explainer.Requires(rules_.Offer("first")).has_value());
}

}  // namespace
}  // namespace touchstone::rules
