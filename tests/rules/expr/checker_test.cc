#include "rules/expr/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/expr/parser.h"
#include "tests/rules/expr/random_tree.h"

namespace touchstone::rules::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Type kBool(TypeKind::kBool);
const Type kInt(TypeKind::kInt);
const Type kDouble(TypeKind::kDouble);
const Type kString(TypeKind::kString);
const Type kMoney(TypeKind::kMoney);
const Type kDecimal(TypeKind::kDecimal);
const Type kTimestamp(TypeKind::kTimestamp);
constexpr CheckPolicy kRulePolicy = {true, true, true};
constexpr CheckPolicy kUnchecked = {false, false, false};

// An environment like that of a rule set; slots are numbered in this order.
Environment RuleEnvironment(CheckPolicy policy = kRulePolicy) {
  Environment environment(policy);
  uint16_t index = 0;
  const auto declare = [&](absl::string_view name, Type type, std::vector<std::string> values = {},
                           std::string unavailable = "") {
    VariableDecl variable;
    variable.name = std::string(name);
    variable.type = std::move(type);
    variable.slot = Slot{0, index++};
    variable.enum_values = std::move(values);
    variable.unavailable_because = std::move(unavailable);
    EXPECT_TRUE(environment.Declare(std::move(variable)).ok());
  };
  declare("customer.tier", kString, {"none", "silver", "gold"});
  declare("customer.spend_90d", kMoney);
  declare("customer.visits_30d", kInt);
  declare("customer.score", kDouble);
  declare("customer.allergies", Type::List(kString));
  declare("customer.birth_date", kTimestamp);
  declare("customer.holdings",
          Type::List(Type::Record("holding", {{"product", kString}, {"until", kTimestamp}})));
  declare("customer.notes", Type::Map(kString, kString));
  declare("line",
          Type::Record("line", {{"sku", kString}, {"price", kMoney}, {"quantity", kDecimal}}));
  declare("coffee_180d", kDecimal);
  declare("basket.gross", kMoney);
  declare("basket.net", kMoney, {}, "eligible is decided before prices; write it in requires.");
  declare("now", kTimestamp);
  declare("anything", Type());
  declare("n_int", Type::Wrapper(kInt));
  declare("customer.badges", Type::List(kString), {"early", "loyal"});
  EXPECT_TRUE(environment.Declare(ConstantDecl{"list.beans", Type::List(kString), Value()}).ok());
  return environment;
}

struct Checked {
  ExprPtr expr;
  Issues issues;
};

Checked CheckText(absl::string_view source, const Environment& environment,
                  std::optional<Type> expected = std::nullopt) {
  ParseResult parsed = Parse(source);
  EXPECT_NE(parsed.expr, nullptr) << source;
  if (parsed.expr == nullptr) return {std::make_unique<Expr>(), {{"does not parse", {}, "", ""}}};
  Issues issues = Check(*parsed.expr, environment, std::move(expected));
  return {std::move(parsed.expr), std::move(issues)};
}

// The type, or the code of the first finding.
std::string Outcome(absl::string_view source, const Environment& environment) {
  const Checked checked = CheckText(source, environment);
  return checked.issues.empty() ? checked.expr->type.ToString() : checked.issues[0].code;
}
std::string InRules(absl::string_view source) { return Outcome(source, RuleEnvironment()); }
std::string InCel(absl::string_view source) { return Outcome(source, RuleEnvironment({})); }

Issue FirstIssue(absl::string_view source) {
  const Checked checked = CheckText(source, RuleEnvironment());
  EXPECT_FALSE(checked.issues.empty()) << source;
  return checked.issues.empty() ? Issue() : checked.issues[0];
}

TEST(CheckerTest, ResolvesDeclaredNamesToSlotsAndConstants) {
  const Checked checked = CheckText("line.sku in list.beans", RuleEnvironment(), kBool);
  ASSERT_THAT(checked.issues, IsEmpty());
  const Expr& sku = *checked.expr->children[0];
  EXPECT_EQ(sku.resolution.kind, Resolution::Kind::kField);
  EXPECT_EQ(sku.resolution.field_index, 0);
  EXPECT_EQ(sku.children[0]->resolution.kind, Resolution::Kind::kSlot);
  EXPECT_EQ(sku.children[0]->resolution.slot.index, 8);
  EXPECT_EQ(checked.expr->children[1]->resolution.kind, Resolution::Kind::kConstant);
  EXPECT_EQ(checked.expr->children[1]->resolution.constant_index, 0);
}

