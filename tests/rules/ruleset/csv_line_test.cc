#include "rules/ruleset/csv_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_join.h"

namespace touchstone::rules {
namespace {

using testing::ElementsAre;

std::vector<std::string> TextsOf(absl::string_view line) {
  const auto cells = SplitCsvLine(line);
  if (!cells.has_value()) return {"cannot be read"};
  std::vector<std::string> texts;
  for (const CsvCell& cell : *cells) texts.push_back(cell.text);
  return texts;
}

TEST(CsvLineTest, SplitsAtCommasAndLeavesOuterBlanksOut) {
  EXPECT_THAT(TextsOf("a,b"), ElementsAre("a", "b"));
  EXPECT_THAT(TextsOf(" a b ,, c"), ElementsAre("a b", "", "c"));
  EXPECT_THAT(TextsOf(""), ElementsAre(""));
  EXPECT_THAT(TextsOf(","), ElementsAre("", ""));
}

TEST(CsvLineTest, KeepsWhatQuotesEnclose) {
  EXPECT_THAT(TextsOf(R"("a,b", " c " ,"say ""hi""")"), ElementsAre("a,b", " c ", "say \"hi\""));
  EXPECT_THAT(TextsOf(R"("")"), ElementsAre(""));
}

TEST(CsvLineTest, RefusesQuotesThatDoNotEndAndTextBesideThem) {
  for (const char* line : {"\"a", "a,\"", "\"a\"b", "\"a\" b,c", "\"a\"\"b"}) {
    EXPECT_FALSE(SplitCsvLine(line).has_value()) << line;
  }
}

TEST(CsvLineTest, SaysWhereEachCellStands) {
  const auto cells = SplitCsvLine(R"(ab, "c,d" ,e )");
  ASSERT_TRUE(cells.has_value());
  ASSERT_EQ(cells->size(), 3u);
  EXPECT_EQ(std::pair((*cells)[0].begin, (*cells)[0].end), std::pair(size_t{0}, size_t{2}));
  EXPECT_EQ(std::pair((*cells)[1].begin, (*cells)[1].end), std::pair(size_t{4}, size_t{9}));
  EXPECT_EQ(std::pair((*cells)[2].begin, (*cells)[2].end), std::pair(size_t{11}, size_t{12}));
}

TEST(CsvLineTest, ReadsWhatItWrites) {
  const std::vector<std::string> texts = {"plain", "", " outer ", "a,b", "a;b", "\"", "\"\"x", "ä"};
  const std::string line = absl::StrJoin(
      texts, ",", [](std::string* out, const std::string& text) { *out += CsvCellText(text); });
  EXPECT_EQ(TextsOf(line), texts) << line;
}

}  // namespace
}  // namespace touchstone::rules
