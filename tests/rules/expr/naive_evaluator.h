#pragma once

// The slow truth beside the planned evaluator: walks the checked tree and does what CEL says, step
// by step, without plans, folding, sets or budgets. It shares values with the evaluator, and
// nothing else: names are looked up by spelling, comparisons and arithmetic are written again.
// It covers what the property test generates, not the whole language.

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "rules/expr/ast.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

class NaiveEvaluator {
 public:
  explicit NaiveEvaluator(std::map<std::string, Value> variables)
      : variables_(std::move(variables)) {}

  Value Evaluate(const Expr& expr);

 private:
  Value EvaluateName(const std::string& name);
  Value EvaluateLogic(const Expr& expr);
  Value EvaluateExtreme(const Expr& expr);
  Value EvaluateCall(const Expr& expr);
  Value EvaluateOperator(Function function, const Value& a, const Value& b);
  Value EvaluateComprehension(const Expr& expr);
  Value EvaluateOptional(const Expr& expr, const Value& first);
  Value EvaluateOptMap(const Expr& expr, const Value& optional);
  Value Some(const Value& value);
  Value Concatenate(const Value& a, const Value& b);
  Value NewList(std::vector<Value> elements);
  Value NewString(std::string text);

  std::map<std::string, Value> variables_;
  std::deque<std::string> strings_;
  std::deque<std::vector<Value>> elements_;
  std::deque<ListData> lists_;
  std::deque<Value> held_;  // by optionals
};

}  // namespace touchstone::rules::expr