TEST(CheckerTest, TakesTheLongestDeclaredPrefix) {
  Environment environment;
  ASSERT_TRUE(
      environment.Declare({"a.b", Type::Map(kString, kInt), Slot{0, 0}, true, {}, ""}).ok());
  ASSERT_TRUE(environment.Declare({"a.b.c", kString, Slot{0, 1}, true, {}, ""}).ok());
  EXPECT_EQ(Outcome("a.b.c", environment), "string");
  EXPECT_EQ(Outcome("a.b.d", environment), "int");
  EXPECT_EQ(Outcome("a.b.c.d", environment), "wrong_type");
}

TEST(CheckerTest, LooksInTheContainerFirstUnlessTheNameIsRooted) {
  Environment environment;
  ASSERT_TRUE(environment.Declare({"x.y.n", kInt, Slot{0, 0}, true, {}, ""}).ok());
  ASSERT_TRUE(environment.Declare({"x.n", kDouble, Slot{0, 1}, true, {}, ""}).ok());
  ASSERT_TRUE(environment.Declare({"n", kString, Slot{0, 2}, true, {}, ""}).ok());
  EXPECT_EQ(Outcome("n", environment), "string");
  environment.SetContainer("x.y");
  EXPECT_EQ(Outcome("n", environment), "int");
  EXPECT_EQ(Outcome("x.n", environment), "double");
  EXPECT_EQ(Outcome(".n", environment), "string");
  EXPECT_EQ(Outcome("[true].map(n, n)", environment), "list(bool)");
  EXPECT_EQ(Outcome("[true].map(n, .n)", environment), "list(string)");
}

TEST(CheckerTest, NumbersMacroVariablesFromTheOutside) {
  const Checked checked =
      CheckText("[1].all(x, cel.bind(y, x, [2].exists(x, x > y)))", RuleEnvironment(), kBool);
  ASSERT_THAT(checked.issues, IsEmpty());
  const Expr& bind = *checked.expr->children[1];
  EXPECT_EQ(bind.children[0]->resolution.local_index, 0);
  const Expr& greater = *bind.children[1]->children[1];
  EXPECT_EQ(greater.children[0]->resolution.local_index, 2);
  EXPECT_EQ(greater.children[1]->resolution.local_index, 1);
  EXPECT_EQ(greater.children[1]->resolution.kind, Resolution::Kind::kLocal);
}

TEST(CheckerTest, LetsMacroVariablesHideDeclaredNames) {
  EXPECT_EQ(InRules("[{'tier': 1}].map(customer, customer.tier)"), "list(int)");
  EXPECT_EQ(InRules("[1].map(customer, .customer.tier)"), "list(string)");
}

TEST(CheckerTest, InfersTypesAsCelDoes) {
  EXPECT_EQ(InCel("[[], [[]], [[[]]], [[[[]]]]]"), "list(list(list(list(list(dyn)))))");
  EXPECT_EQ(InCel("([].map(x,x))[0].foo"), "dyn");
  EXPECT_EQ(InCel("[1, 'a']"), "list(dyn)");
  EXPECT_EQ(InCel("[1, dyn(2)]"), "list(dyn)");
  EXPECT_EQ(InCel("{'a': 1, 'b': 2.0}"), "map(string, dyn)");
  EXPECT_EQ(InCel("[] + [1]"), "list(int)");
  EXPECT_EQ(InCel("{'a': [1]}.map(k, k + 'x')"), "list(string)");
  EXPECT_EQ(InCel("{'a': [1]}['a'][0]"), "int");
  EXPECT_EQ(InCel("[3].map(n, n > 1, n * n).filter(n, n > 2)"), "list(int)");
  EXPECT_EQ(InCel("dyn(1) + dyn('a')"), "dyn");
  EXPECT_EQ(InCel("dyn(1) + 'a'"), "string");
  EXPECT_EQ(InCel("type(1) == int && type(now) == google.protobuf.Timestamp"), "bool");
  EXPECT_EQ(InCel("now - duration('1h') < now"), "bool");
  EXPECT_EQ(InCel("true ? [] : ['a']"), "list(string)");
}

