#include "rules/eligibility/normal_form.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "rules/expr/logical_chain.h"

namespace touchstone::rules {
namespace {

using expr::Expr;
using expr::ExprKind;
using expr::Function;

}  // namespace

ConditionRows NormalForms::Visit(const Expr& expr, bool wanted) {
  if (expr.kind == ExprKind::kConstant && expr.constant.kind == expr::Constant::Kind::kBool) {
    return expr.constant.bool_value == wanted ? ConditionRows(1) : ConditionRows();
  }
  if (expr.kind != ExprKind::kCall) return VisitAtom(expr, wanted);
  switch (expr.function) {
    case Function::kAnd:
      return wanted ? VisitAll(expr, wanted) : VisitAny(expr, wanted);
    case Function::kOr:
      return wanted ? VisitAny(expr, wanted) : VisitAll(expr, wanted);
    case Function::kNot:
      return Visit(*expr.children[0], !wanted);
    case Function::kConditional:
      return VisitConditional(expr, wanted);
    default:
      return VisitAtom(expr, wanted);
  }
}

// Every term must be as wanted.
ConditionRows NormalForms::VisitAll(const Expr& chain, bool wanted) {
  ConditionRows rows(1);
  for (const Expr* term : expr::ChainTerms(chain.function, chain)) {
    std::optional<ConditionRows> product = Product(rows, Visit(*term, wanted));
    if (!product.has_value()) product = Product(rows, {Opaque(*term, wanted)});
    rows = *std::move(product);
    if (rows.empty()) return rows;
  }
  return rows;
}

// Some term must be.
ConditionRows NormalForms::VisitAny(const Expr& chain, bool wanted) {
  ConditionRows rows;
  for (const Expr* term : expr::ChainTerms(chain.function, chain)) {
    for (ConditionRow& row : Visit(*term, wanted)) {
      if (row.empty()) return ConditionRows(1);
      if (!AddAlternative(std::move(row), rows)) return {Opaque(chain, wanted)};
    }
  }
  return rows;
}

ConditionRows NormalForms::VisitConditional(const Expr& expr, bool wanted) {
  const Expr& condition = *expr.children[0];
  ConditionRows rows;
  for (const bool value : {true, false}) {
    const ConditionRows branch = Visit(*expr.children[value ? 1 : 2], wanted);
    std::optional<ConditionRows> chosen = Product(Visit(condition, value), branch);
    if (!chosen.has_value()) return {Opaque(expr, wanted)};
    for (ConditionRow& row : *chosen) {
      if (!AddRow(std::move(row), rows)) return {Opaque(expr, wanted)};
    }
  }
  return rows;
}

bool NormalForms::AddRow(ConditionRow row, ConditionRows& rows) const {
  if (rows.size() == kMaxConditionRows) return false;
  rows.push_back(std::move(row));
  return true;
}

// Alternatives about one and the same subject need one row for all.
bool NormalForms::AddAlternative(ConditionRow row, ConditionRows& rows) const {
  if (row.size() == 1 && subjects_[row[0].subject].kind != Subject::Kind::kNoElement) {
    for (ConditionRow& other : rows) {
      if (other.size() != 1 || other[0].subject != row[0].subject) continue;
      other[0].set = std::make_shared<ValueSet>(other[0].set->Union(*row[0].set));
      return true;
    }
  }
  return AddRow(std::move(row), rows);
}

// nullopt: no value fits both.
std::optional<ConditionRow> NormalForms::Joined(const ConditionRow& a,
                                                const ConditionRow& b) const {
  ConditionRow joined;
  joined.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(joined),
             [](const Literal& x, const Literal& y) { return x.subject < y.subject; });
  size_t kept = 0;
  for (Literal& literal : joined) {
    const Subject& subject = subjects_[literal.subject];
    Literal* last = kept == 0 ? nullptr : &joined[kept - 1];
    const bool is_repeat = last != nullptr && last->subject == literal.subject &&
                           subject.kind != Subject::Kind::kSomeElement;
    if (!is_repeat) {
      if (last != &literal) joined[kept] = std::move(literal);
      ++kept;
      continue;
    }
    const bool none = subject.kind == Subject::Kind::kNoElement;
    ValueSet set = none ? last->set->Union(*literal.set) : last->set->Intersection(*literal.set);
    if (!none && set.IsEmpty()) return std::nullopt;
    last->set = std::make_shared<ValueSet>(std::move(set));
  }
  joined.resize(kept);
  return joined;
}

std::optional<ConditionRows> NormalForms::Product(const ConditionRows& a,
                                                  const ConditionRows& b) const {
  ConditionRows product;
  for (const ConditionRow& x : a) {
    for (const ConditionRow& y : b) {
      std::optional<ConditionRow> row = Joined(x, y);
      if (row.has_value() && !AddRow(*std::move(row), product)) return std::nullopt;
    }
  }
  return product;
}

ConditionRows NormalForms::Both(const ConditionRows& a, const ConditionRows& b) const {
  ConditionRows both;
  for (const ConditionRow& x : a) {
    for (const ConditionRow& y : b) {
      if (std::optional<ConditionRow> row = Joined(x, y)) both.push_back(*std::move(row));
    }
  }
  return both;
}

}  // namespace touchstone::rules
