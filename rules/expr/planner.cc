#include "rules/expr/planner.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/expr/amounts.h"
#include "rules/expr/evaluator.h"
#include "rules/expr/macro_syntax.h"

namespace touchstone::rules::expr {
namespace {

// For all folding of one program, which also bounds its memory; what does not fit is computed at
// run time instead.
constexpr uint64_t kFoldingSteps = limits::kDefaultStepLimit;

Op OpOf(Macro macro) {
  switch (macro) {
    case Macro::kAll:
      return Op::kAll;
    case Macro::kExists:
      return Op::kExists;
    case Macro::kExistsOne:
      return Op::kExistsOne;
    case Macro::kMap:
    case Macro::kTransformList:
      return Op::kTransform;
    case Macro::kTransformMap:
      return Op::kTransformMap;
    case Macro::kTransformEntries:
      return Op::kTransformEntries;
    case Macro::kFilter:
      return Op::kFilter;
    case Macro::kOptMap:
    case Macro::kOptFlatMap:
      break;
  }
  return Op::kOptionalTransform;
}

}  // namespace

Planner::Planner(const Environment& environment, EvaluationPlan& plan)
    : environment_(environment), plan_(plan) {
  plan_.constants.Reset(kFoldingSteps);
}

absl::Status Planner::Plan(const Expr& root) {
  plan_.root = Visit(root).node;
  plan_.root_node = plan_.nodes[plan_.root];
  const auto before = [](Slot a, Slot b) {
    return std::pair(a.row, a.index) < std::pair(b.row, b.index);
  };
  std::sort(plan_.slots.begin(), plan_.slots.end(), before);
  plan_.slots.erase(std::unique(plan_.slots.begin(), plan_.slots.end()), plan_.slots.end());
  return status_;
}

uint32_t Planner::Append(const Node& node) {
  plan_.nodes.push_back(node);
  return static_cast<uint32_t>(plan_.nodes.size() - 1);
}

Planner::Part Planner::AddConstant(const Value& value) {
  Node node;
  node.constant = value;
  return Part{Append(node), value.IsError(), UINT32_MAX};
}

Planner::Part Planner::AddSlot(Op op, Slot slot) {
  plan_.slots.push_back(slot);
  Node node;
  node.op = op;
  node.detail = slot.row;
  node.small = slot.index;
  return Part{Append(node), true, UINT32_MAX};
}

Planner::Part Planner::AddOver(const Node& node, Parts parts) {
  Part whole;
  for (const Part& part : parts) {
    whole.varies = whole.varies || part.varies;
    whole.lowest_local = std::min(whole.lowest_local, part.lowest_local);
  }
  whole.node = Append(node);
  return whole;
}

Planner::Part Planner::AddOverArguments(Node node, Parts parts) {
  node.first = static_cast<uint32_t>(plan_.arguments.size());
  node.third = static_cast<uint32_t>(parts.size());
  for (const Part& part : parts) plan_.arguments.push_back(part.node);
  return AddOver(node, parts);
}

Planner::Part Planner::Fuse(const Part& part, const Node& operation) {
  const Node slot = NodeOf(part);
  Node fused = operation;
  fused.detail = slot.detail;
  fused.small = slot.small;
  plan_.nodes.resize(part.node);
  return Part{Append(fused), true, UINT32_MAX};
}

void Planner::Fail(const Expr& expr, const std::string& message) {
  if (!status_.ok()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat("at ", expr.span.begin, "-", expr.span.end, ": ", message));
}

uint16_t Planner::OpenScope(size_t variables) {
  const uint16_t index = locals_in_scope_;
  locals_in_scope_ += static_cast<uint16_t>(variables);
  plan_.locals = std::max(plan_.locals, locals_in_scope_);
  return index;
}

Planner::Part Planner::Visit(const Expr& expr) {
  const size_t begin = plan_.nodes.size();
  if (!status_.ok()) return AddConstant(Value::Absent());
  Part part = VisitNode(expr);
  Fold(begin, part);
  return part;
}

void Planner::Fold(size_t begin, Part& part) {
  const bool free = part.lowest_local < locals_in_scope_;
  if (part.varies || free || Is(part, Op::kConstant) || !status_.ok()) return;
  folding_locals_.resize(plan_.locals);
  const Frame frame;
  Evaluation evaluation{frame, plan_.constants, folding_locals_.data()};
  const Value value = Run(plan_, part.node, evaluation);
  if (value.IsError() || evaluation.exhausted) {
    // It stays an error of the run, which && and || may still absorb.
    part.varies = true;
    return;
  }
  plan_.nodes.resize(begin);
  part = AddConstant(value);
}

Planner::Part Planner::VisitNode(const Expr& expr) {
  if (expr.resolution.kind == Resolution::Kind::kUnbound) {
    return AddConstant(Value::Error(ErrorCode::kUnboundName));
  }
  switch (expr.kind) {
    case ExprKind::kConstant:
      return VisitLiteral(expr);
    case ExprKind::kIdent:
      return VisitName(expr);
    case ExprKind::kSelect:
      return VisitSelect(expr);
    case ExprKind::kCall:
      return VisitCall(expr);
    case ExprKind::kList:
    case ExprKind::kMap:
      return VisitConstruction(expr);
    case ExprKind::kComprehension:
      return VisitComprehension(expr);
    case ExprKind::kBind:
      return VisitBind(expr);
  }
  return AddConstant(NoOverload());
}

std::optional<ExactNumber> Planner::ExactOf(const Expr& literal) {
  const absl::StatusOr<ExactNumber> number = ParseExactNumber(literal.text);
  if (number.ok()) return *number;
  Fail(literal, absl::StrCat("'", literal.text,
                             "' cannot be read as an exact amount: write digits and at most ",
                             kMaxExactScale, " decimals, without an exponent"));
  return std::nullopt;
}

Planner::Part Planner::VisitLiteral(const Expr& expr) {
  if (IsExactLiteral(expr)) {
    const std::optional<ExactNumber> number = ExactOf(expr);
    if (!number.has_value()) return AddConstant(Value::Absent());
    return AddConstant(expr.type.Is(TypeKind::kMoney) ? ExactAsBareMoney(*number)
                                                      : ExactAsDecimal(*number));
  }
  const Constant& literal = expr.constant;
  switch (literal.kind) {
    case Constant::Kind::kNull:
      return AddConstant(Value::Null());
    case Constant::Kind::kBool:
      return AddConstant(Value::Bool(literal.bool_value));
    case Constant::Kind::kInt:
      return AddConstant(Value::Int(literal.int_value));
    case Constant::Kind::kUint:
      return AddConstant(Value::Uint(literal.uint_value));
    case Constant::Kind::kDouble:
      return AddConstant(Value::Double(literal.double_value));
    case Constant::Kind::kString:
      return AddConstant(Value::String(plan_.constants.arena().Copy(literal.string_value)));
    case Constant::Kind::kBytes:
      return AddConstant(Value::Bytes(plan_.constants.arena().Copy(literal.string_value)));
  }
  return AddConstant(NoOverload());
}

// An identifier, or a select that is part of a dotted name.
Planner::Part Planner::VisitName(const Expr& expr) {
  const Resolution& resolution = expr.resolution;
  switch (resolution.kind) {
    case Resolution::Kind::kSlot:
      return AddSlot(expr.test_only ? Op::kHasSlot : Op::kSlot, resolution.slot);
    case Resolution::Kind::kOptionalSlot:
      return AddSlot(Op::kOptionalSlot, resolution.slot);
    case Resolution::Kind::kConstant: {
      if (expr.test_only) return AddConstant(Value::Bool(true));
      const Value& value = environment_.constants()[resolution.constant_index].value;
      if (!HasOptionalDot(expr)) return AddConstant(value);
      return AddConstant(Value::Optional(&value));
    }
    case Resolution::Kind::kType:
      plan_.types.push_back(expr.type.param(0));
      return AddConstant(Value::OfType(&plan_.types.back()));
    case Resolution::Kind::kLocal: {
      Node node;
      node.op = Op::kLocal;
      node.small = resolution.local_index;
      return Part{Append(node), false, resolution.local_index};
    }
    case Resolution::Kind::kNone:
    case Resolution::Kind::kField:
    case Resolution::Kind::kUnbound:
      break;
  }
  return AddConstant(Value::Error(ErrorCode::kUnboundName));
}

Planner::Part Planner::VisitSelect(const Expr& expr) {
  const Resolution::Kind kind = expr.resolution.kind;
  if (kind != Resolution::Kind::kNone && kind != Resolution::Kind::kField) return VisitName(expr);
  const Part operand = Visit(*expr.children[0]);
  Node node;
  node.first = operand.node;
  if (kind == Resolution::Kind::kField) {
    node.op = expr.test_only         ? Op::kHasField
              : expr.optional_access ? Op::kOptionalField
                                     : Op::kField;
    node.small = expr.resolution.field_index;
    if (node.op == Op::kField && Is(operand, Op::kLocal)) {
      node.op = Op::kLocalField;
      node.second = NodeOf(operand).small;
    }
  } else {
    node.op = expr.test_only         ? Op::kHasKey
              : expr.optional_access ? Op::kOptionalSelect
                                     : Op::kSelect;
    node.constant = Value::String(plan_.constants.arena().Copy(expr.name));
  }
  return AddOver(node, {operand});
}

Planner::Part Planner::VisitConstruction(const Expr& expr) {
  const bool map = expr.kind == ExprKind::kMap;
  std::vector<Part> parts;
  bool optional = false;
  for (const ExprPtr& child : expr.children) {
    parts.push_back(Visit(*child));
    optional = optional || child->optional_entry;
  }
  Node node;
  node.op = optional ? (map ? Op::kOptionalMap : Op::kOptionalList) : (map ? Op::kMap : Op::kList);
  const Part whole = AddOverArguments(node, parts);
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!expr.children[i]->optional_entry) continue;
    plan_.arguments[NodeOf(whole).first + i] |= kOptionalEntry;
  }
  return whole;
}