TEST(CheckerTest, TreatsNullableNumbersAsNumbersOrNull) {
  EXPECT_EQ(InCel("n_int + 1"), "int");
  EXPECT_EQ(InCel("n_int == null"), "bool");
  EXPECT_EQ(InCel("[1, n_int]"), "list(wrapper(int))");
  EXPECT_EQ(InCel("[n_int, 1]"), "list(wrapper(int))");
  EXPECT_EQ(InCel("[n_int, 1, dyn(1)]"), "list(dyn)");
  EXPECT_EQ(InCel("true ? 42 : n_int"), "wrapper(int)");
  EXPECT_EQ(InCel("[now, null][0]"), "timestamp");
  EXPECT_EQ(InCel("customer.tier == null"), "wrong_type");
}

TEST(CheckerTest, MixesNumberTypesInComparisonsOnlyWhereThePolicySaysSo) {
  for (const char* source :
       {"customer.score > 10", "customer.visits_30d == 1.5", "1u <= customer.visits_30d",
        "customer.score in [1, 2]", "n_int < 1.5"}) {
    EXPECT_EQ(InRules(source), "bool") << source;
    EXPECT_EQ(InCel(source), "wrong_type") << source;
  }
  EXPECT_EQ(InRules("customer.score + 1"), "wrong_type");
  EXPECT_EQ(InRules("customer.score > 'a'"), "wrong_type");
  EXPECT_EQ(InRules("[1] == [1.0]"), "wrong_type");
}

TEST(CheckerTest, WantsLiteralsOfOneTypeWhereThePolicySaysSo) {
  EXPECT_EQ(InRules("[1, 'a']"), "mixed_types");
  EXPECT_EQ(InRules("{'a': 1, 'b': 'c'}"), "mixed_types");
  EXPECT_EQ(InRules("[1, anything]"), "list(dyn)");
  EXPECT_EQ(InRules("[1, 2, 3]"), "list(int)");
}

TEST(CheckerTest, ReadsNumbersBesideMoneyExactly) {
  const Checked checked = CheckText("customer.spend_90d >= 300.00", RuleEnvironment(), kBool);
  ASSERT_THAT(checked.issues, IsEmpty());
  const Expr& literal = *checked.expr->children[1];
  EXPECT_TRUE(literal.exact_literal);
  EXPECT_EQ(literal.type, kMoney);
  EXPECT_EQ(literal.text, "300.00");

  EXPECT_EQ(InRules("5 < customer.spend_90d"), "bool");
  EXPECT_EQ(InRules("customer.spend_90d - 0.50"), "money");
  EXPECT_EQ(InRules("customer.spend_90d == -(1.00)"), "bool");
  EXPECT_EQ(InRules("customer.spend_90d in [5.00, 10]"), "bool");
  EXPECT_EQ(InRules("5.00 in [customer.spend_90d, basket.gross]"), "bool");
  EXPECT_EQ(InRules("[5.00, basket.gross]"), "list(money)");
  EXPECT_EQ(InRules("true ? 5.00 : basket.gross"), "money");
  EXPECT_EQ(InRules("(true ? 5.00 : 7) < basket.gross"), "bool");
  EXPECT_EQ(InRules("true ? 2 : 1"), "int");
  EXPECT_EQ(InRules("basket.gross > 1e3"), "inexact_number");
  EXPECT_EQ(InRules("basket.gross > 0x10"), "inexact_number");
}

TEST(CheckerTest, MultipliesMoneyWithDecimalsAndWholeNumbers) {
  const Checked checked = CheckText("basket.gross * 0.2", RuleEnvironment(), kMoney);
  ASSERT_THAT(checked.issues, IsEmpty());
  EXPECT_EQ(checked.expr->children[1]->type, kDecimal);
  EXPECT_TRUE(checked.expr->children[1]->exact_literal);
  EXPECT_EQ(InRules("2 * basket.gross"), "money");
  EXPECT_EQ(InRules("basket.gross * customer.visits_30d"), "money");
  EXPECT_EQ(InRules("line.quantity * line.price"), "money");
  EXPECT_EQ(InRules("basket.gross / 3"), "money");
  EXPECT_EQ(InRules("-basket.gross"), "money");
  EXPECT_EQ(InRules("basket.gross * 0.0005"), "inexact_number");
  EXPECT_EQ(InRules("basket.gross * customer.score"), "wrong_type");
  EXPECT_EQ(InRules("basket.gross * basket.gross"), "wrong_type");
  EXPECT_EQ(InRules("basket.gross / 2.5"), "wrong_type");
}

