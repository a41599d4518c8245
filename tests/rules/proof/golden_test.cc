#include "rules/proof/golden.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/rules/decide/scene.h"
#include "tests/rules/ruleset/sample_folder.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kBeans[] = R"(
offer: beans-20
applies: automatic
channels: [pos, web]
eligible: customer.segment == "loyal" && request.weather != "storm"
requires: basket.net >= 10.00
benefit: { percent_off: 20, lines: '"coffee.beans" in line.categories', at_most: { EUR: 5.00, CHF: 5.00 } }
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week }]
treatments: { receipt: { text: { en: "You saved {benefit.amount}", de: "{benefit.amount} gespart" } } }
near_misses: { receipt: { text: "Add {near_miss.spend}" } }
)";
constexpr char kWebOnly[] = R"(
offer: web-only
applies: automatic
channels: [web]
benefit: { percent_off: 1 }
)";
constexpr char kRows[] = R"(
BEANS: { categories: [coffee, coffee.beans], brand: Alto, tobacco: false }
BREAD: { categories: [bakery], brand: House, tobacco: false }
)";
constexpr char kStores[] = "S12: { region: north, zone: Europe/Berlin, currency: EUR }\n";

GoldenReport Run(const std::string& tests) {
  std::vector<SourceFile> files = Grocery({kBeans, kWebOnly});
  files.push_back({"tests/beans.yaml", tests});
  files.push_back({"tests/reference/product.yaml", kRows});
  files.push_back({"tests/reference/store.yaml", kStores});
  const TestRules rules = LoadRules(files);
  return RunGoldenTests(rules.message, *rules.compiled);
}

// One test at the till of S12 with beans for a loyal customer.
GoldenReport RunAtTheTill(const std::string& given, const std::string& expect) {
  return Run(
      absl::StrCat("- name: beans\n  at: \"2026-11-26T08:30\"\n  store: S12\n  channel: pos\n",
                   "  given: { basket: [{ sku: BEANS, quantity: 2, price: 14.00 }], ", given,
                   " }\n  expect: ", expect, "\n"));
}

constexpr char kLoyal[] = "customer: { spend_90d: 412.00 }, request: { weather: sun }";

std::vector<std::string> Findings(const GoldenReport& report) {
  std::vector<std::string> findings;
  for (const GoldenFailure& failure : report.failures) {
    findings.push_back(absl::StrCat(failure.field_path, ": ", failure.message));
  }
  for (const GoldenResult& result : report.results) {
    for (const GoldenFailure& failure : result.failures) {
      findings.push_back(absl::StrCat(failure.field_path, ": ", failure.message));
    }
  }
  return findings;
}

TEST(GoldenTest, PassesWhenAllThatIsExpectedComesOut) {
  const GoldenReport report = RunAtTheTill(
      absl::StrCat(kLoyal,
                   ", contacts: [{ offer: beans-20, kind: redeemed, at: \"2026-11-22T23:59\" }]"),
      "{ segment: loyal, applied: { beans-20: 5.00 }, payable: 23.00, wins: [beans-20],"
      " completeness: complete, refused: { welcome: channel }, shown: { receipt: [beans-20] },"
      " texts: { receipt: { text: You saved 5.00 } } }");
  EXPECT_THAT(Findings(report), IsEmpty());
  EXPECT_EQ(report.passed(), 1);
  EXPECT_TRUE(report.all_passed());
}

TEST(GoldenTest, SaysForEachExpectationWhatCameOutInstead) {
  const GoldenReport report = RunAtTheTill(
      kLoyal,
      "{ segment: regular, applied: { web-only: 1.00 }, payable: 28.00, wins: [join-club],"
      " completeness: partial, refused: { beans-20: limit, welcome: eligible },"
      " shown: { receipt: [] }, texts: { receipt: { text: Saved } } }");
  EXPECT_EQ(report.failed(), 1);
  EXPECT_FALSE(report.all_passed());
  EXPECT_THAT(
      Findings(report),
      ElementsAre(
          "tests[0].expect.segment: the segment should be regular and is loyal",
          "tests[0].expect.applied[web-only]: web-only should take off 1.00 and changes nothing: "
          "refused at channel: it is not for channel pos",
          "tests[0].expect.applied: beans-20 should not change the basket and takes off 5.00 EUR",
          "tests[0].expect.payable: 28.00 EUR should be payable and it is 23.00 EUR",
          "tests[0].expect.refused[beans-20]: beans-20 should be refused at limit and is not: it "
          "takes off 5.00 EUR and is shown",
          "tests[0].expect.refused[welcome]: welcome should be refused at eligible and is refused "
          "at channel: it is not for channel pos",
          "tests[0].expect.shown[receipt]: receipt should show [] and shows [beans-20]",
          "tests[0].expect.wins[0]: join-club should be shown or change the basket and does "
          "neither: refused at channel: it is not for channel pos",
          "tests[0].expect.completeness: the answer should be partial and is complete",
          "tests[0].expect.texts[receipt][text]: text of receipt should be \"Saved\" and is \"You "
          "saved 5.00\""));
}