Planner::Part Planner::VisitComprehension(const Expr& expr) {
  if (expr.macro == Macro::kOptMap || expr.macro == Macro::kOptFlatMap) {
    return VisitOptionalMacro(expr);
  }
  std::vector<Part> parts = {Visit(*expr.children[0])};
  const size_t body = plan_.nodes.size();
  const uint16_t local = OpenScope(expr.variables.size());
  for (size_t i = 1; i < expr.children.size(); ++i) parts.push_back(Visit(*expr.children[i]));
  CloseScope(expr.variables.size());
  Node node;
  node.op = OpOf(expr.macro);
  node.detail = static_cast<uint8_t>(expr.variables.size());
  node.small = local;
  // A turn visits each node of the body at most once; loops inside it pay for themselves.
  node.constant = Value::Int(static_cast<int64_t>(plan_.nodes.size() - body));
  node.first = parts[0].node;
  node.second = parts[1].node;
  if (node.op >= Op::kTransform && node.op <= Op::kTransformEntries) {
    if (parts.size() == 2) node.second = kNoNode;
    node.third = parts.back().node;
  }
  Part whole = AddOver(node, parts);
  // Its own variable is bound inside.
  if (whole.lowest_local >= local) whole.lowest_local = UINT32_MAX;
  return whole;
}

Planner::Part Planner::AddBinding(Op op, const Expr& expr) {
  const Part value = Visit(*expr.children[0]);
  const uint16_t local = OpenScope(1);
  const Part body = Visit(*expr.children[1]);
  CloseScope(1);
  Node node;
  node.op = op;
  node.small = local;
  node.first = value.node;
  node.second = body.node;
  Part whole = AddOver(node, {value, body});
  if (whole.lowest_local >= local) whole.lowest_local = UINT32_MAX;
  return whole;
}

Planner::Part Planner::VisitBind(const Expr& expr) { return AddBinding(Op::kBind, expr); }

Planner::Part Planner::VisitOptionalMacro(const Expr& expr) {
  const Part whole = AddBinding(Op::kOptionalTransform, expr);
  NodeOf(whole).detail = expr.macro == Macro::kOptFlatMap ? 1 : 0;
  return whole;
}

}  // namespace touchstone::rules::expr
