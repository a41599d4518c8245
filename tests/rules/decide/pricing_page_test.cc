// docs/rules/pricing.md, held to what it says: its offers are compiled, its baskets are priced.

#include "tests/rules/decide/pricing_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/money/money.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kPromptNames[] = {"scan", "pick", "add"};

std::string OffersOf(const Decision& decision, const TestRules& rules) {
  std::vector<std::string> taken;
  for (const AppliedOffer& applied : decision.basket.applied) {
    if (applied.taken.amount_minor == 0) continue;
    taken.push_back(
        absl::StrCat(rules.compiled->offers[applied.offer].id, " ", FormatAmount(applied.taken)));
  }
  return absl::StrJoin(taken, " + ");
}

std::string MissingOf(const Decision& decision, const TestRules& rules) {
  std::vector<std::string> missing;
  for (const AppliedOffer& applied : decision.basket.applied) {
    if (applied.missing_gifts == 0) continue;
    const GiftSpec& gift = *rules.compiled->offers[applied.offer].benefit->gift;
    missing.push_back(absl::StrCat(applied.missing_gifts, " ", gift.sku, " ",
                                   kPromptNames[static_cast<size_t>(gift.prompt)]));
  }
  return absl::StrJoin(missing, " + ");
}

std::string CouponsOf(const Decision& decision, const TestRules& rules) {
  std::vector<std::string> coupons;
  for (const AppliedOffer& applied : decision.basket.applied) {
    if (applied.coupons == 0) continue;
    const OfferSpec& offer = rules.compiled->offers[applied.offer];
    coupons.push_back(
        absl::StrCat(applied.coupons, " ", rules.compiled->offers[offer.next_visit->offer].id));
  }
  return absl::StrJoin(coupons, " + ");
}

TEST(PricingPageTest, EachBasketIsPricedAsThePageSays) {
  const std::vector<PageExample> examples = ExamplesOfPage("docs/rules/pricing.md");
  size_t rows = 0;
  for (const PageExample& example : examples) {
    const TestRules rules = RulesOf(example);
    EXPECT_FALSE(example.rows.empty()) << example.offers.front();
    for (PageRow row : example.rows) {
      SCOPED_TRACE(absl::StrCat(example.offers.front(), "\n", row["basket"]));
      Scene scene(rules);
      std::deque<absl::string_view> categories;
      AddBasket(row["basket"], categories, scene);
      if (!row["she holds"].empty()) {
        scene.Customer();
        scene.grants.push_back({CodeStanding::kValid, rules.Offer(row["she holds"])});
      }
      const Decision& decision = scene.Decide();
      EXPECT_EQ(OffersOf(decision, rules), row["off"]);
      EXPECT_EQ(MissingOf(decision, rules), row["missing"]);
      if (row.contains("points")) {
        EXPECT_EQ(absl::StrCat(decision.basket.points), row["points"]);
      }
      EXPECT_EQ(CouponsOf(decision, rules), row["coupons"]);
      ++rows;
    }
  }
  EXPECT_GE(examples.size(), 15u);
  EXPECT_GE(rows, 30u);
}

}  // namespace
}  // namespace touchstone::rules
