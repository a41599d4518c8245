// What any input gets, whatever it is: an answer within the limits of ast.h. The limits of syntax
// and of macros are tested beside the parser and the checker, those of patterns beside Program.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/expr/program.h"

namespace touchstone::rules::expr {
namespace {

std::string CodeOf(const std::string& text) {
  const ParseResult parsed = Parse(text);
  if (parsed.expr == nullptr) return parsed.issues[0].code;
  const Issues issues = Check(*parsed.expr, Environment(), std::nullopt);
  return issues.empty() ? "" : issues[0].code;
}

std::string ValueOf(const std::string& text) {
  const ParseResult parsed = Parse(text);
  EXPECT_NE(parsed.expr, nullptr) << text;
  const Environment environment;
  EXPECT_TRUE(Check(*parsed.expr, environment, std::nullopt).empty()) << text;
  const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment);
  EXPECT_TRUE(program.ok()) << text;
  Scratch scratch;
  return DebugString(program->Evaluate(Frame(), scratch));
}

TEST(LimitsTest, AnEvaluationHasTheDefaultStepsUnlessOthersAreGiven) {
  Scratch scratch;
  EXPECT_EQ(scratch.steps_left(), limits::kDefaultStepLimit);
  EXPECT_TRUE(scratch.Spend(limits::kDefaultStepLimit));
  EXPECT_FALSE(scratch.Spend(1));
  scratch.Reset();
  EXPECT_FALSE(scratch.Spend(limits::kDefaultStepLimit + 1));
}

TEST(LimitsTest, APatternThatOthersBacktrackInEndsAtOnce) {
  const std::string text(5'000, 'a');
  EXPECT_EQ(ValueOf("'" + text + "!'.matches('^(a+)+$')"), "false");
  EXPECT_EQ(ValueOf("'" + text + "!'.matches('^(a|aa)*(b|a)*$')"), "false");
}

TEST(LimitsTest, ArithmeticThatLeavesItsRangeIsAnErrorValue) {
  EXPECT_EQ(ValueOf("9223372036854775807 + 1"), "error: overflow");
  EXPECT_EQ(ValueOf("-(-9223372036854775808)"), "error: overflow");
  EXPECT_EQ(ValueOf("-9223372036854775808 / -1"), "error: overflow");
  EXPECT_EQ(ValueOf("3037000500 * 3037000500"), "error: overflow");
  EXPECT_EQ(ValueOf("0u - 1u"), "error: overflow");
  EXPECT_EQ(ValueOf("1 / 0"), "error: divide_by_zero");
  EXPECT_EQ(ValueOf("1 % 0"), "error: divide_by_zero");
}

TEST(LimitsTest, WhatDoesNotExistOrTakesOtherArgumentsIsNamedBeforeItRuns) {
  EXPECT_EQ(CodeOf("nothing(1)"), "unknown_function");
  EXPECT_EQ(CodeOf("'a'.nothing()"), "unknown_function");
  EXPECT_EQ(CodeOf("size('a', 'b')"), "wrong_argument_count");
  EXPECT_EQ(CodeOf("'a'.startsWith()"), "wrong_argument_count");
  EXPECT_EQ(CodeOf("startsWith('a', 'b')"), "wrong_call_style");
  EXPECT_EQ(CodeOf("[1].all(x)"), "invalid_macro");
}

// A list that doubles with every turn: the steps end before the memory does.
TEST(LimitsTest, GrowthEndsWithTheSteps) {
  std::string text = "[1, 2, 3, 4, 5, 6, 7, 8]";
  for (int i = 0; i < 18; ++i)
    text = "cel.bind(x" + std::to_string(i) + ", " + text + ", x" + std::to_string(i) + " + x" +
           std::to_string(i) + ")";
  EXPECT_EQ(ValueOf("size(" + text + ")"), "error: step_limit");
}

}  // namespace
}  // namespace touchstone::rules::expr