TEST(GoldenTest, AnEmptyAppliedSaysThatNothingChangesTheBasket) {
  EXPECT_THAT(Findings(RunAtTheTill(kLoyal, "{ applied: {} }")),
              ElementsAre("tests[0].expect.applied: beans-20 should not change the basket and "
                          "takes off 5.00 EUR"));
  EXPECT_THAT(Findings(RunAtTheTill("customer: {}", "{ applied: {}, segment: regular }")),
              IsEmpty());
}

// One test of beans at this price for a loyal customer.
std::vector<std::string> NearlyReached(const std::string& price, const std::string& expect) {
  return Findings(
      Run(absl::StrCat("- name: nearly\n  at: \"2026-11-26T08:30\"\n  store: S12\n  channel: pos\n",
                       "  given: { basket: [{ sku: BEANS, price: ", price, " }], ", kLoyal,
                       " }\n  expect: { near_misses: ", expect, " }\n")));
}

TEST(GoldenTest, SaysWhichChangeReachesAnOffer) {
  EXPECT_THAT(NearlyReached("6.80", "{ beans-20: add 3.20 }"), IsEmpty());
  EXPECT_THAT(NearlyReached("10.00", "{}"), IsEmpty());
  EXPECT_THAT(NearlyReached("6.80", "{}"),
              ElementsAre("tests[0].expect.near_misses: no offer should be nearly reached, and "
                          "beans-20 is: add 3.20"));
  EXPECT_THAT(NearlyReached("6.80", "{ beans-20: 1 more }"),
              ElementsAre("tests[0].expect.near_misses[beans-20]: beans-20 should be reached by `1 "
                          "more` and is by `add 3.20`"));
  EXPECT_THAT(NearlyReached("10.00", "{ beans-20: add 3.2 }"),
              ElementsAre("tests[0].expect.near_misses[beans-20]: beans-20 should be reached by "
                          "`add 3.20` and is no near miss: it takes off 2.00 EUR and is shown"));
}

TEST(GoldenTest, LeavesOutTheCustomerForAnAnonymousBasketAndHerRecordWhenItIsLate) {
  EXPECT_THAT(Findings(RunAtTheTill("request: { weather: sun }",
                                    "{ segment: anonymous, refused: { beans-20: segment } }")),
              IsEmpty());
  EXPECT_THAT(Findings(RunAtTheTill(
                  "record: unavailable",
                  "{ completeness: partial, segment: loyal, refused: { beans-20: segment } }")),
              ElementsAre("tests[0].expect.segment: the segment should be loyal and is not known"));
}

TEST(GoldenTest, CountsContactsByTheLocalCalendar) {
  EXPECT_THAT(
      Findings(RunAtTheTill(
          absl::StrCat(
              kLoyal,
              ", contacts: [{ offer: beans-20, kind: redeemed, at: \"2026-11-23T00:00\" }]"),
          "{ applied: { beans-20: 5.00 } }")),
      ElementsAre("tests[0].expect.applied[beans-20]: beans-20 should take off 5.00 and changes "
                  "nothing: refused at limit: limit weekly is reached"));
}

TEST(GoldenTest, SeesTheBudgetsThatItClosesAsSpent) {
  std::vector<SourceFile> files = Grocery({absl::StrCat(kWebOnly, "budget: launch\n")});
  files.push_back({"budgets.yaml", "autumn: { amount: 9.00 EUR }\nlaunch: { uses: 50 }\n"});
  const auto test = [](const std::string& closed, const std::string& expect) {
    return absl::StrCat("- name: with ", closed, " closed\n  at: \"2026-11-26T08:30\"\n",
                        "  channel: web\n  given: { basket: [{ sku: BREAD, price: 1.00 }], ",
                        "closed_budgets: [", closed, "] }\n  expect: { ", expect, " }\n");
  };
  files.push_back(
      {"tests/budgets.yaml", test("autumn", "applied: { web-only: 0.01 }") +
                                 test("launch, autumn", "refused: { web-only: budget }")});
  files.push_back({"tests/reference/product.yaml", kRows});
  const TestRules rules = LoadRules(files);
  EXPECT_THAT(Findings(RunGoldenTests(rules.message, *rules.compiled)), IsEmpty());
}

