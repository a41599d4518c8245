#include "tests/rules/decide/pricing_page.h"

#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "rules/money/fixed_point.h"
#include "rules/money/money.h"

namespace touchstone::rules {
namespace {

std::vector<std::string> Cells(absl::string_view line) {
  std::vector<std::string> cells;
  for (const absl::string_view cell : absl::StrSplit(line, '|')) {
    cells.emplace_back(absl::StripAsciiWhitespace(cell));
  }
  return std::vector<std::string>(cells.begin() + 1, cells.end() - 1);
}

// "tea-20: { benefit: … }" as a file of a rule set; it applies by itself unless it says how.
SourceFile OfferFile(absl::string_view line) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(line, absl::MaxSplits(": {", 1));
  return {absl::StrCat("offers/", parts.first, ".yaml"),
          absl::StrCat("{ offer: ", parts.first,
                       absl::StrContains(parts.second, "applies: ") ? "" : ", applies: automatic",
                       ",", parts.second, "\n")};
}

// "2 tea 3.50", "0.5kg cheese 20.00", "delivery 4.90", "2 deposit 0.25".
void AddLine(absl::string_view text, std::deque<absl::string_view>& categories, Scene& scene) {
  std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
  BasketLine line;
  line.is_delivery = words.front() == "delivery";
  if (line.is_delivery) words.insert(words.begin(), "1");
  line.merchandise = !line.is_delivery && words[1] != "deposit";
  line.is_measured = absl::ConsumeSuffix(&words[0], "kg");
  line.quantity = ParseDecimal(words[0]).value();
  line.unit_price_e4 = ParseFixedPoint(words[2], kUnitPriceDecimals).value();
  scene.Line(std::string(words[1]), 0);  // for its id and its facts
  line.line_id = scene.lines.back().line_id;
  scene.lines.back() = line;
  categories.push_back(words[1]);
  scene.line_facts.back().caller_categories = {&categories.back(), 1};
}

}  // namespace

std::vector<PageExample> ExamplesOfPage(absl::string_view path) {
  const char* source_dir = std::getenv("TOUCHSTONE_SOURCE_DIR");
  std::ifstream file(absl::StrCat(source_dir == nullptr ? "" : source_dir, "/", path));
  std::vector<PageExample> examples;
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
      PageRow& row = examples.back().rows.emplace_back();
      for (size_t i = 0; i < header.size(); ++i) row[header[i]] = cells[i];
    } else if (line.empty()) {
      header.clear();
    }
  }
  return examples;
}

TestRules RulesOf(const PageExample& example) {
  std::vector<SourceFile> files = Grocery({});
  std::erase_if(files, [](const SourceFile& file) { return file.path == "pricing.yaml"; });
  if (!example.choose.empty()) {
    files.push_back(
        {"pricing.yaml", absl::StrCat("choose: { otherwise: ", example.choose, " }\n")});
  }
  for (const std::string& offer : example.offers) files.push_back(OfferFile(offer));
  return LoadRules(files);
}

void AddBasket(absl::string_view basket, std::deque<absl::string_view>& categories, Scene& scene) {
  for (const absl::string_view line : absl::StrSplit(basket, " + ")) {
    AddLine(line, categories, scene);
  }
}

}  // namespace touchstone::rules
