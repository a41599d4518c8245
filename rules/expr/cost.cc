#include "rules/expr/cost.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace touchstone::rules::expr {
namespace {

uint64_t Sum(uint64_t a, uint64_t b) {
  return a > std::numeric_limits<uint64_t>::max() - b ? std::numeric_limits<uint64_t>::max()
                                                      : a + b;
}

uint64_t Product(uint64_t a, uint64_t b) {
  return b != 0 && a > std::numeric_limits<uint64_t>::max() / b
             ? std::numeric_limits<uint64_t>::max()
             : a * b;
}

bool HasElements(const Type& type) {
  return type.Is(TypeKind::kList) || type.Is(TypeKind::kMap) || type.Is(TypeKind::kDyn);
}

// Of one subtree.
struct Estimate {
  uint64_t cost = 1;
  uint64_t elements = 0;  // that its value may have, where it is a list or a map
};

class Estimator {
 public:
  explicit Estimator(const Environment& environment) : environment_(environment) {}

  Estimate Visit(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kConstant:
        return {};
      case ExprKind::kIdent:
      case ExprKind::kSelect:
        return VisitName(expr);
      case ExprKind::kCall:
        return VisitCall(expr);
      case ExprKind::kList:
        return {VisitAll(expr, 0).cost, expr.children.size()};
      case ExprKind::kMap:
        return {VisitAll(expr, 0).cost, expr.children.size() / 2};
      case ExprKind::kComprehension:
        return VisitComprehension(expr);
      case ExprKind::kBind:
        return VisitBind(expr);
    }
    return {};
  }

 private:
  // Few expressions name a list: looking for it is cheaper than a table of all names for each.
  uint64_t MaxElements(Slot slot) const {
    for (const VariableDecl& variable : environment_.variables()) {
      if (variable.slot == slot) return variable.max_elements;
    }
    return limits::kAssumedElements;
  }

  static uint64_t Assumed(const Expr& expr) {
    return HasElements(expr.type) ? limits::kAssumedElements : 0;
  }

  // The node and its children from `first` on; the elements of all of them.
  Estimate VisitAll(const Expr& expr, size_t first) {
    Estimate all;
    for (size_t i = first; i < expr.children.size(); ++i) {
      const Estimate child = Visit(*expr.children[i]);
      all.cost = Sum(all.cost, child.cost);
      all.elements = Sum(all.elements, child.elements);
    }
    return all;
  }

  Estimate VisitName(const Expr& expr) {
    switch (expr.resolution.kind) {
      case Resolution::Kind::kSlot:
        if (!HasElements(expr.type)) return {};
        return {1, MaxElements(expr.resolution.slot)};
      case Resolution::Kind::kConstant: {
        const Value& value = environment_.constants()[expr.resolution.constant_index].value;
        return {1, value.kind() == Kind::kList ? value.list_value().size : 0};
      }
      case Resolution::Kind::kLocal:
        return {1, HasElements(expr.type) ? locals_[expr.resolution.local_index] : 0};
      default:
        return {VisitAll(expr, 0).cost, Assumed(expr)};
    }
  }

  Estimate VisitCall(const Expr& expr) {
    switch (expr.function) {
      case Function::kConditional: {
        const Estimate condition = Visit(*expr.children[0]);
        const Estimate yes = Visit(*expr.children[1]);
        const Estimate no = Visit(*expr.children[2]);
        return {Sum(Sum(condition.cost, std::max(yes.cost, no.cost)), 1),
                std::max(yes.elements, no.elements)};
      }
      case Function::kIn: {
        const Estimate element = Visit(*expr.children[0]);
        const Estimate list = Visit(*expr.children[1]);
        const uint64_t probes = IsHashed(*expr.children[1]) ? 1 : list.elements;
        return {Sum(Sum(element.cost, list.cost), Sum(probes, 1)), 0};
      }
      default:
        break;
    }
    const Estimate operands = VisitAll(expr, 0);
    // What compares, joins or counts elements goes through them. What makes a list of something
    // else than lists, or takes one out of another, makes one of a length that nothing declares.
    const bool joins = operands.elements > 0 && expr.function != Function::kIndex;
    return {Sum(operands.cost, operands.elements),
            joins && HasElements(expr.type) ? operands.elements : Assumed(expr)};
  }

  // Lists that are looked up, not searched.
  static bool IsHashed(const Expr& list) {
    if (list.resolution.kind == Resolution::Kind::kConstant) return true;
    return list.kind == ExprKind::kList &&
           std::all_of(list.children.begin(), list.children.end(),
                       [](const ExprPtr& each) { return each->kind == ExprKind::kConstant; });
  }

  Estimate VisitComprehension(const Expr& expr) {
    const Estimate range = Visit(*expr.children[0]);
    // An optional has at most one.
    const uint64_t turns = expr.children[0]->type.Is(TypeKind::kOptional) ? 1 : range.elements;
    const size_t outer = locals_.size();
    // The elements of elements are lists whose length nothing declares, if they are lists.
    locals_.resize(outer + expr.variables.size(), limits::kAssumedElements);
    const Estimate body = VisitAll(expr, 1);
    locals_.resize(outer);
    return {Sum(Sum(range.cost, 1), Product(turns, body.cost)), HasElements(expr.type) ? turns : 0};
  }

  Estimate VisitBind(const Expr& expr) {
    const Estimate value = Visit(*expr.children[0]);
    locals_.push_back(value.elements);
    const Estimate body = Visit(*expr.children[1]);
    locals_.pop_back();
    return {Sum(Sum(value.cost, body.cost), 1), body.elements};
  }

  const Environment& environment_;
  std::vector<uint64_t> locals_;
};

}  // namespace

uint64_t EstimateCost(const Expr& checked, const Environment& environment) {
  return Estimator(environment).Visit(checked).cost;
}

Issues CheckCost(const Expr& checked, const Environment& environment) {
  const uint64_t cost = EstimateCost(checked, environment);
  if (cost <= limits::kMaxCost) return {};
  return {{"too_costly", checked.span,
           absl::StrCat("With lists as long as they may be, this could take ", cost,
                        " steps; at most ", limits::kMaxCost, " are allowed."),
           "Declare a smaller `max:` for its lists, or nest fewer macros."}};
}

}  // namespace touchstone::rules::expr
