#include "rules/expr/cost.h"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"

namespace touchstone::rules::expr {
namespace {

class CostTest : public testing::Test {
 protected:
  CostTest() {
    Declare("p.words", Type::List(Type(TypeKind::kString)), 10);
    Declare("p.tables",
            Type::List(Type::Record("table", {{"names", Type::List(Type(TypeKind::kString))}})),
            1'000);
    Declare("p.word", Type(TypeKind::kString), 0);
    Declare("p.yes", Type(TypeKind::kBool), 0);
    ConstantDecl list;
    list.name = "list.coffee";
    list.type = Type::List(Type(TypeKind::kString));
    list.value = Value::List(&skus_);
    EXPECT_TRUE(environment_.Declare(list).ok());
  }

  void Declare(const std::string& name, const Type& type, uint64_t max_elements) {
    VariableDecl variable;
    variable.name = name;
    variable.type = type;
    variable.slot = Slot{0, static_cast<uint16_t>(environment_.variables().size())};
    variable.max_elements = max_elements;
    EXPECT_TRUE(environment_.Declare(variable).ok());
  }

  ExprPtr Checked(const std::string& text) {
    ParseResult parsed = Parse(text);
    EXPECT_NE(parsed.expr, nullptr) << text;
    const Issues issues = Check(*parsed.expr, environment_, std::nullopt);
    EXPECT_TRUE(issues.empty()) << text << ": " << issues[0].message;
    return std::move(parsed.expr);
  }
  uint64_t Cost(const std::string& text) { return EstimateCost(*Checked(text), environment_); }

  Environment environment_;
  ListData skus_{nullptr, 500, nullptr};
};

TEST_F(CostTest, IsTheNodesOfWhatRunsOnce) {
  EXPECT_EQ(Cost("p.yes"), 1u);
  EXPECT_EQ(Cost("p.yes && !p.yes"), 4u);
  EXPECT_EQ(Cost("p.word == 'a'"), 3u);
  // Of a choice only one side runs.
  EXPECT_EQ(Cost("p.yes ? p.word : p.word + 'a' + 'b'"), 7u);
}

TEST_F(CostTest, CountsABodyForEachElementThatIsDeclared) {
  EXPECT_EQ(Cost("p.words.exists(w, w == 'a')"), 2 + 10 * 4u);
  EXPECT_EQ(Cost("p.words.exists(w, p.words.exists(v, v == w))"), 2 + 10 * (1 + 2 + 10 * 4u));
  EXPECT_EQ(Cost("['a', 'b', 'c'].all(w, p.yes)"), 5 + 3 * 2u);
  EXPECT_EQ(Cost("list.coffee.exists(w, w == p.word)"), 2 + 500 * 4u);
  EXPECT_EQ(Cost("(p.words + p.words).all(w, p.yes)"), 1 + (3 + 20) + 20 * 2u);
  EXPECT_EQ(Cost("p.words.filter(w, p.yes).all(w, p.yes)"), 1 + (2 + 10 * 2) + 10 * 2u);
  EXPECT_EQ(Cost("cel.bind(x, p.words, x.all(w, p.yes))"), 1 + 1 + 2 + 10 * 2u);
  // Nothing declares how long the list of a record is.
  EXPECT_EQ(Cost("p.tables.exists(t, t.names.exists(n, p.yes))"),
            2 + 1'000 * (1 + 3 + limits::kAssumedElements * 2));
}

TEST_F(CostTest, SearchesAListThatIsAFactAndLooksUpOneThatIsConstant) {
  EXPECT_EQ(Cost("p.word in p.words"), 3 + 10u);
  EXPECT_EQ(Cost("p.word in list.coffee"), 3 + 1u);
  EXPECT_EQ(Cost("p.word in ['a', 'b']"), 5 + 1u);
}

TEST_F(CostTest, DoesNotOverflow) {
  Declare("p.endless", Type::List(Type(TypeKind::kInt)), std::numeric_limits<uint64_t>::max() / 2);
  EXPECT_EQ(Cost("p.endless.all(a, p.endless.all(b, p.endless.all(c, a == b)))"),
            std::numeric_limits<uint64_t>::max());
}

TEST_F(CostTest, AnExpressionAtTheLimitIsTakenAndOneStepMoreIsNot) {
  Declare("p.long", Type::List(Type(TypeKind::kInt)), (limits::kMaxCost - 2) / 2);
  const std::string text = "p.long.all(x, p.yes)";
  EXPECT_EQ(Cost(text), limits::kMaxCost);
  EXPECT_TRUE(CheckCost(*Checked(text), environment_).empty());
  const Issues issues = CheckCost(*Checked(absl::StrCat("!", text)), environment_);
  ASSERT_EQ(issues.size(), 1u);
  EXPECT_EQ(issues[0].code, "too_costly");
  EXPECT_EQ(issues[0].message,
            "With lists as long as they may be, this could take 25000001 steps; at most 25000000 "
            "are allowed.");
}

}  // namespace
}  // namespace touchstone::rules::expr
