#include "rules/decide/texts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::Value;
using ::testing::ElementsAre;

TEST(LocaleTest, FallsBackByPrefixThenLanguageThenToTheFirst) {
  const std::vector<std::string> locales = {"en", "de-AT", "de", "zh-Hant"};
  EXPECT_EQ(ChooseLocale(locales, "de-AT"), 1u);
  EXPECT_EQ(ChooseLocale(locales, "DE-at"), 1u);
  EXPECT_EQ(ChooseLocale(locales, "de-CH"), 2u);
  EXPECT_EQ(ChooseLocale(locales, "zh-Hant-TW"), 3u);
  EXPECT_EQ(ChooseLocale(locales, "zh"), 3u);
  EXPECT_EQ(ChooseLocale(locales, "fr-FR"), 0u);
  EXPECT_EQ(ChooseLocale(locales, ""), 0u);
}

std::string Advice(const std::string& script) {
  return "offer: advice\napplies: never\ntreatments: { agent_top3: { title: T, script: \"" +
         script + "\" } }\n";
}

std::vector<std::string> TextsOnTheCall(const std::string& script, const std::string& fact,
                                        Value value) {
  const TestRules rules = LoadGrocery({Advice(script)});
  Scene scene(rules);
  scene.Customer();
  scene.Channel("call");
  scene.Fact(fact, value);
  return scene.Texts("agent_top3");
}

TEST(TextsTest, WritesFactsAsPeopleReadThem) {
  EXPECT_THAT(
      TextsOnTheCall("Hello {customer.first_name}!", "customer.first_name", Value::String("Zoë")),
      ElementsAre("Hello Zoë!", "T"));
  EXPECT_THAT(TextsOnTheCall("Hello {customer.first_name}!", "customer.first_name", Value()),
              ElementsAre("Hello !", "T"));
  EXPECT_THAT(TextsOnTheCall("{customer.spend_90d}", "customer.spend_90d", Euro(41'200)),
              ElementsAre("412.00 EUR", "T"));
  EXPECT_THAT(TextsOnTheCall("{customer.visits_30d} visits", "customer.visits_30d", Value::Int(3)),
              ElementsAre("3 visits", "T"));
  EXPECT_THAT(TextsOnTheCall("{customer.birth_date}", "customer.birth_date",
                             Value::Timestamp(
                                 absl::FromCivil(absl::CivilDay(987, 1, 2), absl::UTCTimeZone()))),
              ElementsAre("0987-01-02", "T"));
  EXPECT_THAT(TextsOnTheCall("{customer.last_purchase}", "customer.last_purchase",
                             Value::Timestamp(At("2026-11-05T09:07"))),
              ElementsAre("2026-11-05 09:07", "T"));
}

TEST(TextsTest, WritesAnAmountOfNoCurrencyInThatOfTheDecision) {
  const TestRules rules = LoadGrocery({Advice("{customer.spend_90d}")});
  Scene scene(rules);
  scene.Customer();
  scene.Channel("call");
  // What a computed attribute comes to whose formula is 5.00.
  scene.Fact("customer.spend_90d", Value::OfMoney({50'000, Currency()}));
  EXPECT_THAT(scene.Texts("agent_top3"), ElementsAre("5.00 EUR", "T"));
  scene.input.basket.currency = Currency::FromCode("CHF").value();
  EXPECT_THAT(scene.Texts("agent_top3"), ElementsAre("5.00 CHF", "T"));
  scene.Fact("customer.spend_90d", Value::OfMoney({50'001, Currency()}));
  EXPECT_THAT(scene.Texts("agent_top3"), ElementsAre("", "T"));
}

TEST(TextsTest, CutsALongTextBetweenCharacters) {
  const TestRules rules = LoadGrocery({R"(
offer: greeting
applies: never
treatments: { receipt: { text: "Schön, dass Sie da sind, {customer.first_name}" } }
)"});
  Scene scene(rules);
  scene.Customer();
  scene.Fact("customer.first_name", Value::String("Ääääääääääääääääääää"));
  const std::vector<std::string> texts = scene.Texts("receipt");
  ASSERT_EQ(texts.size(), 1u);
  // 25 characters stand before the name, 40 fit.
  EXPECT_EQ(texts[0], "Schön, dass Sie da sind, Äääääääääääääää");
}

TEST(TextsTest, SaysWhatAnAmountWouldBeWhereThereIsNoBasket) {
  const TestRules rules = LoadGrocery({R"(
offer: amount
applies: automatic
benefit: { amount_off: { EUR: 5.00, CHF: 6.00 }, per: basket }
treatments: { home_hero: { banner: "{benefit.amount} off" } }
)"});
  Scene scene(rules);
  scene.Channel("web");
  EXPECT_THAT(scene.Texts("home_hero"), ElementsAre("5.00 off"));
  scene.input.basket.currency = Currency::FromCode("CHF").value();
  EXPECT_THAT(scene.Texts("home_hero"), ElementsAre("6.00 off"));
  scene.input.basket.currency = Currency();
  EXPECT_THAT(scene.Texts("home_hero"), ElementsAre("5.00 off"));
}

TEST(TextsTest, DoesNotShowATextThatNeedsTheRecordThatDidNotCome) {
  const TestRules rules = LoadGrocery({Advice("Hello {customer.first_name}")});
  Scene scene(rules);
  scene.Channel("call");
  scene.input.customer = InputStatus::kUnavailable;
  EXPECT_THAT(scene.Shown("agent_top3"), ElementsAre());
  EXPECT_EQ(scene.Outcome("advice").stage, Stage::kRank);
  EXPECT_EQ(scene.Outcome("advice").cause, Cause::kInputMissing);
}

}  // namespace
}  // namespace touchstone::rules