TEST(CheckerTest, ReadsNumbersBesideDecimalsExactly) {
  EXPECT_EQ(InRules("coffee_180d < 3.0"), "bool");
  EXPECT_EQ(InRules("coffee_180d * 2 + 0.125"), "decimal");
  EXPECT_EQ(InRules("coffee_180d + 0.1255"), "inexact_number");
  EXPECT_EQ(InRules("coffee_180d < 0.1255"), "bool");
  EXPECT_EQ(InRules("decimal('0.25') + decimal(3)"), "decimal");
  EXPECT_EQ(InRules("coffee_180d < customer.visits_30d"), "wrong_type");
}

TEST(CheckerTest, ConvertsMoneyOnlyOnRequest) {
  EXPECT_EQ(InRules("0.2 * double(basket.gross)"), "double");
  EXPECT_EQ(InRules("double(coffee_180d) + double(int(coffee_180d))"), "double");
  EXPECT_EQ(InRules("string(basket.gross) + currency(basket.gross)"), "string");
  EXPECT_EQ(InRules("money('12.50 EUR') + basket.gross"), "money");
  EXPECT_EQ(InRules("age(customer.birth_date, now)"), "int");
  const Issue issue = FirstIssue("basket.gross > customer.score");
  EXPECT_EQ(issue.message, "An amount of money cannot be compared with a number.");
  EXPECT_THAT(issue.hint, HasSubstr("double(...)"));
}

TEST(CheckerTest, MakesABareNumberExactWhenMoneyIsExpected) {
  const Checked checked =
      CheckText("customer.tier == 'gold' ? 5.00 : 3", RuleEnvironment(), kMoney);
  EXPECT_THAT(checked.issues, IsEmpty());
  EXPECT_TRUE(checked.expr->children[1]->exact_literal);
  EXPECT_EQ(checked.expr->type, kMoney);
  EXPECT_THAT(CheckText("1", RuleEnvironment(), kDecimal).issues, IsEmpty());
}

TEST(CheckerTest, SaysWhatAResultMustBe) {
  const Checked checked = CheckText("customer.tier", RuleEnvironment(), kBool);
  ASSERT_EQ(checked.issues.size(), 1);
  EXPECT_EQ(checked.issues[0].code, "wrong_result_type");
  EXPECT_EQ(checked.issues[0].message, "This condition must be true or false, but it is a text.");
  EXPECT_THAT(CheckText("dyn(1)", RuleEnvironment(), kBool).issues, IsEmpty());
  EXPECT_EQ(CheckText("1", RuleEnvironment(), kString).issues[0].message,
            "This must be a text, but it is a whole number.");
}

TEST(CheckerTest, SuggestsTheNearestName) {
  const Issue issue = FirstIssue("customer.spend90d >= 3.00");
  EXPECT_EQ(issue.code, "unknown_name");
  EXPECT_EQ(issue.message, "There is no \"customer.spend90d\" here.");
  EXPECT_EQ(issue.hint, "Did you mean customer.spend_90d?");
  EXPECT_EQ(issue.span.begin, 0);
  EXPECT_EQ(issue.span.end, 17);
  EXPECT_EQ(FirstIssue("Customer.Tier == 'gold'").hint, "Did you mean customer.tier?");
  EXPECT_EQ(FirstIssue("visits_30d > 1").hint, "Did you mean customer.visits_30d?");
  EXPECT_EQ(FirstIssue("list.beens == []").hint, "Did you mean list.beans?");
  EXPECT_EQ(FirstIssue("line.skew == ''").code, "unknown_field");
  EXPECT_EQ(FirstIssue("line.qantity > 1").hint, "Did you mean quantity?");
  EXPECT_EQ(FirstIssue("customer.nowhere.at.all").message,
            "There is no \"customer.nowhere\" here.");
  EXPECT_EQ(FirstIssue("has(customer.teir)").code, "unknown_name");
}

TEST(CheckerTest, SuggestsQuotesWhereATextWasMeant) {
  EXPECT_EQ(FirstIssue("customer.tier == gold").hint, "A text needs quotes: \"gold\".");
  EXPECT_THAT(FirstIssue("line.sku == espresso").hint, HasSubstr("\"espresso\""));
}

TEST(CheckerTest, SuggestsTheNearestFunction) {
  EXPECT_EQ(FirstIssue("line.sku.startWith('A')").hint, "Did you mean startsWith?");
  EXPECT_EQ(FirstIssue("customer.allergies.length()").hint, "Did you mean size?");
  EXPECT_EQ(FirstIssue("max(1, 2)").hint, "Did you mean math.greatest?");
  EXPECT_EQ(FirstIssue("round(1.5)").hint, "Did you mean math.round?");
  const Issue issue = FirstIssue("maths.cosine(1, 2)");
  EXPECT_EQ(issue.code, "unknown_function");
  EXPECT_THAT(issue.message, HasSubstr("maths.cosine"));
}

