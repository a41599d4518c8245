#include "rules/ruleset/table_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"

namespace touchstone::rules {
namespace {

struct Read {
  v1::DecisionTableRows rows;
  SourceMap sources;
  Diagnostics diagnostics;
};

Read ReadRows(absl::string_view bytes) {
  Read read;
  ReadTableRows(SourceText("tables/t.csv", bytes), "t", read.rows, read.sources, read.diagnostics);
  return read;
}

TEST(TableRowsTest, ReadsWhatItWrites) {
  const std::string csv = "tier,value\ngold,\"1,5\"\n,2\n";
  const Read read = ReadRows(csv);
  EXPECT_THAT(read.diagnostics, testing::IsEmpty());
  EXPECT_THAT(read.rows.columns(), testing::ElementsAre("tier", "value"));
  ASSERT_EQ(read.rows.rows_size(), 2);
  EXPECT_THAT(read.rows.rows(0).cells(), testing::ElementsAre("gold", "1,5"));
  EXPECT_THAT(read.rows.rows(1).cells(), testing::ElementsAre("", "2"));
  EXPECT_EQ(WriteTableRows(read.rows), csv);
}

TEST(TableRowsTest, KeepsARowOfOneEmptyCell) {
  const Read read = ReadRows("value\n\"\"\n");
  EXPECT_THAT(read.diagnostics, testing::IsEmpty());
  ASSERT_EQ(read.rows.rows_size(), 1);
  EXPECT_EQ(WriteTableRows(read.rows), "value\n\"\"\n");
}

TEST(TableRowsTest, FindingsPointAtTheCell) {
  const Read read = ReadRows("tier,value\nä, gold ,\n");
  EXPECT_EQ(read.diagnostics.size(), 1u);
  const Read good = ReadRows("tier,value\n\"ä\", gold \n");
  const Diagnostic finding =
      good.sources.At(Severity::kError, "bad_cell", TableCellPath("t", 0, 1), "wrong", "");
  EXPECT_EQ(finding.file, "tables/t.csv");
  EXPECT_EQ(finding.line, 2);
  EXPECT_EQ(finding.column, 6);
  EXPECT_EQ(finding.excerpt, "\"ä\", gold ");
}

TEST(TableRowsTest, RefusesRowsThatDoNotFitTheHeader) {
  const Read read = ReadRows("a,b\n1,2\n1\n\n1,2,3\n\"1,2\n3,4\n");
  ASSERT_EQ(read.diagnostics.size(), 4u);
  for (const Diagnostic& finding : read.diagnostics) EXPECT_EQ(finding.code, "csv_row");
  EXPECT_EQ(read.diagnostics[0].line, 3);
  EXPECT_EQ(read.rows.rows_size(), 2);
}

TEST(TableRowsTest, RefusesAFileWithoutHeader) {
  EXPECT_EQ(ReadRows("").diagnostics.size(), 1u);
  EXPECT_EQ(ReadRows("\na,b\n").diagnostics.size(), 1u);
}

TEST(TableRowsTest, RefusesSemicolonsBetweenCells) {
  const Read read = ReadRows("tier;spend;value\ngold;1;2\n");
  ASSERT_EQ(read.diagnostics.size(), 1u);
  EXPECT_EQ(read.diagnostics[0].code, "csv_row");
  EXPECT_THAT(read.diagnostics[0].hint, testing::HasSubstr("separate cells by commas"));
  EXPECT_EQ(read.rows.columns_size(), 0);
}

TEST(TableRowsTest, TakesAsManyRowsAsTheLimitSays) {
  std::string csv = "value\n";
  for (int i = 0; i < kMaxTableRows; ++i) absl::StrAppend(&csv, i, "\n");
  EXPECT_EQ(ReadRows(csv).rows.rows_size(), kMaxTableRows);
  const Read read = ReadRows(csv + "1\n");
  ASSERT_EQ(read.diagnostics.size(), 1u);
  EXPECT_EQ(read.diagnostics[0].code, "list_too_long");
}

TEST(TableRowsTest, TakesAsManyColumnsAsTheLimitSays) {
  std::string header = "value";
  for (size_t i = 1; i < kMaxTableColumns; ++i) absl::StrAppend(&header, ",c", i);
  EXPECT_EQ(ReadRows(header + "\n").rows.columns_size(), static_cast<int>(kMaxTableColumns));
  const Read read = ReadRows(header + ",one\n" + std::string(200'000, ',') + "\n");
  ASSERT_EQ(read.diagnostics.size(), 1u);
  EXPECT_EQ(read.diagnostics[0].code, "list_too_long");
  EXPECT_EQ(read.rows.columns_size(), 0);
}

}  // namespace
}  // namespace touchstone::rules
