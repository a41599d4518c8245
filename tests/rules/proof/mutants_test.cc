#include "rules/proof/mutants.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kOffers[][400] = {R"(
offer: all-free
applies: automatic
eligible: customer.tier == "gold"
benefit: { percent_off: 100 }
)",
                                 R"(
offer: five-off
applies: automatic
requires: basket.net >= 20.00
benefit: { amount_off: { EUR: 5.00, CHF: 5.00 }, per: basket }
limits: [{ id: weekly, at_most: 1, per: customer, over: calendar_week, anonymous: unlimited }]
budget: autumn
)"};

std::string Written(const std::string& name, const std::string& given, const std::string& expect) {
  return absl::StrCat("- name: ", name, "\n  at: \"2026-11-26T08:30\"\n  channel: pos\n  given: { ",
                      given, " }\n  expect: { ", expect, " }\n");
}

MutantReport RunOn(const std::string& tests) {
  std::vector<SourceFile> files = Grocery({kOffers[0], kOffers[1]});
  files.push_back({"budgets.yaml", "autumn: { uses: 50 }\n"});
  files.push_back({"tests/all.yaml", tests});
  files.push_back(
      {"tests/reference/product.yaml", "BREAD: { categories: [bakery], tobacco: false }\n"});
  return RunMutants(LoadRules(files).message, At("2026-11-26T08:30"));
}

std::vector<std::string> Lines(const MutantReport& report) {
  std::vector<std::string> lines;
  for (const Mutant& mutant : report.mutants) {
    lines.push_back(absl::StrCat(mutant.field_path, ": ", mutant.description, ": ",
                                 mutant.fate == MutantFate::kKilled     ? mutant.killed_by
                                 : mutant.fate == MutantFate::kSurvived ? "survived"
                                                                        : "invalid"));
  }
  return lines;
}

TEST(MutantsTest, NamesTheTestThatNoticesEachChange) {
  const std::string tests =
      Written("large", "basket: [{ sku: BREAD, price: 30.00 }]", "applied: { five-off: 5.00 }") +
      Written("small", "basket: [{ sku: BREAD, price: 19.00 }]", "applied: {}") +
      Written("again",
              "customer: {}, basket: [{ sku: BREAD, price: 30.00 }], contacts: [{ offer: five-off, "
              "kind: redeemed, at: \"2026-11-25T08:30\" }]",
              "refused: { five-off: limit }") +
      Written("spent", "basket: [{ sku: BREAD, price: 30.00 }], closed_budgets: [autumn]",
              "refused: { five-off: budget }");
  const MutantReport report = RunOn(tests);
  EXPECT_THAT(Lines(report),
              ElementsAre("offers[all-free].eligible: without eligible: large",
                          "offers[all-free].benefit.percent_off: percent_off 99 instead of 100: "
                          "survived",
                          "offers[five-off].requires: without requires: small",
                          "offers[five-off].benefit.amount_off: amount_off one minor unit larger: "
                          "large",
                          "offers[five-off].limits[weekly]: without the limit weekly: again",
                          "offers[five-off].budget: without the budget autumn: spent"));
  EXPECT_EQ(report.killed, 5);
  EXPECT_EQ(report.survived, 1);
}

TEST(MutantsTest, NoneIsMadeOfARuleSetWhoseTestsFail) {
  const MutantReport report =
      RunOn(Written("wrong", "basket: [{ sku: BREAD, price: 30.00 }]", "applied: {}"));
  EXPECT_THAT(report.mutants, IsEmpty());
}

}  // namespace
}  // namespace touchstone::rules