TEST(CheckerTest, RefusesWrongUseOfFunctions) {
  EXPECT_EQ(InRules("line.sku.startsWith()"), "wrong_argument_count");
  EXPECT_EQ(InRules("size(1, 2, 3)"), "wrong_argument_count");
  EXPECT_EQ(InRules("startsWith(line.sku, 'a')"), "wrong_call_style");
  EXPECT_EQ(InRules("now.age(now)"), "wrong_call_style");
  EXPECT_EQ(InRules("line.sku.startsWith(1)"), "wrong_type");
  EXPECT_EQ(FirstIssue("line.sku.startsWith(1)").hint, "It takes a text and a text.");
  EXPECT_EQ(InRules("line.sku.exists(x, true)"), "wrong_type");
  EXPECT_EQ(InRules("customer.holdings.product == ''"), "wrong_type");
  EXPECT_EQ(InRules("{1.5: 2}"), "invalid_map_key");
  EXPECT_EQ(InRules("true ? 1 : 'a'"), "wrong_type");
}

TEST(CheckerTest, WantsTrueOrFalseOnEachSideOfAnd) {
  const Checked checked =
      CheckText("customer.tier && customer.visits_30d || !customer.score", RuleEnvironment());
  ASSERT_EQ(checked.issues.size(), 3);
  EXPECT_EQ(checked.issues[0].message,
            "Each side of && must be true or false, but this is a text.");
  EXPECT_EQ(checked.issues[1].span.begin, 17);
  EXPECT_EQ(CheckText("!customer.tier == 'gold'", RuleEnvironment()).issues.size(), 1);
  EXPECT_EQ(FirstIssue("1 < customer.visits_30d < 3").hint,
            "Join two comparisons with &&: a < b && b < c.");
}

TEST(CheckerTest, TellsHowToBringOperandsTogether) {
  EXPECT_THAT(FirstIssue("'coffee' in line.sku").hint, HasSubstr("contains"));
  EXPECT_THAT(FirstIssue("now > 2026-11-01").hint, HasSubstr("timestamp("));
  EXPECT_THAT(FirstIssue("now - customer.birth_date > 18").hint, HasSubstr("duration("));
  EXPECT_THAT(FirstIssue("customer.allergies == 'nuts'").hint, HasSubstr("x in list"));
  EXPECT_THAT(FirstIssue("coffee_180d * customer.visits_30d").hint, HasSubstr("decimal("));
  EXPECT_THAT(FirstIssue("basket.gross / 2.5").hint, HasSubstr("Multiply instead"));
  EXPECT_THAT(FirstIssue("customer.tier == null").hint, HasSubstr("has("));
  EXPECT_THAT(FirstIssue("customer.visits_30d > '3'").hint, HasSubstr("quotes"));
}

TEST(CheckerTest, NamesTheValuesOfAnEnumWhenAnotherIsUsed) {
  const Issue issue = FirstIssue("customer.tier == 'golt'");
  EXPECT_EQ(issue.code, "unknown_enum_value");
  EXPECT_EQ(issue.message,
            "\"golt\" is not a value of customer.tier; its values are: none, silver, gold.");
  EXPECT_EQ(issue.hint, "Did you mean \"gold\"?");
  EXPECT_EQ(issue.span.begin, 17);
  EXPECT_EQ(InRules("'platinum' != customer.tier"), "unknown_enum_value");
  EXPECT_EQ(InRules("customer.tier in ['gold', 'platinum']"), "unknown_enum_value");
  EXPECT_EQ(InRules("'late' in customer.badges"), "unknown_enum_value");
  EXPECT_EQ(InRules("customer.tier in ['gold', 'silver'] && 'loyal' in customer.badges"), "bool");
}

TEST(CheckerTest, SaysWhyANameIsNotAvailable) {
  const Issue issue = FirstIssue("basket.net >= 10.00");
  EXPECT_EQ(issue.code, "name_not_available");
  EXPECT_THAT(issue.message, HasSubstr("write it in requires"));
  EXPECT_EQ(CheckText("basket.net >= 10.00", RuleEnvironment()).issues.size(), 1);
}

