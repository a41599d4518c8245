#include "server/import/budget_row.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/import/parsed_mapping.h"

namespace touchstone::server {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::StatusOr<v1::OpeningUse> Mapped(const Mapping& mapping,
                                      const std::vector<std::string>& cells) {
  Row row;
  row.cells = cells;
  v1::OpeningUse to;
  const absl::Status status = MapBudgetRow(mapping, row, &to);
  if (!status.ok()) return status;
  return to;
}

std::string RowFault(const Mapping& mapping, const std::vector<std::string>& cells) {
  return std::string(Mapped(mapping, cells).status().message());
}

constexpr char kAll[] = R"(kind: budgets
batch: move
budget: name
uses: uses
amount: { column: spent, currency: EUR }
day: { column: day, format: "%d.%m.%Y" }
day_amount: { column: today, currency_column: currency }
)";

TEST(BudgetRowTest, TakesWhatWasUsedInAllAndOnTheDay) {
  const Mapping mapping = Parsed(kAll);
  ASSERT_THAT(mapping.columns, ElementsAre("name", "uses", "spent", "day", "today", "currency"));
  const auto use = Mapped(mapping, {"autumn", "12", "34.50", "26.11.2026", "3.10", "EUR"});
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(use->budget(), "autumn");
  EXPECT_EQ(use->uses(), 12);
  EXPECT_EQ(use->amount().amount_minor(), 3450);
  EXPECT_EQ(use->amount().currency_code(), "EUR");
  EXPECT_EQ(use->day(), "2026-11-26");
  EXPECT_EQ(use->day_amount().amount_minor(), 310);
}

TEST(BudgetRowTest, EmptyCellsAreLeftOut) {
  const auto use = Mapped(Parsed(kAll), {"bags", "12", "", "", "", ""});
  ASSERT_TRUE(use.ok()) << use.status();
  EXPECT_EQ(use->uses(), 12);
  EXPECT_FALSE(use->has_amount());
  EXPECT_EQ(use->day(), "");
  EXPECT_FALSE(use->has_day_amount());
  EXPECT_EQ(Mapped(Parsed(kAll), {"bags", "", "1", "", "", ""})->uses(), 0);
}

TEST(BudgetRowTest, WhatIsWrongWithARowNamesTheField) {
  const Mapping mapping = Parsed(kAll);
  EXPECT_THAT(RowFault(mapping, {"", "1", "", "", "", ""}), HasSubstr("budget"));
  EXPECT_THAT(RowFault(mapping, {"b", "many", "", "", "", ""}), HasSubstr("uses: "));
  EXPECT_THAT(RowFault(mapping, {"b", "1", "x", "", "", ""}), HasSubstr("amount: "));
  EXPECT_THAT(RowFault(mapping, {"b", "1", "", "2026-11-26", "", ""}), HasSubstr("day: "));
  EXPECT_THAT(RowFault(mapping, {"b", "1", "", "", "x", "EUR"}), HasSubstr("day_amount: "));
}

TEST(BudgetRowTest, AMappingSaysWhatWasUsedOfWhichBudget) {
  const std::string least = "kind: budgets\nbatch: move\nbudget: name\n";
  EXPECT_THAT(Fault(least), HasSubstr("`uses` or `amount` is missing"));
  EXPECT_EQ(Fault(least + "uses: uses\n"), "");
  EXPECT_THAT(Fault(least + "amount: spent\n"), HasSubstr("m.yaml:4: money needs its currency"));
  EXPECT_THAT(Fault(least + "amount: { column: spent, type: int }\n"),
              HasSubstr("m.yaml:4: `amount` is of type money"));
  EXPECT_THAT(Fault(least + "uses: uses\nday: day\n"), HasSubstr("`day` and `day_amount`"));
  EXPECT_THAT(Fault("kind: budgets\nuses: uses\n"),
              AllOf(HasSubstr("`batch` is missing"), HasSubstr("`budget` is missing")));
}

}  // namespace
}  // namespace touchstone::server