TEST(GoldenTest, FailsATestThatCannotBeSetUpWithoutDecidingIt) {
  // The compiler finds these too; the runner must not rely on it.
  const TestRules rules = LoadRules(Grocery({kBeans}));
  v1::RuleSet message = rules.message;
  v1::GoldenTest& test = *message.add_tests();
  test.set_at("noon");
  test.set_channel("fax");
  test.set_store("S1");
  test.add_placements("window");
  (*test.mutable_given()->mutable_customer()->mutable_fields())["shoe_size"].set_text("42");
  (*test.mutable_given()->mutable_customer()->mutable_fields())["tier"].set_text("wood");
  test.mutable_given()->add_basket()->set_price("cheap");
  test.mutable_given()->add_contacts()->set_kind("seen");
  test.mutable_given()->add_closed_budgets("autumn");
  test.mutable_expect()->set_payable("1.00");
  v1::ReferenceRow& row = *message.add_test_reference();
  row.set_table("planet");
  row.set_key("mars");
  const GoldenReport report = RunGoldenTests(message, *rules.compiled);
  EXPECT_FALSE(report.all_passed());
  std::vector<std::string> paths;
  for (const GoldenFailure& failure : report.failures) paths.push_back(failure.field_path);
  for (const GoldenFailure& failure : report.results[0].failures) {
    paths.push_back(failure.field_path);
  }
  EXPECT_THAT(paths,
              ElementsAre("test_reference[0]", "tests[0].store", "tests[0].at", "tests[0].channel",
                          "tests[0].placements[0]", "tests[0].given.customer[shoe_size]",
                          "tests[0].given.customer[tier]", "tests[0].given.basket[0].price",
                          "tests[0].given.contacts[0].offer", "tests[0].given.contacts[0].kind",
                          "tests[0].given.contacts[0].at", "tests[0].given.closed_budgets[0]"));
}

TEST(GoldenTest, FailsOnNamesThatTheRuleSetDoesNotHave) {
  const TestRules rules = LoadRules(Grocery({kBeans}));
  v1::RuleSet message = rules.message;
  v1::GoldenTest& test = *message.add_tests();
  test.set_at("2026-11-26T08:30");
  test.set_channel("pos");
  test.mutable_expect()->set_payable("1.00");
  test.mutable_expect()->add_wins("nothing");
  (*test.mutable_expect()->mutable_refused())["beans-20"] = "mood";
  (*test.mutable_expect()->mutable_shown())["home_hero"];
  EXPECT_THAT(Findings(RunGoldenTests(message, *rules.compiled)),
              ElementsAre("tests[0].expect.payable: 1.00 should be payable, and there is no basket",
                          "tests[0].expect.refused[beans-20]: there is no stage `mood`",
                          "tests[0].expect.shown[home_hero]: the test does not ask for a placement "
                          "`home_hero`",
                          "tests[0].expect.wins[0]: there is no offer `nothing`"));
}