TEST(CheckerTest, TestsPresenceOfNamesFieldsAndKeys) {
  const Checked checked = CheckText("has(customer.birth_date)", RuleEnvironment(), kBool);
  ASSERT_THAT(checked.issues, IsEmpty());
  EXPECT_EQ(checked.expr->resolution.kind, Resolution::Kind::kSlot);
  EXPECT_EQ(checked.expr->type, kBool);
  EXPECT_EQ(InRules("has(line.sku)"), "bool");
  EXPECT_EQ(InRules("has(customer.notes.vip)"), "bool");
  EXPECT_EQ(InRules("has(line.colour)"), "unknown_field");
  EXPECT_EQ(InRules("has(customer.visits_30d.x)"), "wrong_type");
}

TEST(CheckerTest, FindsAllMistakesAtOnceAndEachOnce) {
  const Checked checked =
      CheckText("customer.teir == 'gold' && basket.net > 5.00 && foo(customer.score + 1) > 2 || 3",
                RuleEnvironment(), kBool);
  std::vector<std::string> codes;
  for (const Issue& issue : checked.issues) codes.push_back(issue.code);
  EXPECT_THAT(codes, ElementsAre("unknown_name", "name_not_available", "unknown_function",
                                 "wrong_type", "wrong_type"));
}

TEST(CheckerTest, ReportsNoMoreThanTheLimitOfFindings) {
  std::string source = "x0";
  for (int i = 1; i < 100; ++i) absl::StrAppend(&source, " && x", i);
  EXPECT_EQ(CheckText(source, RuleEnvironment()).issues.size(), limits::kMaxIssues);
}

TEST(CheckerTest, AllowsMacrosNestedUpToTheLimit) {
  const auto nested = [](int levels) {
    std::string source = "true";
    for (int i = 0; i < levels; ++i) source = absl::StrCat("[1].all(x, ", source, ")");
    return source;
  };
  EXPECT_EQ(InRules(nested(limits::kMaxComprehensionNesting)), "bool");
  EXPECT_EQ(InRules(nested(limits::kMaxComprehensionNesting + 1)), "too_many_nested_macros");
  EXPECT_EQ(Outcome(nested(limits::kMaxComprehensionNesting + 1), RuleEnvironment(kUnchecked)),
            "too_many_nested_macros");
  EXPECT_EQ(InRules("[1].map(x, x).map(x, x).map(x, x).map(x, x).map(x, x)"), "list(int)");
}

// {x: x} names the type of x twice; 60 such steps would be a type of 2^60 parts.
TEST(CheckerTest, GivesUpOnTypesThatGrowExponentially) {
  std::string source = "true";
  for (int i = 60; i > 0; --i) {
    source = absl::StrCat("cel.bind(x", i, ", [][0], ", source, ")");
  }
  std::string equalities;
  for (int i = 1; i < 60; ++i) {
    absl::StrAppend(&equalities, "x", i, " == {x", i + 1, ": x", i + 1, "} && ");
  }
  source.insert(source.find("true"), equalities);
  EXPECT_EQ(InCel(source), "too_complex");
}

TEST(CheckerTest, ResolvesNamesButLeavesTypesOpenWhenTypesAreNotEnforced) {
  const Environment environment = RuleEnvironment(kUnchecked);
  const Checked checked = CheckText(
      "1 + 'a' || x.y || f(x) || customer.tier || line.as() || type(1) == int", environment);
  EXPECT_THAT(checked.issues, IsEmpty());
  EXPECT_EQ(checked.expr->type.ToString(), "dyn");
  const auto resolution = [&](absl::string_view source) {
    return CheckText(source, environment).expr->resolution.kind;
  };
  EXPECT_EQ(resolution("nowhere"), Resolution::Kind::kUnbound);
  EXPECT_EQ(resolution("f(1)"), Resolution::Kind::kUnbound);
  EXPECT_EQ(resolution("customer.tier"), Resolution::Kind::kSlot);
  EXPECT_EQ(resolution("int"), Resolution::Kind::kType);
}

