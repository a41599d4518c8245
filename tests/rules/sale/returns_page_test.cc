// docs/rules/returns.md, held to what it says: its baskets are sold under its offers, and come
// back.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rules/sale/returns.h"
#include "tests/rules/decide/pricing_page.h"
#include "tests/rules/decide/scene.h"
#include "tests/rules/sale/sold_lines.h"

namespace touchstone::rules {
namespace {

// What the page's columns say, return by return.
struct Figures {
  std::vector<std::string> kept_costs;
  std::vector<std::string> recompute;
  std::vector<std::string> proportional;
};

class PageSale {
 public:
  PageSale(const TestRules& rules, absl::string_view basket) : rules_(rules), scene_(rules) {
    AddBasket(basket, categories_, scene_);
    const BasketAnswer& answer = scene_.Decide().basket;
    paid_ = PaidForSold(scene_.lines, answer.lines);
    sold_ = SoldLinesOf(scene_.lines, answer.lines, answer.takings);
    for (const AppliedOffer& applied : answer.applied) offers_.push_back(applied.offer);
    returned_.resize(sold_.size());
  }

  int64_t paid() const { return paid_; }
  std::string Text(int64_t amount_minor) const { return FormatAmount({amount_minor, currency()}); }

  // "1 tea + 0.5kg cheese".
  void Return(absl::string_view text, Figures& figures) {
    const Basket basket = {currency(), scene_.lines};
    const CheckedReturn checked = CheckReturn(basket, returned_, LinesOf(text));
    ASSERT_TRUE(checked.violations.empty()) << checked.violations.front().description;
    const int64_t kept_price = PriceOf(BuildKept(basket, checked.kept));
    const int64_t refund = RecomputedRefund(paid_, refunded_, kept_price);
    refunded_ += refund;
    figures.kept_costs.push_back(Text(kept_price));
    figures.recompute.push_back(Text(refund));
    figures.proportional.push_back(
        Text(ProportionalRefund(scene_.lines, sold_, returned_, checked.now)));
    for (size_t i = 0; i < returned_.size(); ++i) {
      returned_[i].thousandths += checked.now[i].thousandths;
    }
  }

 private:
  Currency currency() const { return scene_.input.basket.currency; }

  std::vector<ReturnedQuantity> LinesOf(absl::string_view text) const {
    std::vector<ReturnedQuantity> lines;
    for (const absl::string_view line : absl::StrSplit(text, " + ")) {
      std::pair<absl::string_view, absl::string_view> words = absl::StrSplit(line, ' ');
      absl::ConsumeSuffix(&words.first, "kg");
      const auto category = std::find(categories_.begin(), categories_.end(), words.second);
      const auto position = static_cast<size_t>(category - categories_.begin());
      lines.push_back({position < scene_.lines.size() ? scene_.lines[position].line_id : "none",
                       ParseDecimal(words.first).value()});
    }
    return lines;
  }

  // Under the offers that the sale had.
  int64_t PriceOf(const KeptBasket& kept) const {
    Scene scene(rules_);
    scene.lines = kept.lines;
    for (const uint32_t line : kept.sold_line) {
      scene.line_facts.push_back(scene_.line_facts[line]);
    }
    for (uint32_t offer = 0; offer < rules_.compiled->offers.size(); ++offer) {
      if (std::find(offers_.begin(), offers_.end(), offer) == offers_.end()) {
        scene.paused.push_back(offer);
      }
    }
    return PaidForSold(scene.lines, scene.Decide().basket.lines);
  }

  const TestRules& rules_;
  std::deque<absl::string_view> categories_;  // by line
  Scene scene_;
  std::vector<uint32_t> offers_;
  std::vector<SoldLine> sold_;
  std::vector<Decimal> returned_;
  int64_t paid_ = 0;
  int64_t refunded_ = 0;
};

TEST(ReturnsPageTest, EachReturnRefundsWhatThePageSays) {
  size_t rows = 0;
  for (const PageExample& example : ExamplesOfPage("docs/rules/returns.md")) {
    const TestRules rules = RulesOf(example);
    for (PageRow row : example.rows) {
      SCOPED_TRACE(absl::StrCat(row["basket"], " back: ", row["comes back"]));
      PageSale sale(rules, row["basket"]);
      EXPECT_EQ(sale.Text(sale.paid()), row["paid"]);
      Figures figures;
      for (const absl::string_view text : absl::StrSplit(row["comes back"], ", ")) {
        sale.Return(text, figures);
      }
      EXPECT_EQ(absl::StrJoin(figures.kept_costs, ", "), row["kept costs"]);
      EXPECT_EQ(absl::StrJoin(figures.recompute, ", "), row["recompute"]);
      EXPECT_EQ(absl::StrJoin(figures.proportional, ", "), row["proportional"]);
      ++rows;
    }
  }
  EXPECT_GE(rows, 10u);
}

}  // namespace
}  // namespace touchstone::rules
