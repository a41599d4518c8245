#include "rules/ruleset/table_cell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace touchstone::rules {
namespace {

using testing::HasSubstr;

std::string Cel(absl::string_view cell, KeyKind kind) {
  const absl::StatusOr<std::string> condition =
      CellCondition(cell, "x", kind, absl::FixedTimeZone(3600));
  return condition.ok() ? *condition : std::string(condition.status().message());
}

TEST(TableCellTest, ReadsTexts) {
  EXPECT_EQ(Cel("gold", KeyKind::kText), R"((x) == "gold")");
  EXPECT_EQ(Cel(" gold|silver ", KeyKind::kText), R"((x) == "gold" || (x) == "silver")");
  EXPECT_EQ(Cel("not gold | silver", KeyKind::kText), R"(!((x) == "gold" || (x) == "silver"))");
  EXPECT_EQ(Cel("say \"hi\"\\", KeyKind::kText), R"((x) == "say \"hi\"\\")");
  EXPECT_EQ(Cel(">= 5", KeyKind::kText), R"((x) == ">= 5")");
}

TEST(TableCellTest, TakesTextsInSingleQuotesAsTheyAre) {
  EXPECT_EQ(Cel("'a|b' | 'not c'", KeyKind::kText), R"((x) == "a|b" || (x) == "not c")");
  EXPECT_EQ(Cel("'it''s'", KeyKind::kText), R"((x) == "it's")");
  EXPECT_EQ(Cel("' '", KeyKind::kText), R"((x) == " ")");
  EXPECT_EQ(Cel("''", KeyKind::kText), R"((x) == "")");
  EXPECT_EQ(Cel("not 'not a'", KeyKind::kText), R"(!((x) == "not a"))");
}

TEST(TableCellTest, ReadsBools) {
  EXPECT_EQ(Cel("true", KeyKind::kBool), "(x)");
  EXPECT_EQ(Cel("false", KeyKind::kBool), "!(x)");
  EXPECT_EQ(Cel("not true", KeyKind::kBool), "!((x))");
}

TEST(TableCellTest, ReadsNumbersBoundsAndRanges) {
  EXPECT_EQ(Cel("18", KeyKind::kInt), "(x) == 18");
  EXPECT_EQ(Cel("-3 | >=5", KeyKind::kInt), "(x) == -3 || (x) >= 5");
  EXPECT_EQ(Cel("> 0.50", KeyKind::kMoney), "(x) > 0.50");
  EXPECT_EQ(Cel("<= 2", KeyKind::kDouble), "(x) <= 2.0");
  EXPECT_EQ(Cel("[10.00..20.00)", KeyKind::kMoney), "((x) >= 10.00 && (x) < 20.00)");
  EXPECT_EQ(Cel("( -2 .. 3 ]", KeyKind::kDecimal), "((x) > -2 && (x) <= 3)");
  EXPECT_EQ(Cel("not [1..2]", KeyKind::kInt), "!(((x) >= 1 && (x) <= 2))");
}

TEST(TableCellTest, ReadsDaysAsUtcAndTimesInTheZone) {
  EXPECT_EQ(Cel(">= 2026-11-01", KeyKind::kTimestamp),
            R"((x) >= timestamp("2026-11-01T00:00:00Z"))");
  EXPECT_EQ(Cel("< 2026-11-01T08:30", KeyKind::kTimestamp),
            R"((x) < timestamp("2026-11-01T07:30:00Z"))");
  EXPECT_EQ(
      Cel("[2026-11-01..2026-12-01)", KeyKind::kTimestamp),
      R"(((x) >= timestamp("2026-11-01T00:00:00Z") && (x) < timestamp("2026-12-01T00:00:00Z")))");
}

TEST(TableCellTest, RefusesWhatIsNoCell) {
  for (const char* cell : {"abc", "1..2", "[1..2", "[1,2]", "[..2]", ">", "1 |", "| 1", "1e5", "1.",
                           ".5", "--1", "+1", "=> 5", "12.50 EUR", "[1..2..3]"}) {
    EXPECT_THAT(Cel(cell, KeyKind::kMoney), HasSubstr("cannot be read as a cell")) << cell;
  }
  EXPECT_THAT(Cel("2.5", KeyKind::kInt), HasSubstr("`2.5` cannot be read"));
  EXPECT_THAT(Cel("yes", KeyKind::kBool), HasSubstr("`yes` cannot be read"));
  EXPECT_THAT(Cel("2026-02-30", KeyKind::kTimestamp), HasSubstr("`2026-02-30` cannot be read"));
  for (const char* cell : {"'a", "a'b", "'a'b'", "gold | ", "not |"}) {
    EXPECT_THAT(Cel(cell, KeyKind::kText), HasSubstr("cannot be read as a cell")) << cell;
  }
}

// Each form that a hint names can be read, so that who follows it gets on.
TEST(TableCellTest, TheHintsThemselvesAreCells) {
  EXPECT_EQ(CellHint(KeyKind::kText), "write gold, gold | silver, or not gold");
  EXPECT_EQ(CellHint(KeyKind::kBool), "write true or false");
  EXPECT_EQ(CellHint(KeyKind::kInt), "write 18, >= 18, or [18..65) for a range");
  EXPECT_EQ(CellHint(KeyKind::kTimestamp),
            "write >= 2026-11-01, or [2026-11-01..2026-12-01) for a range");
  for (const char* cell : {"18", ">= 18", "[18..65)"}) {
    EXPECT_THAT(Cel(cell, KeyKind::kInt), testing::StartsWith("(")) << cell;
  }
}

}  // namespace
}  // namespace touchstone::rules
