#include "rules/expr/printer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "rules/expr/parser.h"
#include "tests/rules/expr/random_tree.h"

namespace touchstone::rules::expr {
namespace {

std::string Canonical(absl::string_view source) {
  const ParseResult result = Parse(source);
  return result.expr == nullptr ? "does not parse" : Print(*result.expr);
}

TEST(PrinterTest, LeavesOutParenthesesThatChangeNothing) {
  EXPECT_EQ(Canonical("((a) && (b)) && (c || d)"), "a && b && (c || d)");
  EXPECT_EQ(Canonical("(1 + 2) * 3 - (4 - 5) - (6 * 7)"), "(1 + 2) * 3 - (4 - 5) - 6 * 7");
  EXPECT_EQ(Canonical("(a ? b : c) ? (d ? 1 : 2) : (e ? 3 : 4)"),
            "(a ? b : c) ? (d ? 1 : 2) : e ? 3 : 4");
  EXPECT_EQ(Canonical("(a < b) == (c in d)"), "a < b == (c in d)");
  EXPECT_EQ(Canonical("!(a) || !(a && b)"), "!a || !(a && b)");
}

TEST(PrinterTest, KeepsAMinusApartFromTheDigitsBehindIt) {
  EXPECT_EQ(Canonical("-(5)"), "-(5)");
  EXPECT_EQ(Canonical("- 5"), "-5");
  EXPECT_EQ(Canonical("- -5"), "--5");
  EXPECT_EQ(Canonical("-(5.a)"), "-(5.a)");
  EXPECT_EQ(Canonical("a - -5"), "a - -5");
  EXPECT_EQ(Canonical("-(!a)"), "-(!a)");
}

TEST(PrinterTest, WritesOneSpellingOfEachLiteral) {
  EXPECT_EQ(Canonical("'it''s'"), "does not parse");
  EXPECT_EQ(Canonical("'a\"b\\n' + r'\\d' + '''x\ny'''"), "\"a\\\"b\\n\" + \"\\\\d\" + \"x\\ny\"");
  EXPECT_EQ(Canonical("b'\\xff\\000a'"), "b\"\\xff\\x00a\"");
  EXPECT_EQ(Canonical("[10.00, .5, 7U, 0x1F, null,]"), "[10.00, 0.5, 7u, 0x1F, null]");
  EXPECT_EQ(Canonical("{'a':1,}"), "{\"a\": 1}");
}

TEST(PrinterTest, KeepsMacrosAndBackticksAsWritten) {
  EXPECT_EQ(Canonical("l.existsOne(x,x>1)"), "l.exists_one(x, x > 1)");
  EXPECT_EQ(Canonical("l.map(x,x>1,x*2).filter(y,true)"), "l.map(x, x > 1, x * 2).filter(y, true)");
  EXPECT_EQ(Canonical("has( m.`content-type` )"), "has(m.`content-type`)");
  EXPECT_EQ(Canonical("m.`plain`.`in`"), "m.plain.`in`");
  EXPECT_EQ(Canonical("cel.bind(x,1,x+1)"), "cel.bind(x, 1, x + 1)");
  EXPECT_EQ(Canonical("(a+b).size()"), "(a + b).size()");
  EXPECT_EQ(Canonical("strings.quote('a')"), "strings.quote(\"a\")");
}

TEST(PrinterTest, KeepsOptionalsAndMacrosOfTwoVariablesAsWritten) {
  EXPECT_EQ(Canonical("a . ?b.`c-d`[ ?1 ]"), "a.?b.`c-d`[?1]");
  EXPECT_EQ(Canonical("a.?`in`"), "a.?`in`");
  EXPECT_EQ(Canonical("[?a, b, ?c.?d,]"), "[?a, b, ?c.?d]");
  EXPECT_EQ(Canonical("{?'a':b, 'c':d}"), "{?\"a\": b, \"c\": d}");
  EXPECT_EQ(Canonical("[?(a ? b : c)]"), "[?a ? b : c]");
  EXPECT_EQ(Canonical("has(a.?b.c)"), "has(a.?b.c)");
  EXPECT_EQ(Canonical("a.?b.optMap(x,x+1).or(c).orValue(0)"),
            "a.?b.optMap(x, x + 1).or(c).orValue(0)");
  EXPECT_EQ(Canonical("optional . none().hasValue()"), "optional.none().hasValue()");
  EXPECT_EQ(Canonical("l.exists_one(i,v,v>i)"), "l.exists_one(i, v, v > i)");
  EXPECT_EQ(Canonical("m.transformMap(k,v,v>1,v*2)"), "m.transformMap(k, v, v > 1, v * 2)");
  EXPECT_EQ(Canonical("m.transformMapEntry(k,v,{v:k})"), "m.transformMapEntry(k, v, {v: k})");
}

TEST(PrinterTest, PrintsNumbersThatNoSourceTextCameWith) {
  Expr number;
  number.constant.kind = Constant::Kind::kDouble;
  number.constant.double_value = 3;
  EXPECT_EQ(Print(number), "3.0");
  number.constant.kind = Constant::Kind::kUint;
  number.constant.uint_value = 4;
  EXPECT_EQ(Print(number), "4u");
}

RC_GTEST_PROP(PrinterProperty, ReadsBackAsTheSameTree, ()) {
  std::mt19937_64 random(*rc::gen::resize(rc::kNominalSize, rc::gen::arbitrary<uint64_t>()));
  for (int i = 0; i < 50; ++i) {
    const ExprPtr tree = RandomTree(random, 2 + i % 6);
    const std::string text = Print(*tree);
    RC_LOG() << text << '\n';
    const ParseResult again = Parse(text);
    RC_ASSERT(again.expr != nullptr);
    RC_ASSERT(SameTree(*tree, *again.expr));
    RC_ASSERT(Print(*again.expr) == text);
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
