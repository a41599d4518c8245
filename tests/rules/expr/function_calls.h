#pragma once

// Every function of the language as a call on operands of each of its signatures, and operands to
// call it on: for tests that hold something of all of them.

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/functions.h"
#include "rules/expr/plan.h"
#include "rules/expr/program.h"
#include "rules/expr/type.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

struct FunctionCall {
  Function function;
  bool receiver_style = false;
  std::vector<Type> params;

  // Over the variables t.a, t.b... as many as params.
  std::string Text() const;
  std::string ToString() const;  // the text and the types
};

// The calls of a function, by its signatures, without duplicates; their type parameters stand for
// types of every kind.
std::vector<FunctionCall> CallsOf(Function function);

// A call over variables of its types, or over variables that may be anything.
class Subject {
 public:
  enum class Operands { kTyped, kAnything };
  Subject(const FunctionCall& call, Operands operands);
  // Of any text over t.a, t.b... of such types.
  Subject(const std::string& text, const std::vector<Type>& types, Operands operands);

  const Program& program() const { return *program_; }
  // What it is planned as; whatever the node points into is gone.
  Node Root() const;
  // The value, and what it cost.
  std::string Evaluate(const std::vector<Value>& row, uint64_t steps) const;

 private:
  Environment environment_;
  ExprPtr expr_;
  std::optional<Program> program_;
};

// Values of every kind, the edges of each among them: the smallest int, NaN, -0.0, money of two
// currencies and of none, errors, text that reads as something and text that does not.
class EdgeValues {
 public:
  EdgeValues();
  EdgeValues(const EdgeValues&) = delete;
  EdgeValues& operator=(const EdgeValues&) = delete;

  const std::vector<Value>& all() const { return all_; }
  // Empty for kType.
  std::vector<Value> OfKind(Kind kind) const;
  // Three times of four a value of the kind, and half the time with elements of the type's, too;
  // else any.
  Value Choose(uint64_t choice, const Type& type) const;

 private:
  void AddNumbers();
  void AddTexts();
  void AddCollections();

  const Value held_ = Value::String("go");
  std::vector<Value> all_;
  // What the values point into.
  std::deque<std::vector<Value>> elements_;
  std::deque<std::vector<MapEntry>> entries_;
  std::deque<ListData> lists_;
  std::deque<MapData> maps_;
};

}  // namespace touchstone::rules::expr
