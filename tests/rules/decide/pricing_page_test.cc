// docs/rules/pricing.md, held to what it says: its offers are compiled, its baskets are priced.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"
#include "tests/rules/decide/scene.h"

namespace touchstone::rules {
namespace {

constexpr absl::string_view kPromptNames[] = {"scan", "pick", "add"};

// One row of a table: by the table's header.
using Row = std::map<std::string, std::string>;

struct Example {
  std::string choose;               // behind `offers` in the block's first line
  std::vector<std::string> offers;  // as on the page, an offer a line
  std::vector<Row> rows;
};

std::vector<std::string> Cells(absl::string_view line) {
  std::vector<std::string> cells;
  for (const absl::string_view cell : absl::StrSplit(line, '|')) {
    cells.emplace_back(absl::StripAsciiWhitespace(cell));
  }
  return std::vector<std::string>(cells.begin() + 1, cells.end() - 1);
}

// Blocks of offers, each with the rows of the table behind it.
std::vector<Example> ExamplesOfPage() {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  std::ifstream file(
      absl::StrCat(source_dir == nullptr ? "" : source_dir, "/docs/rules/pricing.md"));
  std::vector<Example> examples;
  std::vector<std::string> header;
  bool in_offers = false;
  for (std::string line; std::getline(file, line);) {
    absl::string_view line_left = line;
    if (absl::StartsWith(line, "```")) {
      in_offers = absl::ConsumePrefix(&line_left, "```yaml offers");
      if (in_offers)
        examples.push_back({std::string(absl::StripAsciiWhitespace(line_left)), {}, {}});
      header.clear();
    } else if (in_offers) {
      examples.back().offers.push_back(line);
    } else if (absl::StartsWith(line, "| basket ")) {
      header = Cells(line);
    } else if (!header.empty() && absl::StartsWith(line, "|") && !absl::StartsWith(line, "|--")) {
      const std::vector<std::string> cells = Cells(line);
      Row& row = examples.back().rows.emplace_back();
      for (size_t i = 0; i < header.size(); ++i) row[header[i]] = cells[i];
    } else if (line.empty()) {
      header.clear();
    }
  }
  return examples;
}

// "tea-20: { benefit: … }" as a file of a rule set.
SourceFile OfferFile(absl::string_view line) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(": {", 1));
  return {absl::StrCat("offers/", parts.first, ".yaml"),
          absl::StrCat("{ offer: ", parts.first, ", applies: automatic,", parts.second, "\n")};
}

// In every stage, unless the page says otherwise.
TestRules RulesOf(const Example& example) {
  std::vector<SourceFile> files = Grocery({});
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  if (!example.choose.empty()) {
    files.push_back(
        {"pricing.yaml", absl::StrCat("choose: { otherwise: ", example.choose, " }\n")});
  }
  for (const std::string& offer : example.offers) files.push_back(OfferFile(offer));
  return LoadRules(files);
}

// "2 tea 3.50", "0.5kg cheese 20.00", "delivery 4.90".
void AddLine(absl::string_view text, std::deque<absl::string_view>& categories, Scene& scene) {
  std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  BasketLine line;
  line.is_delivery = words.front() == "delivery";
  line.merchandise = !line.is_delivery;
  if (line.is_delivery) words.insert(words.begin(), "1");
  line.is_measured = absl::ConsumeSuffix(&words[0], "kg");
  line.quantity = ParseDecimal(words[0]).value();
  line.unit_price_e4 = ParseFixedPoint(words[2], kUnitPriceDecimals).value();
  scene.Line(std::string(words[1]), 0);  // for its id and its facts
  line.line_id = scene.lines.back().line_id;
  scene.lines.back() = line;
  categories.push_back(words[1]);
  scene.line_facts.back().caller_categories = {&categories.back(), 1};
}

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

TEST(PricingPageTest, EachBasketIsPricedAsThePageSays) {
  const std::vector<Example> examples = ExamplesOfPage();
  size_t rows = 0;
  for (const Example& example : examples) {
    const TestRules rules = RulesOf(example);
    EXPECT_FALSE(example.rows.empty()) << example.offers.front();
    for (Row row : example.rows) {
      SCOPED_TRACE(absl::StrCat(example.offers.front(), "\n", row["basket"]));
      Scene scene(rules);
      std::deque<absl::string_view> categories;
      for (const absl::string_view line : absl::StrSplit(row["basket"], " + ")) {
        AddLine(line, categories, scene);
      }
      const Decision& decision = scene.Decide();
      EXPECT_EQ(OffersOf(decision, rules), row["off"]);
      EXPECT_EQ(MissingOf(decision, rules), row["missing"]);
      if (row.contains("points")) {
        EXPECT_EQ(absl::StrCat(decision.basket.points), row["points"]);
      }
      ++rows;
    }
  }
  EXPECT_GE(examples.size(), 15u);
  EXPECT_GE(rows, 30u);
}

}  // namespace
}  // namespace touchstone::rules