TEST(CheckerTest, ReadsAnOptionalAttributeFromItsSlot) {
  const Checked checked = CheckText("customer.?visits_30d", RuleEnvironment());
  ASSERT_THAT(checked.issues, IsEmpty());
  EXPECT_EQ(checked.expr->type.ToString(), "optional_type(int)");
  EXPECT_EQ(checked.expr->resolution.kind, Resolution::Kind::kOptionalSlot);
  EXPECT_EQ(checked.expr->resolution.slot.index, 2);
  // Whoever collects the slots that a tree reads finds it without knowing optionals.
  EXPECT_EQ(checked.expr->children[0]->resolution.kind, Resolution::Kind::kSlot);
  EXPECT_EQ(checked.expr->children[0]->resolution.slot.index, 2);
  EXPECT_EQ(InRules("has(customer.?visits_30d.x)"), "wrong_type");
  EXPECT_EQ(InRules("customer.?visits_90d"), "unknown_name");
  EXPECT_EQ(InRules("line.?prise"), "unknown_field");
  EXPECT_EQ(FirstIssue("line.?prise").hint, "Did you mean price?");
  EXPECT_EQ(InRules("list.?beans"), "optional_type(list(string))");
}

TEST(CheckerTest, SaysWhatAnOptionalNeeds) {
  const Issue compared = FirstIssue("customer.?visits_30d > 3");
  EXPECT_EQ(compared.code, "wrong_type");
  EXPECT_EQ(compared.message, "A whole number or nothing cannot be compared with a whole number.");
  EXPECT_EQ(compared.hint, "Say what holds when there is none: x.orValue(...).");
  const Checked condition = CheckText("customer.?tier", RuleEnvironment(), kBool);
  ASSERT_EQ(condition.issues.size(), 1);
  EXPECT_EQ(condition.issues[0].code, "wrong_result_type");
  EXPECT_EQ(condition.issues[0].hint, "Say what holds when there is none: x.orValue(...).");
  EXPECT_EQ(InRules("customer.?visits_30d.orValue('a')"), "wrong_type");
  EXPECT_EQ(InRules("customer.visits_30d.orValue(1)"), "wrong_type");
  EXPECT_EQ(FirstIssue("[?customer.tier]").hint,
            "Leave the ? out, or ask with .? for something that may not be there.");
  EXPECT_EQ(FirstIssue("customer.tier.optMap(x, x)").code, "wrong_type");
  EXPECT_EQ(FirstIssue("customer.?tier.optFlatMap(x, x)").hint, "Write optMap() instead.");
  EXPECT_EQ(FirstIssue("customer.?allergies.exists(x, x == '')").hint,
            "Write .orValue([]) before the macro.");
  EXPECT_EQ(InRules("customer.?allergies.orValue([]).exists(x, x == '')"), "bool");
}

TEST(CheckerTest, LiteralsBesideOptionalAmountsAreAmounts) {
  EXPECT_EQ(InRules("customer.?spend_90d.orValue(0) < 5.00"), "bool");
  EXPECT_EQ(InRules("customer.?spend_90d.orValue(0.00)"), "money");
  EXPECT_EQ(InRules("[?customer.?spend_90d, 5.00, 7]"), "list(money)");
  EXPECT_EQ(InRules("coffee_180d > 1 && line.?quantity.orValue(0.5) > 0.25"), "bool");
  EXPECT_EQ(InRules("line.?quantity.orValue(0.1234) > 0.25"), "inexact_number");
}

TEST(CheckerTest, ExtremesTakeNumbersOrAmountsButNotBoth) {
  EXPECT_EQ(InRules("math.greatest(customer.spend_90d, 5, basket.gross)"), "money");
  EXPECT_EQ(InRules("math.least([customer.spend_90d, 5.00])"), "money");
  EXPECT_EQ(InRules("math.least(coffee_180d, 0.250)"), "decimal");
  EXPECT_EQ(InRules("math.least(coffee_180d, 0.2505)"), "inexact_number");
  EXPECT_EQ(InRules("math.greatest(customer.visits_30d, customer.score)"), "dyn");
  EXPECT_EQ(InRules("math.greatest(n_int, 1)"), "int");
  EXPECT_EQ(InRules("math.greatest(anything)"), "dyn");
  const Issue mixed = FirstIssue("math.greatest(1, customer.visits_30d, basket.gross)");
  EXPECT_EQ(mixed.code, "wrong_type");
  EXPECT_EQ(mixed.message, "math.greatest() cannot take an amount of money and a whole number.");
  EXPECT_EQ(FirstIssue("math.least('a')").message, "math.least() cannot take a text.");
  EXPECT_EQ(FirstIssue("math.least(customer.?score)").hint,
            "Say what holds when there is none: x.orValue(...).");
  EXPECT_EQ(InRules("math.least()"), "wrong_argument_count");
  EXPECT_EQ(InRules("math.least([])"), "wrong_type");
  EXPECT_EQ(InRules("math.least(nowhere, 'a')"), "unknown_name");
  EXPECT_EQ(InRules("math.abs(customer.spend_90d)"), "money");
  EXPECT_EQ(InRules("math.round(customer.visits_30d)"), "wrong_type");
}

