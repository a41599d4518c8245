#pragma once

// From a checked tree to a plan: picks an operation for every node, folds what is constant, hashes
// constant lists, compiles constant patterns, loads constant zones. Internal to the evaluator.
// Use: one Planner, one Plan call. Not thread safe.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "rules/expr/ast.h"
#include "rules/expr/comparison.h"
#include "rules/expr/environment.h"
#include "rules/expr/plan.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {

class Planner {
 public:
  // Writes into `plan`, which must be new. Both must outlive the planner.
  Planner(const Environment& environment, EvaluationPlan& plan);

  // InvalidArgument as Program::Compile says; the plan is useless then.
  absl::Status Plan(const Expr& root);

 private:
  // A planned subtree. What neither varies nor reads a variable bound outside it can be folded.
  struct Part {
    uint32_t node = 0;
    bool varies = false;  // reads facts, or failed when it was folded
    uint32_t lowest_local = UINT32_MAX;
  };
  using Parts = absl::Span<const Part>;

  // planner.cc: the shape of the tree.
  Part Visit(const Expr& expr);
  Part VisitNode(const Expr& expr);
  Part VisitLiteral(const Expr& expr);
  Part VisitName(const Expr& expr);
  Part VisitSelect(const Expr& expr);
  Part VisitConstruction(const Expr& expr);
  Part VisitComprehension(const Expr& expr);
  Part VisitBind(const Expr& expr);
  Part VisitOptionalMacro(const Expr& expr);
  // A node that binds one variable in its second operand.
  Part AddBinding(Op op, const Expr& expr);
  // planner_calls.cc: the operation for each function.
  Part VisitCall(const Expr& expr);
  Part VisitAnyCall(const Expr& expr);
  // A call of expr's function over its operands: a typed operation where their types are known.
  Part AddCall(const Expr& expr, Parts operands);
  Part AddCall(Function function, OperandKinds kinds, Parts operands);
  Part VisitLogic(const Expr& expr);
  Part VisitConditional(const Expr& expr);
  Part VisitComparison(const Expr& expr);
  Part VisitExactComparison(Relation relation, const Expr& value, const Expr& literal);
  Part VisitOrElse(const Expr& expr);
  Part VisitExtreme(const Expr& expr);
  Part VisitIn(const Expr& expr);
  Part VisitIndex(const Expr& expr);
  // REQUIRES: the map is a constant one.
  Part AddFindInMap(Function function, const Part& key, const Part& map);
  Part AddHoldsText(const Part& element, const Part& container);
  Part VisitTextTest(const Expr& expr);
  Part VisitMatches(const Expr& expr);
  Part VisitCalendarPart(const Expr& expr);

  uint32_t Append(const Node& node);
  Part AddConstant(const Value& value);
  Part AddSlot(Op op, Slot slot);
  // Adds a node over parts already planned, or one whose args they are.
  Part AddOver(const Node& node, Parts parts);
  Part AddOverArguments(Node node, Parts parts);
  // Turns the slot node of `part` into an operation on that slot; later nodes are dropped.
  Part Fuse(const Part& part, const Node& operation);
  std::optional<Part> FuseComparison(Relation relation, const Part& slot, const Part& constant);
  // Replaces a part by its value, when it always has one.
  void Fold(size_t begin, Part& part);

  Node& NodeOf(const Part& part) { return plan_.nodes[part.node]; }
  bool Is(const Part& part, Op op) { return NodeOf(part).op == op; }
  // Whether the part is a constant of this kind.
  bool IsConstant(const Part& part, Kind kind) {
    return Is(part, Op::kConstant) && NodeOf(part).constant.kind() == kind;
  }
  static bool IsExactLiteral(const Expr& expr) {
    return expr.kind == ExprKind::kConstant && expr.exact_literal &&
           (expr.type.Is(TypeKind::kMoney) || expr.type.Is(TypeKind::kDecimal));
  }
  std::optional<ExactNumber> ExactOf(const Expr& literal);
  // Makes room for variables; the local index of the first.
  uint16_t OpenScope(size_t variables);
  void CloseScope(size_t variables) { locals_in_scope_ -= static_cast<uint16_t>(variables); }
  // The first failure is kept.
  void Fail(const Expr& expr, const std::string& message);

  const Environment& environment_;
  EvaluationPlan& plan_;
  absl::Status status_;
  uint16_t locals_in_scope_ = 0;
  std::vector<Value> folding_locals_;
};

}  // namespace touchstone::rules::expr
