#include "rules/expr/type.h"

#include <gtest/gtest.h>

namespace touchstone::rules::expr {
namespace {

TEST(TypeTest, SpellsItselfAsCelDoes) {
  EXPECT_EQ(Type().ToString(), "dyn");
  EXPECT_EQ(Type(TypeKind::kNull).ToString(), "null_type");
  EXPECT_EQ(Type::Map(Type(TypeKind::kString), Type::List(Type(TypeKind::kMoney))).ToString(),
            "map(string, list(money))");
  EXPECT_EQ(Type::Optional(Type::Wrapper(Type(TypeKind::kInt))).ToString(),
            "optional_type(wrapper(int))");
  EXPECT_EQ(Type::TypeOf(Type(TypeKind::kInt)).ToString(), "type");
  EXPECT_EQ(Type::Param("T").ToString(), "param:T");
  EXPECT_EQ(Type::Record("holding", {}).ToString(), "record(holding)");
}

TEST(TypeTest, ComparesByStructure) {
  const Type text(TypeKind::kString);
  EXPECT_EQ(Type::List(text), Type::List(text));
  EXPECT_NE(Type::List(text), Type::List(Type(TypeKind::kBytes)));
  EXPECT_NE(Type::List(text), Type::Wrapper(text));
  EXPECT_EQ(Type::Record("r", {{"a", text}}), Type::Record("r", {{"a", text}}));
  EXPECT_NE(Type::Record("r", {{"a", text}}), Type::Record("r", {{"b", text}}));
  EXPECT_NE(Type::Record("r", {{"a", text}}), Type::Record("s", {{"a", text}}));
  EXPECT_NE(Type::Param("A"), Type::Param("B"));
}

TEST(TypeTest, FindsARecordsFieldByPosition) {
  const Type record =
      Type::Record("r", {{"sku", Type(TypeKind::kString)}, {"price", Type(TypeKind::kMoney)}});
  EXPECT_EQ(record.FieldIndex("price"), 1);
  EXPECT_EQ(record.FieldIndex("cost"), -1);
  EXPECT_EQ(record.fields()[0].name, "sku");
  EXPECT_TRUE(Type(TypeKind::kInt).fields().empty());
}

}  // namespace
}  // namespace touchstone::rules::expr