TEST(CheckerTest, MacrosWithTwoVariablesKnowBothTypes) {
  EXPECT_EQ(InRules("customer.holdings.all(i, h, h.product == '' || i > 3)"), "bool");
  EXPECT_EQ(InRules("customer.holdings.all(i, h, i == '')"), "wrong_type");
  EXPECT_EQ(InRules("customer.notes.exists(k, v, k == v)"), "bool");
  EXPECT_EQ(InRules("customer.notes.transformMap(k, v, size(v))"), "map(string, int)");
  EXPECT_EQ(InRules("customer.allergies.transformMapEntry(i, v, {v: i})"), "map(string, int)");
  EXPECT_EQ(FirstIssue("customer.allergies.transformMapEntry(i, v, v)").hint,
            "For example: {x.sku: x.price}.");
  EXPECT_EQ(InRules("customer.notes.transformList(k, v, v, k)"), "wrong_type");
  EXPECT_EQ(InRules("customer.tier.all(i, v, true)"), "wrong_type");
}

TEST(CheckerTest, TextToFillInMustFitItsValues) {
  EXPECT_EQ(
      InRules("'%s: %d (%.1f, %b, %x)'.format([customer.tier, 3, customer.score, true, 'a'])"),
      "string");
  EXPECT_EQ(InRules("'%s %s'.format([customer.spend_90d, coffee_180d])"), "string");
  EXPECT_EQ(InRules("customer.tier.format([1, 'a'])"), "string");
  EXPECT_EQ(InRules("'%d'.format([n_int])"), "string");
  EXPECT_EQ(InRules("'%d'.format([anything])"), "string");
  const Issue kind = FirstIssue("'%s %d'.format([1, customer.tier])");
  EXPECT_EQ(kind.code, "invalid_format");
  EXPECT_EQ(kind.message, "%d takes a whole number, but this is a text.");
  EXPECT_EQ(kind.span.begin, 19);
  EXPECT_EQ(FirstIssue("'%q'.format([1])").message, "\"%q\" is no place to fill in.");
  EXPECT_EQ(FirstIssue("'100%'.format([])").code, "invalid_format");
  EXPECT_EQ(FirstIssue("'%s %s'.format([1])").message,
            "The text has 2 places to fill in, but the list has 1 value.");
  EXPECT_EQ(FirstIssue("'%s'.format([customer.?tier])").hint,
            "Say what holds when there is none: x.orValue(...).");
  EXPECT_EQ(InRules("'%.100f'.format([1.5])"), "string");
  EXPECT_EQ(InRules("'%.101f'.format([1.5])"), "invalid_format");
  EXPECT_EQ(InRules("'%s'.format(1)"), "wrong_type");
  EXPECT_EQ(InRules("format('%s', [1])"), "wrong_call_style");
  // Elsewhere a list still must not mix types.
  EXPECT_EQ(InRules("'%s'.format([[1, 'a']])"), "mixed_types");
}

TEST(CheckerTest, DeclaresEachNameOnce) {
  Environment environment = RuleEnvironment();
  EXPECT_EQ(environment.Declare({"now", kInt, Slot{}, true, {}, ""}).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(environment.Declare(ConstantDecl{"now", kInt, Value()}).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(environment.IsNamespace("customer"));
  EXPECT_FALSE(environment.IsNamespace("customer.tier"));
  EXPECT_FALSE(environment.IsNamespace("custom"));
}

TEST(CheckerTest, SurvivesAnyTreeUnderAnyPolicy) {
  for (const CheckPolicy policy : {kRulePolicy, CheckPolicy{}, kUnchecked}) {
    const Environment environment = RuleEnvironment(policy);
    for (uint64_t seed = 0; seed < 2000; ++seed) {
      SCOPED_TRACE(seed);
      std::mt19937_64 random(seed);
      const ExprPtr tree = RandomTree(random, 6);
      const Issues issues = Check(*tree, environment, std::nullopt);
      EXPECT_LE(issues.size(), limits::kMaxIssues);
      for (const Issue& issue : issues) EXPECT_FALSE(issue.message.empty());
      EXPECT_FALSE(issues.empty() && tree->type.Is(TypeKind::kParam));
    }
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
