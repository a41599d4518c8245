#include "rules/eligibility/ordered_scan.h"

#include <algorithm>
#include <utility>

#include "rules/expr/logical_chain.h"

namespace touchstone::rules {
namespace {

// What a macro's body is taken to cost beside one evaluation of it.
constexpr double kElementsOfARange = 8;

double CostOf(const expr::Expr& expr) {
  double cost = 1;
  for (const expr::ExprPtr& child : expr.children) {
    if (expr::IsCallTo(expr, expr::Function::kIn) && child->kind == expr::ExprKind::kList) continue;
    cost += CostOf(*child);
  }
  return expr.kind == expr::ExprKind::kComprehension ? cost * kElementsOfARange : cost;
}

}  // namespace

absl::Status OrderedScan::Add(const expr::Expr& condition, const expr::Environment& environment) {
  if (starts_.empty()) starts_.push_back(0);
  for (const expr::Expr* term : expr::ChainTerms(expr::Function::kAnd, condition)) {
    absl::StatusOr<expr::Program> program = expr::Program::Compile(*term, environment);
    if (!program.ok()) return program.status();
    parts_.push_back({*std::move(program), CostOf(*term)});
  }
  starts_.push_back(static_cast<uint32_t>(parts_.size()));
  return absl::OkStatus();
}

void OrderedScan::Order(absl::Span<const expr::Frame> sample, expr::Scratch& scratch) {
  struct Ranked {
    double rank = 0;
    Part part;
  };
  for (size_t offer = 0; offer + 1 < starts_.size(); ++offer) {
    std::vector<Ranked> ranked;
    for (uint32_t i = starts_[offer]; i < starts_[offer + 1]; ++i) {
      double refusals = 0.5;  // so that what never refused in the sample comes last, not nowhere
      for (const expr::Frame& frame : sample) {
        scratch.Reset();
        refusals += parts_[i].program.Evaluate(frame, scratch).IsTrue() ? 0 : 1;
      }
      ranked.push_back({parts_[i].cost / refusals, std::move(parts_[i])});
    }
    std::stable_sort(ranked.begin(), ranked.end(),
                     [](const Ranked& a, const Ranked& b) { return a.rank < b.rank; });
    for (size_t i = 0; i < ranked.size(); ++i) {
      parts_[starts_[offer] + i] = std::move(ranked[i].part);
    }
  }
}

void OrderedScan::Match(const expr::Frame& frame, expr::Scratch& scratch,
                        std::vector<uint32_t>& offers) const {
  for (uint32_t offer = 0; offer + 1 < starts_.size(); ++offer) {
    uint32_t i = starts_[offer];
    const uint32_t end = starts_[offer + 1];
    while (i < end && parts_[i].program.Evaluate(frame, scratch).IsTrue()) ++i;
    if (i == end) offers.push_back(offer);
  }
}

}  // namespace touchstone::rules
