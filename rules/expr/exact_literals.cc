// Numeric literals beside money and decimals: they take that type and are read from their text.

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/expr/checking.h"
#include "rules/expr/logical_chain.h"
#include "rules/money/decimal.h"

namespace touchstone::rules::expr {

bool Checking::IsExactType(const Expr& expr) const {
  return Is(expr, TypeKind::kMoney) || Is(expr, TypeKind::kDecimal);
}

bool Checking::CanBeExact(const Expr& expr) const {
  if (expr.kind == ExprKind::kConstant) {
    return Is(expr, TypeKind::kInt) || Is(expr, TypeKind::kDouble);
  }
  if (IsCallTo(expr, Function::kNegate)) return CanBeExact(*expr.children[0]);
  return IsCallTo(expr, Function::kConditional) && CanBeExact(*expr.children[1]) &&
         CanBeExact(*expr.children[2]);
}

void Checking::ReportUnlessExact(const Expr& expr, Issue issue) {
  if (enforcing()) unless_exact_.emplace(&expr, std::move(issue));
}

void Checking::MakeExact(Expr& expr, const Type& type, bool thousandths) {
  expr.type = type;
  unless_exact_.erase(&expr);
  if (expr.kind == ExprKind::kCall) {
    const size_t first = expr.function == Function::kConditional ? 1 : 0;
    for (size_t i = first; i < expr.children.size(); ++i) {
      MakeExact(*expr.children[i], type, thousandths);
    }
    return;
  }
  expr.exact_literal = true;
  if (!ParseExactNumber(expr.text).ok()) {
    Report("inexact_number", expr.span, "This number cannot be read as an exact amount.",
           absl::StrCat("Write digits and at most ", kMaxExactScale,
                        " decimals, without an exponent."));
  } else if (thousandths && !ParseDecimal(expr.text).ok()) {
    Report("inexact_number", expr.span, "A decimal has at most three digits behind the point.");
  }
}

void Checking::AdoptPair(Expr& a, Expr& b, bool thousandths) {
  if (IsExactType(a) && CanBeExact(b)) {
    const Type type = inference_.Shallow(a.type);
    MakeExact(b, type, thousandths && type.Is(TypeKind::kDecimal));
  } else if (IsExactType(b) && CanBeExact(a)) {
    AdoptPair(b, a, thousandths);
  }
}

void Checking::AdoptFactor(Expr& value, Expr& factor) {
  if (!IsExactType(value) || !CanBeExact(factor)) return;
  // A whole factor of money needs no conversion.
  if (Is(value, TypeKind::kMoney) && Is(factor, TypeKind::kInt)) return;
  MakeExact(factor, Type(TypeKind::kDecimal), /*thousandths=*/true);
}

void Checking::AdoptElements(const Type& type, Expr& list) {
  if (list.kind != ExprKind::kList) return;
  bool all = true;
  for (const ExprPtr& element : list.children) {
    if (CanBeExact(*element)) {
      MakeExact(*element, type, /*thousandths=*/false);
    } else {
      all = all && inference_.Shallow(element->type) == type;
    }
  }
  if (!all) return;
  list.type = Type::List(type);
  unless_exact_.erase(&list);
}

void Checking::AdoptExactOperands(Expr& call) {
  if (call.children.size() != 2) return;
  Expr& left = *call.children[0];
  Expr& right = *call.children[1];
  switch (call.function) {
    case Function::kEqual:
    case Function::kNotEqual:
    case Function::kLess:
    case Function::kLessEqual:
    case Function::kGreater:
    case Function::kGreaterEqual:
      return AdoptPair(left, right, /*thousandths=*/false);
    case Function::kAdd:
    case Function::kSubtract:
      return AdoptPair(left, right, /*thousandths=*/true);
    case Function::kMultiply:
      AdoptFactor(left, right);
      return AdoptFactor(right, left);
    case Function::kOrValue: {
      const Type optional = inference_.Shallow(left.type);
      if (!optional.Is(TypeKind::kOptional) || !CanBeExact(right)) return;
      const Type held = inference_.Shallow(optional.element());
      if (held.Is(TypeKind::kMoney) || held.Is(TypeKind::kDecimal)) {
        MakeExact(right, held, /*thousandths=*/held.Is(TypeKind::kDecimal));
      }
      return;
    }
    case Function::kIn: {
      if (IsExactType(left)) return AdoptElements(inference_.Shallow(left.type), right);
      const Type list = inference_.Shallow(right.type);
      if (!list.Is(TypeKind::kList) || !CanBeExact(left)) return;
      const Type element = inference_.Shallow(list.element());
      if (element.Is(TypeKind::kMoney) || element.Is(TypeKind::kDecimal)) {
        MakeExact(left, element, /*thousandths=*/false);
      }
      return;
    }
    default:
      return;
  }
}

}  // namespace touchstone::rules::expr
