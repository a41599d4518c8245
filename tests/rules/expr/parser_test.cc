#include "rules/expr/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "rules/expr/printer.h"

namespace touchstone::rules::expr {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The codes found, with their spans: "syntax@3-4".
std::vector<std::string> Findings(absl::string_view source) {
  std::vector<std::string> findings;
  for (const Issue& issue : Parse(source).issues) {
    findings.push_back(absl::StrCat(issue.code, "@", issue.span.begin, "-", issue.span.end));
  }
  return findings;
}

std::string FirstCode(absl::string_view source) {
  const ParseResult result = Parse(source);
  return result.issues.empty() ? "no issue" : result.issues[0].code;
}

std::string FirstHint(absl::string_view source) {
  const ParseResult result = Parse(source);
  return result.issues.empty() ? "no issue" : result.issues[0].hint;
}

const Constant ParseConstant(absl::string_view source) {
  ParseResult result = Parse(source);
  EXPECT_TRUE(result.expr != nullptr && result.expr->kind == ExprKind::kConstant) << source;
  return result.expr == nullptr ? Constant() : result.expr->constant;
}

std::string Repeat(absl::string_view text, size_t times) {
  std::string out;
  for (size_t i = 0; i < times; ++i) absl::StrAppend(&out, text);
  return out;
}

int Height(const Expr& expr) {
  int height = 0;
  for (const ExprPtr& child : expr.children) height = std::max(height, Height(*child));
  return height + 1;
}

TEST(ParserTest, ReadsTheLeastAndTheGreatestNumbers) {
  EXPECT_EQ(ParseConstant("-9223372036854775808").int_value, INT64_MIN);
  EXPECT_EQ(ParseConstant("9223372036854775807").int_value, INT64_MAX);
  EXPECT_EQ(ParseConstant("18446744073709551615u").uint_value, UINT64_MAX);
  EXPECT_EQ(ParseConstant("-0x10").int_value, -16);
  EXPECT_EQ(ParseConstant(".5").double_value, 0.5);
  EXPECT_EQ(ParseConstant("1.5E-3").double_value, 0.0015);
  EXPECT_EQ(ParseConstant("1e-324").double_value, 0);
  EXPECT_EQ(FirstCode("9223372036854775808"), "number_out_of_range");
  EXPECT_EQ(FirstCode("-9223372036854775809"), "number_out_of_range");
  EXPECT_EQ(FirstCode("18446744073709551616u"), "number_out_of_range");
  EXPECT_EQ(FirstCode("1e400"), "number_out_of_range");
  EXPECT_EQ(FirstCode("7days"), "invalid_number");
  EXPECT_EQ(FirstCode("7."), "syntax");
}

TEST(ParserTest, KeepsTheSourceTextOfNumbers) {
  EXPECT_EQ(Parse("10.00").expr->text, "10.00");
  EXPECT_EQ(Parse("- 10.00").expr->text, "-10.00");
  EXPECT_EQ(Parse("-.50").expr->text, "-0.50");
}

TEST(ParserTest, ReadsEscapesAsCodePointsInTextsAndAsOctetsInBytes) {
  EXPECT_EQ(ParseConstant(R"('\xff\377\u00e9\U0001F431')").string_value,
            "\u00ff\u00ff\u00e9\U0001F431");
  EXPECT_EQ(ParseConstant(R"(b'\xff\377é')").string_value, "\xff\xff\u00e9");
  EXPECT_EQ(ParseConstant(R"("\a\b\f\n\r\t\v\\\?\"\'\`")").string_value, "\a\b\f\n\r\t\v\\?\"'`");
  EXPECT_EQ(ParseConstant(R"(bR"\xff\")").string_value, "\\xff\\");
}

TEST(ParserTest, TakesRawAndTripleQuotedTextsAsTheyAre) {
  EXPECT_EQ(ParseConstant(R"(r'\d+')").string_value, "\\d+");
  EXPECT_EQ(ParseConstant("'''a\n'b' \"c\"'''").string_value, "a\n'b' \"c\"");
  EXPECT_EQ(ParseConstant("\"\"\"\"\"\"").string_value, "");
}

TEST(ParserTest, RefusesWrongEscapes) {
  EXPECT_THAT(Findings(R"('ab\s')"), ElementsAre("invalid_escape@3-5"));
  EXPECT_EQ(FirstCode(R"('\ud800')"), "invalid_escape");
  EXPECT_EQ(FirstCode(R"('\U00110000')"), "invalid_escape");
  EXPECT_EQ(FirstCode(R"('\400')"), "invalid_escape");
  EXPECT_EQ(FirstCode(R"('\12')"), "invalid_escape");
  EXPECT_EQ(FirstCode(R"('\x1')"), "invalid_escape");
  EXPECT_EQ(FirstCode(R"(b'\u00e9')"), "invalid_escape");
}

TEST(ParserTest, BindsOperatorsAsTheSpecificationSays) {
  const ParseResult result = Parse("a || b && c == d + e * -f ? g : h ? i : j");
  ASSERT_NE(result.expr, nullptr);
  const Expr& choice = *result.expr;
  ASSERT_EQ(choice.function, Function::kConditional);
  EXPECT_EQ(choice.children[0]->function, Function::kOr);
  EXPECT_EQ(choice.children[0]->children[1]->function, Function::kAnd);
  EXPECT_EQ(choice.children[2]->function, Function::kConditional);
  const Expr& equal = *choice.children[0]->children[1]->children[1];
  EXPECT_EQ(equal.function, Function::kEqual);
  EXPECT_EQ(equal.children[1]->function, Function::kAdd);
  EXPECT_EQ(equal.children[1]->children[1]->children[1]->function, Function::kNegate);
  EXPECT_EQ(FirstCode("a ? b ? c : d : e"), "syntax");
  EXPECT_EQ(FirstCode("-!a"), "syntax");
}

TEST(ParserTest, LetsReservedWordsBeFieldsAndMethodsButNotNames) {
  EXPECT_NE(Parse("{'while': 1}.while").expr, nullptr);
  EXPECT_NE(Parse("a.return()").expr, nullptr);
  EXPECT_EQ(FirstCode("while"), "reserved_word");
  EXPECT_EQ(FirstCode("import(a)"), "reserved_word");
  EXPECT_EQ(FirstCode("a.in"), "syntax");
  EXPECT_NE(Parse("a.`in`").expr, nullptr);
}

TEST(ParserTest, AllowsATrailingCommaInListsAndMapsOnly) {
  EXPECT_NE(Parse("[1, 2,]").expr, nullptr);
  EXPECT_NE(Parse("{1: 2,}").expr, nullptr);
  EXPECT_EQ(FirstCode("size(a,)"), "syntax");
  EXPECT_EQ(FirstCode("[,]"), "syntax");
}

TEST(ParserTest, SkipsCommentsUpToTheEndOfTheLineOrText) {
  EXPECT_EQ(Print(*Parse("a // yes\n && b // no").expr), "a && b");
}

TEST(ParserTest, RecognisesMacros) {
  const ParseResult three = Parse("l.map(x, x > 1, x * 2)");
  ASSERT_NE(three.expr, nullptr);
  EXPECT_EQ(three.expr->kind, ExprKind::kComprehension);
  EXPECT_EQ(three.expr->macro, Macro::kMap);
  EXPECT_THAT(three.expr->variables, ElementsAre("x"));
  EXPECT_EQ(three.expr->children.size(), 3);

  const ParseResult presence = Parse("has(a.b.c)");
  ASSERT_NE(presence.expr, nullptr);
  EXPECT_TRUE(presence.expr->test_only);
  EXPECT_EQ(presence.expr->name, "c");
  EXPECT_FALSE(presence.expr->children[0]->test_only);

  EXPECT_EQ(Parse("cel.bind(x, 1, x)").expr->kind, ExprKind::kBind);
  EXPECT_EQ(Parse("existsOne(a)").expr->function, Function::kUnknown);
}

TEST(ParserTest, RefusesMisusedMacros) {
  EXPECT_EQ(FirstCode("has(a)"), "invalid_has");
  EXPECT_EQ(FirstCode("has(a['b'])"), "invalid_has");
  EXPECT_EQ(FirstCode("l.all(x.y, true)"), "invalid_macro_variable");
  EXPECT_EQ(FirstCode("l.all(.x, true)"), "invalid_macro_variable");
  EXPECT_EQ(FirstCode("l.filter(x)"), "invalid_macro");
}

TEST(ParserTest, NamesWhatItDoesNotSupport) {
  EXPECT_THAT(Findings("a.B{c: 1} && d"), ElementsAre("unsupported_syntax@3-4"));
}

TEST(ParserTest, ReadsOptionalAccessAndEntries) {
  const ParseResult select = Parse("a.?b.c");
  ASSERT_NE(select.expr, nullptr);
  EXPECT_FALSE(select.expr->optional_access);
  EXPECT_TRUE(select.expr->children[0]->optional_access);

  EXPECT_EQ(Parse("a[?b]").expr->function, Function::kOptionalIndex);

  const ParseResult list = Parse("[?a, b]");
  ASSERT_NE(list.expr, nullptr);
  EXPECT_TRUE(list.expr->children[0]->optional_entry);
  EXPECT_FALSE(list.expr->children[1]->optional_entry);

  const ParseResult map = Parse("{'k': v, ?'l': w}");
  ASSERT_NE(map.expr, nullptr);
  EXPECT_FALSE(map.expr->children[0]->optional_entry);
  EXPECT_TRUE(map.expr->children[2]->optional_entry);

  EXPECT_TRUE(Parse("has(a.?b.c)").expr->test_only);
}

TEST(ParserTest, RefusesMisplacedQuestionMarks) {
  EXPECT_EQ(FirstCode("a.?b()"), "syntax");
  EXPECT_EQ(FirstCode("a.?"), "syntax");
  EXPECT_EQ(FirstCode("a[?]"), "syntax");
  EXPECT_EQ(FirstCode("[??a]"), "syntax");
  EXPECT_EQ(FirstCode("size(?a)"), "syntax");
  EXPECT_EQ(FirstCode("has(a.?b)"), "invalid_has");
  EXPECT_THAT(FirstHint("has(a.?b)"), HasSubstr(".hasValue()"));
}

TEST(ParserTest, ReadsMacrosWithTwoVariables) {
  const ParseResult all = Parse("l.all(i, v, v > i)");
  ASSERT_NE(all.expr, nullptr);
  EXPECT_EQ(all.expr->macro, Macro::kAll);
  EXPECT_THAT(all.expr->variables, ElementsAre("i", "v"));
  EXPECT_EQ(all.expr->children.size(), 2);
  EXPECT_EQ(Parse("l.existsOne(i, v, v > i)").expr->macro, Macro::kExistsOne);
  EXPECT_EQ(Parse("l.transformList(i, v, v)").expr->macro, Macro::kTransformList);
  EXPECT_EQ(Parse("l.transformMap(i, v, v > 1, v)").expr->children.size(), 3);
  EXPECT_EQ(Parse("l.transformMapEntry(i, v, {v: i})").expr->macro, Macro::kTransformEntries);
  // map and filter have one variable: the middle is a condition here.
  EXPECT_THAT(Parse("l.map(x, y, z)").expr->variables, ElementsAre("x"));

  EXPECT_EQ(FirstCode("l.exists(i, i, i > 1)"), "invalid_macro_variable");
  EXPECT_EQ(FirstCode("l.exists(i, v.w, true)"), "invalid_macro_variable");
  EXPECT_EQ(FirstCode("l.transformList(i, v)"), "invalid_macro");
  EXPECT_EQ(FirstCode("l.transformMap(i, v, true, v, v)"), "invalid_macro");
  EXPECT_EQ(FirstCode("l.filter(i, v, true)"), "invalid_macro");
}

TEST(ParserTest, ReadsMacrosOverOptionals) {
  EXPECT_EQ(Parse("a.optMap(x, x + 1)").expr->macro, Macro::kOptMap);
  EXPECT_EQ(Parse("a.optFlatMap(x, x.?b)").expr->macro, Macro::kOptFlatMap);
  EXPECT_EQ(FirstCode("a.optMap(x)"), "invalid_macro");
  EXPECT_EQ(FirstCode("a.optMap(1, 2)"), "invalid_macro_variable");
}

TEST(ParserTest, TellsWhatToWriteInstead) {
  EXPECT_THAT(FirstHint("a = 1"), HasSubstr("Write == to compare"));
  EXPECT_THAT(FirstHint("a & b"), HasSubstr("&&"));
  EXPECT_THAT(FirstHint("a <> b"), HasSubstr("!="));
  EXPECT_THAT(FirstHint("a and b"), HasSubstr("&&"));
  EXPECT_THAT(FirstHint("a contains 'x'"), HasSubstr("name.contains"));
  EXPECT_THAT(FirstHint("a > 20%"), HasSubstr("0.2"));
  EXPECT_THAT(FirstHint("a == \u201Cgold\u201D"), HasSubstr("straight quotes"));
  EXPECT_THAT(FirstHint("a == 'gold"), HasSubstr("Add '"));
  EXPECT_THAT(FirstHint("a >= 5.00 EUR"), HasSubstr("amount alone"));
}

TEST(ParserTest, FindsSeveralMistakesAtOnce) {
  EXPECT_THAT(Findings("a = 1 && b == && c in [1, , 2] && (d"),
              ElementsAre("unknown_character@2-3", "syntax@14-16", "syntax@26-27", "syntax@36-36"));
}

TEST(ParserTest, ReportsNoMoreThanTheLimitOfFindings) {
  EXPECT_EQ(Parse(Repeat("= && ", 200)).issues.size(), limits::kMaxIssues);
  EXPECT_EQ(Parse(Repeat("a a && ", 200)).issues.size(), limits::kMaxIssues);
  EXPECT_EQ(Parse(Repeat("'\\s' && ", 200)).issues.size(), limits::kMaxIssues);
}

TEST(ParserTest, SpansPointAtTheSource) {
  const ParseResult result = Parse("(ab + c) * has(d.e)");
  ASSERT_NE(result.expr, nullptr);
  EXPECT_EQ(result.expr->span.end, 19);
  EXPECT_EQ(result.expr->children[0]->span.end, 8);
  EXPECT_EQ(result.expr->children[0]->children[0]->span.begin, 1);
  EXPECT_EQ(result.expr->children[1]->span.begin, 11);
}

TEST(ParserTest, BuildsLongChainsAsBalancedTrees) {
  for (const absl::string_view op : {" && ", " || "}) {
    std::vector<std::string> terms;
    for (int i = 0; i < 5000; ++i) terms.push_back(absl::StrCat("a", i));
    const std::string source = absl::StrJoin(terms, op);
    const ParseResult result = Parse(source);
    ASSERT_NE(result.expr, nullptr);
    EXPECT_EQ(Height(*result.expr), 14);
    EXPECT_EQ(Print(*result.expr), source);
  }
}

TEST(ParserTest, AllowsNestingUpToTheLimit) {
  const auto nested = [](size_t n) { return absl::StrCat(Repeat("(", n), "a", Repeat(")", n)); };
  EXPECT_NE(Parse(nested(limits::kMaxDepth - 1)).expr, nullptr);
  EXPECT_EQ(FirstCode(nested(limits::kMaxDepth)), "too_deep");

  const auto sum = [](size_t terms) { return absl::StrCat(Repeat("1 + ", terms - 1), "1"); };
  EXPECT_NE(Parse(sum(limits::kMaxDepth)).expr, nullptr);
  EXPECT_EQ(FirstCode(sum(limits::kMaxDepth + 1)), "too_deep");

  const auto not_not = [](size_t n) { return absl::StrCat(Repeat("!", n), "a"); };
  EXPECT_NE(Parse(not_not(limits::kMaxDepth - 1)).expr, nullptr);
  EXPECT_EQ(FirstCode(not_not(limits::kMaxDepth)), "too_deep");
}

TEST(ParserTest, AllowsListLiteralsUpToTheLimit) {
  const auto list = [](size_t n) { return absl::StrCat("[", Repeat("1,", n), "]"); };
  EXPECT_NE(Parse(list(limits::kMaxListElements)).expr, nullptr);
  EXPECT_EQ(FirstCode(list(limits::kMaxListElements + 1)), "too_many_elements");
}

TEST(ParserTest, AllowsTextUpToTheLimit) {
  const auto text = [](size_t n) { return absl::StrCat("'", Repeat("a", n - 2), "'"); };
  EXPECT_NE(Parse(text(limits::kMaxSourceBytes)).expr, nullptr);
  EXPECT_EQ(FirstCode(text(limits::kMaxSourceBytes + 1)), "too_long");
}

TEST(ParserTest, SurvivesHostileTexts) {
  EXPECT_EQ(FirstCode(Repeat("(", 5000)), "too_deep");
  EXPECT_EQ(FirstCode(Repeat("(", 1 << 20)), "too_long");
  EXPECT_EQ(FirstCode(Repeat("[", 90'000)), "too_deep");
  EXPECT_EQ(FirstCode(Repeat("a ? b : ", 10'000)), "too_deep");
  EXPECT_EQ(FirstCode(absl::StrCat("a", Repeat(".b", 40'000))), "too_deep");
  EXPECT_EQ(FirstCode(absl::StrCat("a", Repeat("[0]", 30'000))), "too_deep");
  EXPECT_EQ(FirstCode(absl::StrCat("a", Repeat(".f()", 20'000))), "too_deep");
  EXPECT_EQ(FirstCode(Repeat("-!", 40'000)), "syntax");
  EXPECT_EQ(FirstCode(Repeat("{", 90'000)), "too_deep");
  EXPECT_EQ(FirstCode(Repeat(")", 90'000)), "syntax");
  EXPECT_EQ(FirstCode("'a\xff'"), "invalid_utf8");
  EXPECT_EQ(FirstCode("'\xed\xa0\x80'"), "invalid_utf8");
  EXPECT_EQ(FirstCode("'\xc0\x80'"), "invalid_utf8");
  EXPECT_EQ(FirstCode(""), "empty");
  EXPECT_EQ(FirstCode("  // nothing"), "empty");
  EXPECT_EQ(FirstCode(std::string("a\0b", 3)), "unknown_character");
}

RC_GTEST_PROP(ParserProperty, GivesATreeOrAFindingForAnyBytes, (const std::string& text)) {
  const ParseResult result = Parse(text);
  RC_ASSERT((result.expr == nullptr) == !result.issues.empty());
}

RC_GTEST_PROP(ParserProperty, GivesATreeOrFindingsWithinTheTextForAnyTokens, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", "1", "'s'", "(", ")", "[", "]", "{", "}", ".", ",", ":", "?", "!", "-", "+", "*",
      "==", "<", "in", "&&", "||", "has(a.b)", ".all(x,", "=", "`b`", "1.5", "b'", "\n", "%"));
  const std::string text = absl::StrJoin(pieces, " ");
  const ParseResult result = Parse(text);
  RC_ASSERT((result.expr == nullptr) == !result.issues.empty());
  for (const Issue& issue : result.issues) {
    RC_ASSERT(issue.span.begin <= issue.span.end);
    RC_ASSERT(issue.span.end <= text.size());
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