TEST(GoldenTest, GivesAggregatesOfEveryTypeAndOffersAreFoundByThem) {
  constexpr char kOffer[] = R"(
offer: by-figures
applies: automatic
channels: [pos]
eligible: >-
  "TEA" in customer.favourites && customer.last_store in ["S1", "S2"] && customer.stores == 2 &&
  customer.biggest >= 50.00 && customer.recent > 2.5 && customer.first_visit < timestamp("2026-01-01T00:00:00Z")
benefit: { percent_off: 10 }
)";
  std::vector<SourceFile> files = Grocery({kOffer});
  for (SourceFile& file : files) {
    if (file.path != "schema.yaml") continue;
    file.bytes = absl::StrReplaceAll(file.bytes, {{"\naggregates:\n", R"(
aggregates:
  favourites:  { top: event.store, k: 3, of: visit }
  last_store:  { last: event.store, of: visit }
  stores:      { distinct: event.store, of: visit }
  biggest:     { max: event.paid, of: purchase }
  recent:      { decayed: event.paid, half_life: 30d, of: purchase }
  first_visit: { first: event.time, of: visit }
)"}});
  }
  constexpr char kGiven[] =
      "favourites: [BEANS, TEA], last_store: S1, stores: 2, biggest: 50.00, recent: 2.75, "
      "first_visit: \"2025-12-24T10:00\"";
  std::string tests;
  const auto add = [&tests](const std::string& name, const std::string& customer,
                            const std::string& payable) {
    absl::StrAppend(&tests, "- name: \"", name, "\"\n  at: \"2026-11-26T08:30\"\n  store: S12\n",
                    "  channel: pos\n  given: { basket: [{ sku: BEANS, price: 10.00 }], ",
                    "customer: { ", customer, " } }\n  expect: { payable: ", payable, " }\n");
  };
  add("all of them hold", kGiven, "9.00");
  const std::pair<absl::string_view, absl::string_view> changes[] = {
      {"BEANS, TEA", "BEANS"},        {": S1", ": S3"}, {"stores: 2", "stores: 1"},
      {"biggest: 50", "biggest: 49"}, {"2.75", "2.25"}, {"2025-12", "2026-12"}};
  for (const auto& [from, to] : changes) {
    add(absl::StrCat("not ", to), absl::StrReplaceAll(kGiven, {{from, to}}), "10.00");
  }
  add("none is known", "tier: gold", "10.00");
  files.push_back({"tests/figures.yaml", tests});
  files.push_back({"tests/reference/product.yaml", kRows});
  files.push_back({"tests/reference/store.yaml", kStores});
  const TestRules rules = LoadRules(files);
  const GoldenReport report = RunGoldenTests(rules.message, *rules.compiled);
  EXPECT_THAT(Findings(report), IsEmpty());
  EXPECT_EQ(report.passed(), 8);
}

constexpr char kMailed[] = R"(
offer: mailed-5
applies: granted
window: { through: 2026-11-01 }
benefit: { amount_off: { EUR: 5.00, CHF: 5.00 }, per: basket }
)";

GoldenReport RunWithMailed(const std::string& given, const std::string& expect) {
  std::vector<SourceFile> files = Grocery({kMailed, kWebOnly});
  files.push_back({"tests/reference/product.yaml", kRows});
  files.push_back({"tests/reference/store.yaml", kStores});
  files.push_back(
      {"tests/mailed.yaml",
       absl::StrCat("- name: mailed\n  at: \"2026-11-26T08:30\"\n  store: S12\n  channel: pos\n"
                    "  given: { basket: [{ sku: BEANS, price: 14.00 }], ",
                    given, " }\n  expect: ", expect, "\n")});
  const TestRules rules = LoadRules(files);
  return RunGoldenTests(rules.message, *rules.compiled);
}

TEST(GoldenTest, GivesGrantsAndCodesOfGrantedOffers) {
  constexpr char kGiven[] = "{ applied: { mailed-5: 5.00 } }";
  EXPECT_THAT(Findings(RunWithMailed("customer: {}, grants: [mailed-5]", kGiven)), IsEmpty());
  EXPECT_THAT(Findings(RunWithMailed("codes: { LETTER: mailed-5 }", kGiven)), IsEmpty());
  EXPECT_THAT(Findings(RunWithMailed("customer: {}", "{ refused: { mailed-5: window } }")),
              IsEmpty());
}

TEST(GoldenTest, NamesGrantsThatCannotBe) {
  EXPECT_THAT(Findings(RunWithMailed("customer: {}, grants: [mailed-6, web-only]", "{}")),
              ElementsAre("tests[0].given.grants[0]: there is no offer `mailed-6`",
                          "tests[0].given.grants[1]: the offer `web-only` is not `applies: "
                          "granted`"));
  EXPECT_THAT(
      Findings(RunWithMailed("grants: [mailed-5]", "{}")),
      ElementsAre("tests[0].given.grants: grants are a known customer's: add `customer: {}`"));
  EXPECT_THAT(Findings(RunWithMailed("codes: { LETTER: web-only }", "{}")),
              ElementsAre("tests[0].given.codes[LETTER]: the offer `web-only` needs no code: it is "
                          "neither `applies: coded` nor `granted`"));
}

TEST(GoldenTest, PassesTheTestsOfTheSampleFolder) {
  const TestRules rules = LoadRules(SampleFolder("sample"));
  const GoldenReport report = RunGoldenTests(rules.message, *rules.compiled);
  EXPECT_THAT(Findings(report), IsEmpty());
  EXPECT_EQ(report.passed(), 2);
}

TEST(GoldenTest, SaysWhichCouponsAreNotGiven) {
  EXPECT_THAT(Findings(RunAtTheTill(kLoyal, "{ coupons: { beans-20: 0 } }")), IsEmpty());
  const std::vector<std::string> findings =
      Findings(RunAtTheTill(kLoyal, "{ coupons: { beans-20: 1 } }"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0],
              ::testing::HasSubstr("uses of coupons from beans-20 should be 1 and are 0"));
}

}  // namespace
}  // namespace touchstone::rules
