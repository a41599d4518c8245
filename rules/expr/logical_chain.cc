#include "rules/expr/logical_chain.h"

#include <utility>

#include "absl/types/span.h"

namespace touchstone::rules::expr {
namespace {

ExprPtr Balance(Function op, absl::Span<ExprPtr> terms) {
  if (terms.size() == 1) return std::move(terms[0]);
  const size_t half = (terms.size() + 1) / 2;
  auto node = std::make_unique<Expr>();
  node->kind = ExprKind::kCall;
  node->function = op;
  node->children.push_back(Balance(op, terms.subspan(0, half)));
  node->children.push_back(Balance(op, terms.subspan(half)));
  node->span = {node->children[0]->span.begin, node->children[1]->span.end};
  return node;
}

}  // namespace

bool IsCallTo(const Expr& expr, Function function) {
  return expr.kind == ExprKind::kCall && expr.function == function;
}

ExprPtr BalancedTree(Function op, std::vector<ExprPtr> terms) {
  return Balance(op, absl::MakeSpan(terms));
}

std::vector<const Expr*> ChainTerms(Function op, const Expr& expr) {
  std::vector<const Expr*> terms;
  std::vector<const Expr*> pending = {&expr};
  while (!pending.empty()) {
    const Expr* next = pending.back();
    pending.pop_back();
    if (IsCallTo(*next, op)) {
      pending.push_back(next->children[1].get());
      pending.push_back(next->children[0].get());
    } else {
      terms.push_back(next);
    }
  }
  return terms;
}

std::vector<ExprPtr> TakeChainTerms(Function op, ExprPtr expr) {
  std::vector<ExprPtr> terms;
  std::vector<ExprPtr> pending;
  pending.push_back(std::move(expr));
  while (!pending.empty()) {
    ExprPtr next = std::move(pending.back());
    pending.pop_back();
    if (IsCallTo(*next, op)) {
      pending.push_back(std::move(next->children[1]));
      pending.push_back(std::move(next->children[0]));
    } else {
      terms.push_back(std::move(next));
    }
  }
  return terms;
}

}  // namespace touchstone::rules::expr
