// The operation for each function: fast ones where an operand is a slot or a constant.

#include <array>

#include "absl/strings/str_cat.h"
#include "rules/expr/amounts.h"
#include "rules/expr/evaluation.h"
#include "rules/expr/planner.h"
#include "rules/expr/timestamps.h"

namespace touchstone::rules::expr {
namespace {

// A string this short is compared in about the time of a visit, so kSlotEqualString need not be
// charged for it.
constexpr size_t kMaxUnchargedBytes = 256;

// The operands of a tree of one associative operator, in order as written.
void Flatten(const Expr& expr, std::vector<const Expr*>& operands) {
  for (const ExprPtr& child : expr.children) {
    if (child->kind == ExprKind::kCall && child->function == expr.function) {
      Flatten(*child, operands);
    } else {
      operands.push_back(child.get());
    }
  }
}

OperandKinds KindsOfTypes(absl::Span<const ExprPtr> operands) {
  OperandKinds known;
  if (operands.empty() || operands.size() > kMaxOperands) return known;
  uint32_t kinds = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    const std::optional<Kind> kind = KindOf(operands[i]->type);
    if (!kind.has_value()) return known;
    kinds |= KindsOf(*kind) << 8 * i;
  }
  known.kinds = kinds;
  const Type& first = operands[0]->type;
  if (first.Is(TypeKind::kList) || first.Is(TypeKind::kMap) || first.Is(TypeKind::kOptional)) {
    known.element = KindOf(first.param(0)).value_or(Kind::kError);
  }
  return known;
}

}  // namespace

Planner::Part Planner::VisitCall(const Expr& expr) {
  const size_t arguments = expr.children.size();
  switch (expr.function) {
    case Function::kAnd:
    case Function::kOr:
      return VisitLogic(expr);
    case Function::kConditional:
      return VisitConditional(expr);
    case Function::kNot: {
      const Part operand = Visit(*expr.children[0]);
      Node node;
      node.op = Op::kNot;
      node.first = operand.node;
      return AddOver(node, {operand});
    }
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
      return VisitComparison(expr);
    case Function::kIn:
      return VisitIn(expr);
    case Function::kIndex:
    case Function::kOptionalIndex:
      return arguments == 2 ? VisitIndex(expr) : VisitAnyCall(expr);
    case Function::kGreatest:
    case Function::kLeast:
      return arguments > 2 ? VisitExtreme(expr) : VisitAnyCall(expr);
    case Function::kOptionalNone:
      return AddConstant(arguments == 0 ? Value::Optional(nullptr) : NoOverload());
    case Function::kOrOptional:
    case Function::kOrValue:
      return arguments == 2 ? VisitOrElse(expr) : VisitAnyCall(expr);
    case Function::kDyn:
      return arguments == 1 ? Visit(*expr.children[0]) : VisitAnyCall(expr);
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kContains:
      return arguments == 2 ? VisitTextTest(expr) : VisitAnyCall(expr);
    case Function::kMatches:
      return arguments == 2 ? VisitMatches(expr) : VisitAnyCall(expr);
    default:
      break;
  }
  const bool calendar_part =
      expr.function >= Function::kGetFullYear && expr.function <= Function::kGetMilliseconds;
  return calendar_part && arguments == 2 ? VisitCalendarPart(expr) : VisitAnyCall(expr);
}

Planner::Part Planner::VisitAnyCall(const Expr& expr) {
  // Only unchecked programs come here with more than any function takes.
  if (expr.children.size() > kMaxOperands || expr.children.empty()) {
    return AddConstant(NoOverload());
  }
  std::array<Part, kMaxOperands> parts;
  for (size_t i = 0; i < expr.children.size(); ++i) parts[i] = Visit(*expr.children[i]);
  Part call = AddCall(expr, Parts(parts.data(), expr.children.size()));
  // It depends on the frame's zone.
  if (expr.function == Function::kAge) call.varies = true;
  return call;
}

Planner::Part Planner::AddCall(const Expr& expr, Parts operands) {
  return AddCall(expr.function, KindsOfTypes(expr.children), operands);
}

Planner::Part Planner::AddCall(Function function, OperandKinds kinds, Parts operands) {
  Node node;
  node.op = Op::kCall;
  node.detail = static_cast<uint8_t>(function);
  const TypedOperation* typed = FindTyped(function, kinds);
  if (typed == nullptr) return AddOverArguments(node, operands);
  if (operands.size() > 2) {
    node.op = Op::kTypedMany;
    node.second = kinds.kinds;
    node.many = typed->many;
    return AddOverArguments(node, operands);
  }
  node.small = static_cast<uint16_t>(kinds.kinds);
  node.first = operands[0].node;
  if (operands.size() == 1) {
    node.op = Op::kTypedUnary;
    node.unary = typed->unary;
  } else {
    node.op = Op::kTypedBinary;
    node.second = operands[1].node;
    node.binary = typed->binary;
  }
  return AddOver(node, operands);
}

