#include "rules/decide/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kBeans[] = R"(
offer: beans-20
applies: automatic
group: coffee
channels: [pos, web]
window: { from: 2026-11-01, through: 2026-12-24, hours: "07:00-11:00", zone: store }
eligible: customer.segment == "loyal" && customer.tier == "gold"
requires: basket.net >= 10.00
benefit: { percent_off: 20, lines: '"coffee.beans" in line.categories', at_most: { EUR: 5.00, CHF: 5.00 } }
value: 3
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week }]
treatments:
  receipt: { text: { en: "Beans: {benefit.amount} off", de: "Bohnen: {benefit.amount} gespart" } }
  home_hero: { banner: "Beans {benefit.percent}%" }
)";
constexpr char kFiveOff[] = R"(
offer: five-off
applies: automatic
channels: [pos]
requires: basket.net >= 20.00
benefit: { amount_off: { EUR: 5.00 }, per: basket }
)";
constexpr char kHint[] = R"(
offer: hint
applies: never
group: coffee
value: 1
treatments:
  receipt: { text: Try our coffee }
  screen:  { text: Try our coffee }
)";

Scene LoyalAtTheTill(const TestRules& rules) {
  Scene scene(rules);
  scene.Customer();
  scene.Fact("customer.tier", Value::String("gold"));
  scene.Fact("customer.spend_90d", Euro(41'200));
  scene.Line("BEANS", 1400, 2);
  return scene;
}

TEST(DecideTest, PricesOffersInOrderEachSeeingWhatIsLeft) {
  const TestRules rules = LoadGrocery({kBeans, kFiveOff, kHint});
  Scene scene = LoyalAtTheTill(rules);
  const Decision& decision = scene.Decide();
  EXPECT_EQ(decision.completeness, Completeness::kComplete);
  EXPECT_EQ(decision.segment, "loyal");
  EXPECT_EQ(decision.basket.gross_minor, 2800);
  EXPECT_EQ(decision.basket.payable_minor, 2800 - 500 - 500);
  ASSERT_EQ(decision.basket.applied.size(), 2u);
  EXPECT_EQ(decision.basket.applied[0].offer, rules.Offer("beans-20"));
  EXPECT_EQ(decision.basket.applied[1].offer, rules.Offer("five-off"));
  // Of 24.00 the beans leave 19.20: under what five-off asks for.
  scene.lines.clear();
  scene.line_facts.clear();
  scene.Line("BEANS", 2400);
  EXPECT_EQ(scene.Outcome("beans-20").taken.amount_minor, 480);
  EXPECT_EQ(scene.Outcome("five-off").stage, Stage::kRequires);
  EXPECT_EQ(scene.Outcome("five-off").cause, Cause::kCondition);
}

TEST(DecideTest, SaysTheFirstThingThatRulesAnOfferOut) {
  const TestRules rules = LoadGrocery({kBeans, kFiveOff, kHint});
  Scene scene = LoyalAtTheTill(rules);
  const auto expect = [&](Stage stage, Cause cause, int part) {
    const OfferOutcome outcome = scene.Outcome("beans-20");
    EXPECT_EQ(StageName(outcome.stage), StageName(stage));
    EXPECT_EQ(CauseName(outcome.cause), CauseName(cause));
    EXPECT_EQ(outcome.part, part);
  };
  // Each step adds what is asked earlier, so that the earlier stage must win.
  scene.lines[0].price_source = PriceSource::kMarkdown;
  expect(Stage::kRequires, Cause::kNoLines, 0);
  scene.lines[0].unit_price_e4 = 10'000;
  expect(Stage::kRequires, Cause::kCondition, 0);
  scene.Contacted("beans-20", ContactKind::kRedeemed, "2026-11-23T00:00");
  expect(Stage::kLimit, Cause::kLimitReached, 0);
  scene.Fact("customer.tier", Value::String("silver"));
  expect(Stage::kEligible, Cause::kCondition, 1);
  scene.Fact("customer.spend_90d", Euro(29'999));
  expect(Stage::kSegment, Cause::kCondition, 0);
  scene.Channel("call");
  expect(Stage::kChannel, Cause::kNone, 0);
  scene.input.now = At("2026-11-26T11:00");
  expect(Stage::kWindow, Cause::kNone, 0);
  scene.paused = {rules.Offer("beans-20")};
  expect(Stage::kPaused, Cause::kNone, 0);
}

TEST(DecideTest, RefusesAnOfferThatNoPlacementAskedForShowsAndThatChangesNoBasket) {
  const TestRules rules = LoadGrocery({kBeans, kFiveOff, kHint});
  Scene scene = LoyalAtTheTill(rules);
  scene.Placements({});
  EXPECT_TRUE(scene.Outcome("beans-20").applied);
  EXPECT_EQ(scene.Outcome("hint").stage, Stage::kPlacement);
  EXPECT_EQ(scene.Outcome("hint").cause, Cause::kNoTreatment);
  scene.lines.clear();
  scene.line_facts.clear();
  EXPECT_EQ(scene.Outcome("beans-20").stage, Stage::kPlacement);
  EXPECT_EQ(scene.Outcome("beans-20").cause, Cause::kNoBasket);
}

TEST(DecideTest, CountsALimitOverTheCalendarWeekOfNow) {
  const TestRules rules = LoadGrocery({kBeans});
  Scene scene = LoyalAtTheTill(rules);
  scene.Contacted("beans-20", ContactKind::kRedeemed, "2026-11-22T23:59");  // Sunday
  scene.Contacted("beans-20", ContactKind::kShown, "2026-11-26T08:00");
  scene.Contacted("beans-20", ContactKind::kRedeemed, "2026-11-26T08:31");  // after now
  scene.Contacted("five-off", ContactKind::kRedeemed, "2026-11-26T08:00");
  EXPECT_TRUE(scene.Outcome("beans-20").applied);
  scene.Contacted("beans-20", ContactKind::kRedeemed, "2026-11-23T00:00");
  EXPECT_EQ(scene.Outcome("beans-20").stage, Stage::kLimit);
}

TEST(DecideTest, RefusesAnonymousCustomersWhereALimitCountsPerCustomer) {
  const TestRules rules = LoadGrocery({R"(
offer: limited
applies: automatic
benefit: { percent_off: 10 }
limits: [{ id: one, at_most: 1, per: customer, over: 7d }]
)",
                                       R"(
offer: open
applies: automatic
benefit: { percent_off: 10 }
limits: [{ id: one, at_most: 1, per: customer, over: 7d, anonymous: unlimited }]
)"});
  Scene scene(rules);
  scene.Line("BREAD", 1000);
  EXPECT_EQ(scene.Outcome("limited").stage, Stage::kLimit);
  EXPECT_EQ(scene.Outcome("limited").cause, Cause::kAnonymousLimit);
  EXPECT_TRUE(scene.Outcome("open").applied);
  scene.input.customer = InputStatus::kUnavailable;
  EXPECT_EQ(scene.Outcome("limited").cause, Cause::kInputMissing);
  EXPECT_EQ(scene.Outcome("open").cause, Cause::kInputMissing);
}

constexpr char kPersonal[] = R"(
offer: personal
applies: automatic
eligible: customer.tier == "gold"
benefit: { percent_off: 10 }
)";
constexpr char kEither[] = R"(
offer: either
applies: automatic
eligible: store.region == "north" || customer.tier == "gold"
benefit: { percent_off: 10 }
)";
constexpr char kNeither[] = R"(
offer: neither
applies: automatic
eligible: customer.tier == "gold" && store.region == "south"
benefit: { percent_off: 10 }
)";

TEST(DecideTest, DecidesWithoutTheRecordWhatDoesNotDependOnIt) {
  const TestRules rules = LoadGrocery({kPersonal, kEither, kNeither});
  Scene scene(rules);
  scene.Line("BREAD", 1000);
  scene.input.customer = InputStatus::kUnavailable;
  const Decision& decision = scene.Decide();
  EXPECT_EQ(decision.completeness, Completeness::kPartial);
  EXPECT_EQ(decision.cause, CompletenessCause::kCustomerUnavailable);
  EXPECT_FALSE(decision.segment_known);
  const OfferOutcome& personal = decision.offers[rules.Offer("personal")];
  EXPECT_EQ(personal.stage, Stage::kEligible);
  EXPECT_EQ(personal.cause, Cause::kInputMissing);
  EXPECT_TRUE(decision.offers[rules.Offer("either")].applied);
  const OfferOutcome& neither = decision.offers[rules.Offer("neither")];
  EXPECT_EQ(neither.cause, Cause::kCondition);
  EXPECT_EQ(neither.part, 1);
}

TEST(DecideTest, LeavesTheSegmentOpenWhenAnErrorBesideMissingFactsCouldStillHold) {
  std::vector<SourceFile> files = Grocery({});
  for (SourceFile& file : files) {
    if (file.path != "segments.yaml") continue;
    file.bytes =
        "segments:\n"
        "  - { name: wet, when: request.weather == \"rain\" || customer.tier == \"gold\" }\n"
        "  - { name: dry, when: request.weather == \"sun\" && customer.tier == \"gold\" }\n"
        "  - { name: regular, otherwise: always }\n";
  }
  const TestRules rules = LoadRules(files);
  Scene scene(rules);
  scene.input.customer = InputStatus::kUnavailable;
  EXPECT_FALSE(scene.Decide().segment_known);
  // Rain decides the first segment, whoever she is.
  scene.Fact("request.weather", Value::String("rain"));
  EXPECT_EQ(scene.Decide().segment, "wet");
  scene.Customer();
  scene.Fact("request.weather", Value::Absent());
  EXPECT_EQ(scene.Decide().segment, "regular");  // an error counts as false
}

TEST(DecideTest, PassesASegmentThatAnErrorRulesOutWhateverTheRecordSays) {
  std::vector<SourceFile> files = Grocery({});
  for (SourceFile& file : files) {
    if (file.path != "segments.yaml") continue;
    file.bytes =
        "segments:\n"
        "  - { name: sunny, when: customer.tier == \"gold\" && request.weather == \"sun\" }\n"
        "  - { name: regular, otherwise: always }\n";
  }
  const TestRules rules = LoadRules(files);
  Scene scene(rules);
  scene.input.customer = InputStatus::kUnavailable;
  EXPECT_EQ(scene.Decide().segment, "regular");
  scene.Fact("request.weather", Value::String("sun"));
  EXPECT_FALSE(scene.Decide().segment_known);
}

TEST(DecideTest, KnowsUnknownAndAnonymousCustomersAsAnonymous) {
  const TestRules rules = LoadGrocery({});
  Scene scene(rules);
  scene.Customer();
  for (const InputStatus status : {InputStatus::kUnknown, InputStatus::kAnonymous}) {
    scene.input.customer = status;
    const Decision& decision = scene.Decide();
    EXPECT_EQ(decision.segment, "anonymous");
    EXPECT_TRUE(decision.facts[kSlotKnown].IsFalse());
    for (const StoredSlot& stored : rules.compiled->layout->stored_slots()) {
      EXPECT_TRUE(decision.facts[stored.slot].IsAbsent());
    }
  }
}

TEST(DecideTest, KeepsNeverDiscountedLinesOutOfConditionsAndOffers) {
  const TestRules rules = LoadGrocery({R"(
offer: ten
applies: automatic
eligible: basket.gross >= 10.00
benefit: { percent_off: 10 }
)"});
  Scene scene(rules);
  scene.Line("BREAD", 999);
  scene.Line("CIGARS", 5000);
  scene.Line("NO-SUCH-SKU", 5000);  // whether it is tobacco is not known: the safe side
  EXPECT_EQ(scene.Outcome("ten").stage, Stage::kEligible);
  EXPECT_EQ(scene.Decide().basket.payable_minor, 10'999);
  scene.Line("BREAD", 1);
  EXPECT_EQ(scene.Outcome("ten").taken.amount_minor, 100);
  EXPECT_EQ(scene.Decide().facts[kSlotBasketLines].list_value().size, 2u);
}

TEST(DecideTest, RefusesABenefitWithoutTheBasketsCurrency) {
  const TestRules rules = LoadGrocery({kFiveOff});
  Scene scene(rules);
  scene.Line("BREAD", 3000);
  EXPECT_TRUE(scene.Outcome("five-off").applied);
  scene.input.basket.currency = Currency::FromCode("CHF").value();
  EXPECT_EQ(scene.Outcome("five-off").stage, Stage::kEligible);
  EXPECT_EQ(scene.Outcome("five-off").cause, Cause::kNoCurrency);
}

TEST(DecideTest, ShowsAnAutomaticOfferAtTheTillOnlyWhenItApplied) {
  const TestRules rules = LoadGrocery({kBeans, kHint});
  Scene scene = LoyalAtTheTill(rules);
  // One offer of the group `coffee` on the receipt.
  EXPECT_THAT(scene.Shown("receipt"), ElementsAre("beans-20"));
  EXPECT_THAT(scene.Shown("screen"), ElementsAre("hint"));
  EXPECT_THAT(scene.Texts("receipt"), ElementsAre("Beans: 5.00 off"));
  scene.lines[0].unit_price_e4 = 10'000;
  EXPECT_THAT(scene.Shown("receipt"), ElementsAre("hint"));
  EXPECT_EQ(scene.Outcome("beans-20").stage, Stage::kRequires);
}

TEST(DecideTest, ProposesAnAutomaticOfferWhereThereIsNoBasket) {
  const TestRules rules = LoadGrocery({kBeans, kHint});
  Scene scene = LoyalAtTheTill(rules);
  scene.Channel("web");
  scene.lines.clear();
  scene.line_facts.clear();
  EXPECT_THAT(scene.Shown("home_hero"), ElementsAre("beans-20", "join-club"));
  EXPECT_THAT(scene.Texts("home_hero"), ElementsAre("Beans 20%"));
  EXPECT_FALSE(scene.Decide().basket.priced);
  EXPECT_FALSE(scene.Outcome("beans-20").applied);
}

TEST(DecideTest, FillsEmptyPlacesWithFallbackOffersInTheirOrder) {
  const TestRules rules = LoadGrocery({R"(
offer: worthless
applies: never
value: -5
treatments: { home_hero: { banner: Worthless } }
)"});
  Scene scene(rules);
  scene.Channel("web");
  EXPECT_THAT(scene.Shown("home_hero"), ElementsAre("worthless", "join-club"));
  const Decision& decision = scene.Decide();
  EXPECT_FALSE(decision.placements[0].shown[0].fallback);
  EXPECT_TRUE(decision.placements[0].shown[1].fallback);
  EXPECT_EQ(decision.placements[0].shown[1].position, 1u);
  EXPECT_EQ(decision.offers[rules.Offer("welcome")].stage, Stage::kRank);
  EXPECT_EQ(decision.offers[rules.Offer("welcome")].cause, Cause::kOutranked);
  scene.paused = {rules.Offer("join-club")};
  EXPECT_THAT(scene.Shown("home_hero"), ElementsAre("worthless", "welcome"));
}

std::string Advice(const std::string& id, const std::string& value) {
  return "offer: " + id + "\napplies: never\n" + (value.empty() ? "" : "value: " + value + "\n") +
         "treatments: { agent_top3: { title: " + id + ", script: Say it } }\n";
}

TEST(DecideTest, RanksByValueThenIdWithFailedValuesLast) {
  const TestRules rules =
      LoadGrocery({Advice("a-nan", "0.0 / 0.0"), Advice("b-error", "1 / customer.visits_30d"),
                   Advice("c-low", "-9000000000000000000"), Advice("d-high", "1e300"),
                   Advice("e-one", "1"), Advice("f-one", "1.0000004"), Advice("g-zero", "")});
  Scene scene(rules);
  scene.Customer();
  scene.Channel("call");
  EXPECT_THAT(scene.Shown("agent_top3"), ElementsAre("d-high", "e-one", "f-one"));
  EXPECT_EQ(scene.Outcome("d-high").score_millionths, INT64_MAX);
  EXPECT_EQ(scene.Outcome("c-low").score_millionths, INT64_MIN);
  EXPECT_EQ(scene.Outcome("f-one").score_millionths, 1'000'000);
  EXPECT_TRUE(scene.Outcome("a-nan").value_failed);
  EXPECT_TRUE(scene.Outcome("b-error").value_failed);
  scene.paused = {rules.Offer("d-high"), rules.Offer("e-one"), rules.Offer("f-one"),
                  rules.Offer("g-zero")};
  std::sort(scene.paused.begin(), scene.paused.end());
  EXPECT_THAT(scene.Shown("agent_top3"), ElementsAre("c-low", "a-nan", "b-error"));
}

TEST(DecideTest, OpensAWindowByTheStoresAndTheCustomersClock) {
  const TestRules rules = LoadGrocery({kBeans, R"(
offer: morning-call
applies: never
window: { hours: "09:00-17:00", zone: customer }
treatments: { agent_top3: { title: Good morning, script: Say it } }
)"});
  Scene scene = LoyalAtTheTill(rules);
  scene.input.store = "S99";  // 02:30 in New York
  EXPECT_EQ(scene.Outcome("beans-20").stage, Stage::kWindow);
  scene.input.now = At("2026-11-26T13:30");
  EXPECT_TRUE(scene.Outcome("beans-20").applied);
  scene.Channel("call");
  EXPECT_TRUE(scene.Outcome("morning-call").shown);  // her zone is not known: the rule set's
  scene.Fact("customer.zone", Value::String("America/New_York"));
  EXPECT_EQ(scene.Outcome("morning-call").stage, Stage::kWindow);
  EXPECT_EQ(scene.Outcome("morning-call").cause, Cause::kNone);
  scene.input.customer = InputStatus::kUnavailable;
  EXPECT_EQ(scene.Outcome("morning-call").cause, Cause::kInputMissing);
}

// One customer, one answer: a store in another zone makes nobody younger.
TEST(DecideTest, CountsTheYearsOfACustomerByTheClockOfTheRuleSet) {
  const TestRules rules = LoadGrocery({R"(
offer: adult
applies: never
eligible: customer.age >= 18
treatments: { receipt: { text: Welcome } }
)"});
  Scene scene(rules);
  scene.Customer();
  scene.Fact("customer.birth_date",
             Value::Timestamp(absl::FromCivil(absl::CivilDay(2008, 11, 26), absl::UTCTimeZone())));
  for (const char* store : {"S12", "S99", ""}) {  // Berlin, New York, none
    scene.input.store = store;
    scene.input.now = At("2026-11-25T23:59");
    EXPECT_EQ(scene.Outcome("adult").stage, Stage::kEligible) << store;
    scene.input.now = At("2026-11-26T00:00");
    EXPECT_TRUE(scene.Outcome("adult").shown) << store;
  }
}

TEST(DecideTest, TakesTheFactsOfAnUnknownProductFromTheCaller) {
  const TestRules rules = LoadGrocery({R"(
offer: ours
applies: automatic
channels: [pos]
benefit: { percent_off: 10, lines: 'line.product.brand == "Ours"' }
)"});
  Scene scene(rules);
  scene.Line("NEW", 1000, 1);
  EXPECT_EQ(scene.Outcome("ours").cause, Cause::kNoLines);
  const std::vector<AttributeSpec>& columns = rules.compiled->schema.product.columns;
  std::vector<Value> product(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) {
    // Without `tobacco: false` it would be a line that is never discounted, for all that is known.
    product[i] = columns[i].name == "brand" ? Value::String("Ours") : Value::Bool(false);
  }
  scene.line_facts[0].caller_product = product;
  EXPECT_TRUE(scene.Outcome("ours").applied);
  scene.line_facts[0].sku = "BEANS";  // the table knows better
  EXPECT_EQ(scene.Outcome("ours").cause, Cause::kNoLines);
}

TEST(DecideTest, ReadsAudiencesInAnyConditionWhateverTheirOrder) {
  std::vector<SourceFile> files = Grocery({R"(
offer: for-some
applies: never
eligible: audience.all_gold || audience.odd
treatments: { screen: { text: A } }
)"});
  files.push_back({"audiences.yaml",
                   "all_gold: { when: audience.gold && customer.known }\n"
                   "gold: { when: customer.tier == \"gold\" }\n"
                   "odd: { when: now < customer.last_purchase }\n"});
  const TestRules rules = LoadRules(files);
  Scene scene(rules);
  scene.Customer();
  scene.Fact("customer.tier", Value::String("gold"));
  EXPECT_EQ(scene.Outcome("for-some").stage, Stage::kNone);
  // The error of an audience is that of what reads it.
  scene.Fact("customer.tier", Value::String("none"));
  EXPECT_EQ(scene.Outcome("for-some").cause, Cause::kError);
  EXPECT_EQ(scene.Outcome("for-some").error, ErrorCode::kAbsent);
}

TEST(DecideTest, ATableSaysWhichOffersMayBeGivenAndWhatTheyAreWorth) {
  const auto hint = [](const std::string& id, const std::string& value) {
    return absl::StrCat("offer: ", id, "\napplies: never\nvalue: ", value,
                        "\ntreatments: { agent_top3: { title: T, script: S } }\n");
  };
  const std::vector<std::string> offers = {hint("a", "table.worth"), hint("b", "1.0")};
  std::vector<SourceFile> files = Grocery(offers);
  files.push_back({"tables.yaml",
                   "given: { hit_policy: first, inputs: { tier: customer.tier }, output: offers }\n"
                   "worth: { hit_policy: unique, inputs: { spend: customer.spend_90d }, "
                   "output: double, otherwise: 0.5 }\n"});
  files.push_back({"tables/given.csv", "tier,offers\ngold,\nsilver,b\n,a | b\n"});
  files.push_back({"tables/worth.csv", "spend,value\n>= 100.00,2.5\n"});
  const TestRules rules = LoadRules(files);
  Scene scene(rules);
  scene.Channel("call");
  scene.Customer();
  scene.Fact("customer.tier", Value::String("none"));
  EXPECT_THAT(scene.Shown("agent_top3"), testing::ElementsAre("b", "a"));
  scene.Fact("customer.spend_90d", Euro(10'000));
  EXPECT_THAT(scene.Shown("agent_top3"), testing::ElementsAre("a", "b"));
  scene.Fact("customer.tier", Value::String("silver"));
  EXPECT_THAT(scene.Shown("agent_top3"), testing::ElementsAre("b"));
  scene.Fact("customer.tier", Value::String("gold"));
  EXPECT_THAT(scene.Shown("agent_top3"), testing::IsEmpty());
  // What is not known in time decides nothing.
  scene.input.customer = InputStatus::kUnavailable;
  EXPECT_EQ(scene.Outcome("a").cause, Cause::kInputMissing);
}

TEST(DecideTest, RefusesWhatTheStepsDidNotReachFor) {
  const TestRules rules = LoadGrocery({kBeans, kFiveOff, kHint});
  Scene scene = LoyalAtTheTill(rules);
  scene.input.step_limit = 0;
  const Decision& decision = scene.Decide();
  EXPECT_EQ(decision.completeness, Completeness::kPartial);
  EXPECT_EQ(decision.cause, CompletenessCause::kStepLimit);
  EXPECT_FALSE(decision.segment_known);
  EXPECT_EQ(decision.basket.payable_minor, 2800);
  EXPECT_EQ(decision.offers[rules.Offer("beans-20")].cause, Cause::kStepLimit);
  EXPECT_EQ(decision.offers[rules.Offer("five-off")].cause, Cause::kStepLimit);
  EXPECT_TRUE(decision.offers[rules.Offer("hint")].shown);  // it has no condition
}

TEST(DecideTest, NeverAppliesUnderAStepLimitWhatItRefusesWithoutOne) {
  const TestRules rules = LoadGrocery({kBeans, kFiveOff, kHint, kPersonal, kEither, kNeither});
  Scene scene = LoyalAtTheTill(rules);
  scene.Line("CIGARS", 900);
  DecisionScratch unlimited;
  const Decision& whole = scene.Decide(unlimited);
  bool completed = false;
  for (uint64_t steps = 0; steps < 200; ++steps) {
    scene.input.step_limit = steps;
    const Decision& part = scene.Decide();
    completed = part.completeness == Completeness::kComplete;
    if (completed) {
      EXPECT_EQ(Dump(*rules.compiled, part), Dump(*rules.compiled, whole));
      break;
    }
    for (size_t i = 0; i < part.offers.size(); ++i) {
      EXPECT_LE(part.offers[i].applied, whole.offers[i].applied) << steps << " " << i;
    }
  }
  EXPECT_TRUE(completed);
}

TEST(DecideTest, GivesTheSameAnswerInAnyScratchAndAnyOrderOfOffers) {
  const TestRules rules = LoadGrocery({kBeans, kFiveOff, kHint, kPersonal, kEither, kNeither});
  Scene scene = LoyalAtTheTill(rules);
  const std::string first = Dump(*rules.compiled, scene.Decide());
  EXPECT_EQ(Dump(*rules.compiled, scene.Decide()), first);
  Scene other(rules);
  other.Channel("web");
  DecisionScratch used;
  other.Decide(used);
  EXPECT_EQ(Dump(*rules.compiled, scene.Decide(used)), first);
  TestRules turned{rules.message, nullptr, {}};
  std::reverse(turned.message.mutable_offers()->begin(), turned.message.mutable_offers()->end());
  turned.compiled = CompileRules(turned.message);
  Scene again = LoyalAtTheTill(turned);
  EXPECT_EQ(Dump(*turned.compiled, again.Decide()), first);
}

}  // namespace
}  // namespace touchstone::rules
