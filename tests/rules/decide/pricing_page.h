#pragma once

// Pages that say what offers come to: blocks of offers, each with tables of baskets behind it.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {

// One row of a table: by the table's header.
using PageRow = std::map<std::string, std::string>;

struct PageExample {
  std::string choose;               // behind `offers` in the block's first line
  std::vector<std::string> offers;  // as on the page, an offer a line
  std::vector<PageRow> rows;
};

// Of a page such as "docs/rules/pricing.md", in its order.
std::vector<PageExample> ExamplesOfPage(absl::string_view path);

// Its offers, in every stage unless the page says otherwise.
TestRules RulesOf(const PageExample& example);

// "2 tea 3.50 + 0.5kg cheese 20.00 + delivery 4.90": the second word is the line's category;
// `delivery` and `deposit` are no merchandise. The scene refers to `basket` and `categories`.
void AddBasket(absl::string_view basket, std::deque<absl::string_view>& categories, Scene& scene);

}  // namespace touchstone::rules
