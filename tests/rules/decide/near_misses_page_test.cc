// docs/rules/near-misses.md, held to what it says: its offers are compiled, its baskets decided.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/decide/near_misses.h"
#include "tests/rules/decide/pricing_page.h"

namespace touchstone::rules {
namespace {

std::string NearlyReached(const Scene& scene) {
  const RuleSet& rules = *scene.rules().compiled;
  const DecisionInput input = scene.Input();
  DecisionScratch scratch;
  NearMissScratch memory;
  const Decision& decision = Decide(rules, input, scratch);
  std::vector<std::string> nearly;
  for (const NearMiss& near : FindNearMisses(rules, input, decision, scratch, memory)) {
    nearly.push_back(absl::StrCat(rules.offers[near.offer].id, " ",
                                  WordsOf(near.change, input.basket.currency)));
  }
  return absl::StrJoin(nearly, " + ");
}

TEST(NearMissesPageTest, EachBasketLacksWhatThePageSays) {
  size_t rows = 0;
  for (const PageExample& example : ExamplesOfPage("docs/rules/near-misses.md")) {
    const TestRules rules = RulesOf(example);
    for (PageRow row : example.rows) {
      SCOPED_TRACE(absl::StrCat(example.offers.front(), "\n", row["basket"]));
      Scene scene(rules);
      std::deque<absl::string_view> categories;
      AddBasket(row["basket"], categories, scene);
      EXPECT_EQ(NearlyReached(scene), row["nearly"]);
      ++rows;
    }
  }
  EXPECT_GE(rows, 13u);
}

}  // namespace
}  // namespace touchstone::rules