Planner::Part Planner::VisitLogic(const Expr& expr) {
  const bool decisive = expr.function == Function::kOr;
  std::vector<const Expr*> operands;
  Flatten(expr, operands);
  std::vector<Part> parts;
  for (const Expr* operand : operands) {
    const Part part = Visit(*operand);
    if (IsConstant(part, Kind::kBool)) {
      const bool value = NodeOf(part).constant.bool_value();
      // The decisive value settles it whatever the others are, errors included.
      if (value == decisive) return AddConstant(Value::Bool(decisive));
      continue;
    }
    parts.push_back(part);
  }
  if (parts.empty()) return AddConstant(Value::Bool(!decisive));
  Node node;
  node.op = decisive ? Op::kOr : Op::kAnd;
  return AddOverArguments(node, parts);
}

Planner::Part Planner::VisitConditional(const Expr& expr) {
  const Part condition = Visit(*expr.children[0]);
  if (IsConstant(condition, Kind::kBool)) {
    return Visit(*expr.children[NodeOf(condition).constant.bool_value() ? 1 : 2]);
  }
  const Part yes = Visit(*expr.children[1]);
  const Part no = Visit(*expr.children[2]);
  Node node;
  node.op = Op::kConditional;
  node.first = condition.node;
  node.second = yes.node;
  node.third = no.node;
  return AddOver(node, {condition, yes, no});
}

Planner::Part Planner::VisitComparison(const Expr& expr) {
  const Relation relation = RelationOf(expr.function);
  const Expr& left = *expr.children[0];
  const Expr& right = *expr.children[1];
  if (IsExactLiteral(right)) return VisitExactComparison(relation, left, right);
  if (IsExactLiteral(left)) return VisitExactComparison(Mirrored(relation), right, left);
  const Part a = Visit(left);
  const Part b = Visit(right);
  if (Is(a, Op::kSlot)) {
    if (const std::optional<Part> fused = FuseComparison(relation, a, b)) return *fused;
  } else if (Is(b, Op::kSlot)) {
    if (const std::optional<Part> fused = FuseComparison(Mirrored(relation), b, a)) return *fused;
  }
  Node node;
  node.op = Op::kCompare;
  node.detail = relation;
  node.first = a.node;
  node.second = b.node;
  const OperandKinds kinds = KindsOfTypes(expr.children);
  if (const TypedOperation* typed = FindTyped(Function::kEqual, kinds)) {
    node.op = Op::kTypedCompare;
    node.small = static_cast<uint16_t>(kinds.kinds);
    node.binary = typed->binary;
  }
  return AddOver(node, {a, b});
}

std::optional<Planner::Part> Planner::FuseComparison(Relation relation, const Part& slot,
                                                     const Part& constant) {
  if (!Is(constant, Op::kConstant)) return std::nullopt;
  Node node;
  node.third = relation;
  node.constant = NodeOf(constant).constant;
  if (IsConstant(constant, Kind::kInt)) {
    node.op = Op::kSlotCompareInt;
  } else if (IsConstant(constant, Kind::kDouble)) {
    node.op = Op::kSlotCompareDouble;
  } else if (IsConstant(constant, Kind::kString) && IsEquality(relation) &&
             node.constant.string_value().size() <= kMaxUnchargedBytes) {
    node.op = Op::kSlotEqualString;
  } else {
    return std::nullopt;
  }
  return Fuse(slot, node);
}

Planner::Part Planner::VisitExactComparison(Relation relation, const Expr& value,
                                            const Expr& literal) {
  const std::optional<ExactNumber> number = ExactOf(literal);
  if (!number.has_value()) return AddConstant(Value::Absent());
  const Part part = Visit(value);
  const std::optional<Kind> kind = KindOf(value.type);
  Node node;
  node.constant = Value::Int(number->mantissa);
  if (Is(part, Op::kSlot)) {
    node.op = kind == Kind::kMoney     ? Op::kSlotCompareExactMoney
              : kind == Kind::kDecimal ? Op::kSlotCompareExactDecimal
                                       : Op::kSlotCompareExact;
    node.second = static_cast<uint32_t>(number->scale);
    node.third = relation;
    return Fuse(part, node);
  }
  node.op = kind == Kind::kMoney     ? Op::kCompareExactMoney
            : kind == Kind::kDecimal ? Op::kCompareExactDecimal
                                     : Op::kCompareExact;
  node.detail = relation;
  node.small = static_cast<uint16_t>(number->scale);
  node.first = part.node;
  return AddOver(node, {part});
}

Planner::Part Planner::VisitOrElse(const Expr& expr) {
  const Part optional = Visit(*expr.children[0]);
  const Part other = Visit(*expr.children[1]);
  Node node;
  node.op = Op::kOrElse;
  node.detail = expr.function == Function::kOrValue ? 1 : 0;
  node.first = optional.node;
  node.second = other.node;
  return AddOver(node, {optional, other});
}

// More than two values are those of a list.
Planner::Part Planner::VisitExtreme(const Expr& expr) {
  std::vector<Part> parts;
  OperandKinds kinds{KindsOf(Kind::kList), KindOf(expr.children[0]->type).value_or(Kind::kError)};
  for (const ExprPtr& child : expr.children) {
    parts.push_back(Visit(*child));
    if (KindOf(child->type) != kinds.element) kinds.element = Kind::kError;
  }
  Node list;
  list.op = Op::kList;
  return AddCall(expr.function, kinds, {AddOverArguments(list, parts)});
}

