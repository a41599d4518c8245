#include "rules/facts/reference.h"

#include <gtest/gtest.h>

#include <string>

namespace touchstone::rules {
namespace {

TEST(ReferenceTableTest, KeepsRowsAfterWhatTheyWereCopiedFromIsGone) {
  ReferenceTable table(3);
  {
    expr::Arena arena;
    std::string brand = "Alto";
    expr::Value* categories = arena.NewArray<expr::Value>(2);
    std::string coffee = "coffee";
    categories[0] = expr::Value::String(coffee);
    categories[1] = expr::Value::String("beans");
    const expr::ListData list{categories, 2, nullptr};
    const expr::Value row[] = {expr::Value::String(brand), expr::Value::List(&list),
                               expr::Value::Absent()};
    ASSERT_TRUE(table.Add("BEANS-1KG", row).ok());
    brand = "gone";
    coffee = "gone!!";
    categories[1] = expr::Value::Absent();
  }
  const expr::Value* row = table.Find("BEANS-1KG");
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row[0].string_value(), "Alto");
  EXPECT_EQ(expr::DebugString(row[1]), R"(["coffee", "beans"])");
  EXPECT_TRUE(row[2].IsAbsent());
}

TEST(ReferenceTableTest, FindsNothingUnderAKeyThatWasNotAdded) {
  ReferenceTable table(0);
  EXPECT_EQ(table.Find("A"), nullptr);
  ASSERT_TRUE(table.Add("A", {}).ok());
  EXPECT_NE(table.Find("A"), nullptr);
  EXPECT_EQ(table.Find("a"), nullptr);
}

TEST(ReferenceTableTest, FindsEachOfManyRowsUnderItsOwnKey) {
  ReferenceTable table(1);
  const auto key = [](int i) {
    return std::string(static_cast<size_t>(i % 37), '-') + std::to_string(i);
  };
  for (int i = 0; i < 5000; ++i) {
    const expr::Value row[] = {expr::Value::Int(i)};
    ASSERT_TRUE(table.Add(key(i), row).ok());
  }
  EXPECT_EQ(table.size(), 5000u);
  for (int i = 0; i < 5000; ++i) {
    const expr::Value* row = table.Find(key(i));
    ASSERT_NE(row, nullptr) << i;
    EXPECT_EQ(row[0].int_value(), i);
    EXPECT_EQ(table.Find(key(i), table.HashToFind(key(i))), row);
    EXPECT_EQ(table.Find(key(i) + "-"), nullptr);
  }
  EXPECT_EQ(table.Find(""), nullptr);
  EXPECT_EQ(ReferenceTable(1).Find("", ReferenceTable(1).HashToFind("")), nullptr);
}

TEST(ReferenceTableTest, RefusesASecondRowOfAKeyAndRowsOfAnotherWidth) {
  ReferenceTable table(1);
  const expr::Value first[] = {expr::Value::Int(1)};
  const expr::Value second[] = {expr::Value::Int(2)};
  ASSERT_TRUE(table.Add("A", first).ok());
  EXPECT_EQ(table.Add("A", second).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(table.Add("B", {}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(table.Find("A")[0].int_value(), 1);
  EXPECT_EQ(table.size(), 1u);
}

}  // namespace
}  // namespace touchstone::rules