Planner::Part Planner::VisitIn(const Expr& expr) {
  const Part element = Visit(*expr.children[0]);
  const Part container = Visit(*expr.children[1]);
  if (IsConstant(container, Kind::kMap)) return AddFindInMap(expr.function, element, container);
  if (!IsConstant(container, Kind::kList)) {
    if (IsConstant(element, Kind::kString)) return AddHoldsText(element, container);
    return AddCall(expr, {element, container});
  }
  const ListData& list = NodeOf(container).constant.list_value();
  if (list.index != nullptr) {
    plan_.sets.push_back(list.index);
  } else {
    plan_.owned_sets.push_back(
        std::make_unique<ConstantSet>(absl::MakeConstSpan(list.elements, list.size)));
    plan_.sets.push_back(plan_.owned_sets.back().get());
  }
  Node node;
  node.second = static_cast<uint32_t>(plan_.sets.size() - 1);
  if (Is(element, Op::kSlot)) {
    node.op = Op::kSlotInSet;
    return Fuse(element, node);
  }
  node.op = Op::kInSet;
  node.first = element.node;
  return AddOver(node, {element});
}

Planner::Part Planner::VisitIndex(const Expr& expr) {
  const Part container = Visit(*expr.children[0]);
  const Part index = Visit(*expr.children[1]);
  if (IsConstant(container, Kind::kMap)) return AddFindInMap(expr.function, index, container);
  return AddCall(expr, {container, index});
}

Planner::Part Planner::AddFindInMap(Function function, const Part& key, const Part& map) {
  plan_.maps.emplace_back(NodeOf(map).constant.map_value());
  Node node;
  node.op = Op::kFindInMap;
  node.detail = static_cast<uint8_t>(function);
  node.first = key.node;
  node.second = static_cast<uint32_t>(plan_.maps.size() - 1);
  return AddOver(node, {key});
}

// The nodes of both operands stay, unvisited: a turn of a macro is charged by their number.
Planner::Part Planner::AddHoldsText(const Part& element, const Part& container) {
  Node node;
  node.constant = NodeOf(element).constant;
  if (Is(container, Op::kSlot)) {
    node.op = Op::kSlotHoldsText;
    node.detail = NodeOf(container).detail;
    node.small = NodeOf(container).small;
  } else {
    node.op = Op::kHoldsText;
    node.first = container.node;
  }
  return AddOver(node, {element, container});
}

Planner::Part Planner::VisitTextTest(const Expr& expr) {
  const Part text = Visit(*expr.children[0]);
  const Part piece = Visit(*expr.children[1]);
  if (!Is(text, Op::kSlot) || !IsConstant(piece, Kind::kString)) {
    return AddCall(expr, {text, piece});
  }
  Node node;
  node.op = Op::kSlotAffix;
  node.third = static_cast<uint32_t>(expr.function);
  node.constant = NodeOf(piece).constant;
  return Fuse(text, node);
}

Planner::Part Planner::VisitMatches(const Expr& expr) {
  const Part text = Visit(*expr.children[0]);
  const Part pattern = Visit(*expr.children[1]);
  if (!IsConstant(pattern, Kind::kString)) {
    return AddCall(expr, {text, pattern});
  }
  const absl::string_view source = NodeOf(pattern).constant.string_value();
  auto regex = std::make_unique<RE2>(re2::StringPiece(source.data(), source.size()), RE2::Quiet);
  if (!regex->ok()) {
    Fail(*expr.children[1], absl::StrCat("the pattern is not valid: ", regex->error()));
  } else if (regex->ProgramSize() > limits::kMaxRegexProgramSize) {
    Fail(*expr.children[1], absl::StrCat("the pattern is too large: ", regex->ProgramSize(),
                                         " instructions, at most ", limits::kMaxRegexProgramSize));
  }
  plan_.regexes.push_back(std::move(regex));
  Node node;
  node.op = Op::kMatches;
  node.first = text.node;
  node.second = static_cast<uint32_t>(plan_.regexes.size() - 1);
  return AddOver(node, {text});
}

Planner::Part Planner::VisitCalendarPart(const Expr& expr) {
  const Part time = Visit(*expr.children[0]);
  const Part zone_name = Visit(*expr.children[1]);
  if (!IsConstant(zone_name, Kind::kString)) {
    return AddCall(expr, {time, zone_name});
  }
  absl::TimeZone zone;
  const absl::string_view name = NodeOf(zone_name).constant.string_value();
  if (!FindZone(name, &zone)) {
    Fail(*expr.children[1], absl::StrCat("there is no time zone '", name, "'"));
  }
  plan_.zones.push_back(zone);
  Node node;
  node.op = Op::kCalendarPart;
  node.detail = static_cast<uint8_t>(expr.function);
  node.first = time.node;
  node.second = static_cast<uint32_t>(plan_.zones.size() - 1);
  return AddOver(node, {time});
}

}  // namespace touchstone::rules::expr
