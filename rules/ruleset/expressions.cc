#include "rules/ruleset/expressions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/checker.h"
#include "rules/expr/cost.h"
#include "rules/expr/parser.h"
#include "rules/expr/printer.h"

namespace touchstone::rules {
namespace {

using expr::Expr;
using expr::ExprKind;
using expr::TypeKind;

void CollectConjuncts(const Expr& tree, std::vector<const Expr*>& parts) {
  if (tree.kind == ExprKind::kCall && tree.function == expr::Function::kAnd) {
    for (const expr::ExprPtr& child : tree.children) CollectConjuncts(*child, parts);
    return;
  }
  parts.push_back(&tree);
}

// The largest literal that may be the result of a formula, through the branches of conditionals.
int64_t LargestResult(const Expr& tree) {
  if (tree.kind == ExprKind::kConstant) {
    return tree.constant.kind == expr::Constant::Kind::kInt ? tree.constant.int_value : 0;
  }
  if (tree.kind == ExprKind::kCall && tree.function == expr::Function::kConditional) {
    return std::max(LargestResult(*tree.children[1]), LargestResult(*tree.children[2]));
  }
  return 0;
}

// Calls of constants alone that go wrong whatever the facts are: duration("7d"), 1 / 0.
void FindBrokenConstants(const Expr& tree, const expr::Environment& environment,
                         expr::Issues& issues) {
  for (const expr::ExprPtr& child : tree.children) {
    FindBrokenConstants(*child, environment, issues);
  }
  if (tree.kind != ExprKind::kCall || tree.children.empty()) return;
  for (const expr::ExprPtr& child : tree.children) {
    if (child->kind != ExprKind::kConstant) return;
  }
  const absl::StatusOr<expr::Program> program = expr::Program::Compile(tree, environment);
  if (!program.ok()) return;  // PlanExpression says why
  expr::Scratch scratch;
  const expr::Value value = program->Evaluate(expr::Frame{}, scratch);
  if (!value.IsError()) return;
  const bool is_duration = tree.function == expr::Function::kDuration;
  const bool is_timestamp = tree.function == expr::Function::kTimestamp;
  issues.push_back({std::string(codes::kBadExpression.code), tree.span,
                    absl::StrCat("`", expr::Print(tree), "` can never be computed"),
                    is_duration    ? "hours, minutes and seconds: seven days are duration(\"168h\")"
                    : is_timestamp ? "a day and a time: timestamp(\"2026-11-01T00:00:00Z\")"
                                   : ""});
}

}  // namespace

expr::ExprPtr CheckExpression(absl::string_view path, absl::string_view text,
                              const expr::Environment& environment,
                              std::optional<expr::Type> expected, Reporter& reporter) {
  if (absl::StripAsciiWhitespace(text).empty()) {
    reporter.Error(codes::kEmptyCondition, path, "there is no text here",
                   "leave the key out where no condition is meant");
    return nullptr;
  }
  expr::ParseResult parsed = expr::Parse(text);
  if (parsed.expr == nullptr) {
    reporter.ExpressionIssues(path, parsed.issues);
    return nullptr;
  }
  expr::Issues issues = expr::Check(*parsed.expr, environment, std::move(expected));
  if (issues.empty()) issues = expr::CheckCost(*parsed.expr, environment);
  if (issues.empty()) FindBrokenConstants(*parsed.expr, environment, issues);
  if (!issues.empty()) {
    reporter.ExpressionIssues(path, issues);
    return nullptr;
  }
  return std::move(parsed.expr);
}

std::optional<expr::Program> PlanExpression(absl::string_view path, const Expr& checked,
                                            const expr::Environment& environment,
                                            Reporter& reporter) {
  absl::StatusOr<expr::Program> program = expr::Program::Compile(checked, environment);
  if (!program.ok()) {
    expr::Issue issue;
    issue.code = std::string(codes::kBadExpression.code);
    issue.span = checked.span;
    issue.message = std::string(program.status().message());
    reporter.ExpressionIssues(path, {issue});
    return std::nullopt;
  }
  return *std::move(program);
}

std::optional<expr::Program> CompileExpression(absl::string_view path, absl::string_view text,
                                               const expr::Environment& environment,
                                               std::optional<expr::Type> expected,
                                               Reporter& reporter) {
  const expr::ExprPtr checked =
      CheckExpression(path, text, environment, std::move(expected), reporter);
  if (checked == nullptr) return std::nullopt;
  return PlanExpression(path, *checked, environment, reporter);
}

ExpressionCompiler::ExpressionCompiler(const FactLayout& layout, RuleSetNames names,
                                       Reporter& reporter)
    : layout_(layout), names_(std::move(names)), reporter_(reporter) {}

const expr::Environment& ExpressionCompiler::EnvironmentOf(Scope scope) {
  std::unique_ptr<expr::Environment>& environment = environments_[scope];
  if (environment == nullptr) {
    environment = std::make_unique<expr::Environment>(layout_.EnvironmentFor(scope, names_));
  }
  return *environment;
}

Condition ExpressionCompiler::CompileCondition(absl::string_view path, absl::string_view text,
                                               Scope scope) {
  const expr::ExprPtr tree =
      CheckExpression(path, text, EnvironmentOf(scope), expr::Type(TypeKind::kBool), reporter_);
  return tree == nullptr ? Condition() : CompileTree(path, *tree, scope);
}

void ExpressionCompiler::AddEligible(absl::string_view path, absl::string_view text,
                                     Condition& eligible, ConditionRows& rows) {
  const expr::Environment& environment = EnvironmentOf(Scope::kEligible);
  const expr::ExprPtr tree =
      CheckExpression(path, text, environment, expr::Type(TypeKind::kBool), reporter_);
  if (tree == nullptr) return;
  Condition condition = CompileTree(path, *tree, Scope::kEligible);
  std::move(condition.conjuncts.begin(), condition.conjuncts.end(),
            std::back_inserter(eligible.conjuncts));
  // What cannot be run has been reported just now.
  if (!eligible_forms_.has_value()) eligible_forms_.emplace(environment);
  rows = eligible_forms_->Both(rows, eligible_forms_->WhenTrue(*tree));
}

std::deque<Subject> ExpressionCompiler::TakeSubjects() {
  return eligible_forms_.has_value() ? eligible_forms_->TakeSubjects() : std::deque<Subject>();
}

Condition ExpressionCompiler::CompileTree(absl::string_view path, const Expr& tree, Scope scope) {
  const expr::Environment& environment = EnvironmentOf(scope);
  Condition condition;
  std::vector<const Expr*> parts;
  CollectConjuncts(tree, parts);
  for (const Expr* part : parts) {
    std::optional<expr::Program> program = PlanExpression(path, *part, environment, reporter_);
    if (program) condition.conjuncts.push_back(MakeConjunct(*std::move(program), *part));
  }
  return condition;
}

Condition::Conjunct ExpressionCompiler::MakeConjunct(expr::Program program,
                                                     const Expr& part) const {
  const bool personal = IsPersonal(program);
  const absl::Span<const expr::Slot> slots = program.slots();
  const bool only_segment =
      !slots.empty() && std::all_of(slots.begin(), slots.end(), [](expr::Slot slot) {
        return slot == expr::Slot{kDecisionRow, kSlotSegment};
      });
  return Condition::Conjunct{std::move(program), expr::Print(part), only_segment, personal};
}

bool ExpressionCompiler::IsPersonal(const expr::Program& program) const {
  const absl::Span<const expr::Slot> slots = program.slots();
  return std::any_of(slots.begin(), slots.end(),
                     [this](expr::Slot slot) { return layout_.IsPersonal(slot); });
}

std::optional<expr::Program> ExpressionCompiler::CompileValue(absl::string_view path,
                                                              absl::string_view text) {
  const expr::Environment& environment = EnvironmentOf(Scope::kValue);
  const expr::ExprPtr tree = CheckExpression(path, text, environment, std::nullopt, reporter_);
  if (tree == nullptr) return std::nullopt;
  if (!tree->type.Is(TypeKind::kDouble) && !tree->type.Is(TypeKind::kInt)) {
    reporter_.ExpressionIssues(
        path,
        {expr::Issue{std::string(codes::kWrongType.code), tree->span,
                     absl::StrCat("a value is a double or an int, not ", tree->type.ToString()),
                     tree->type.Is(TypeKind::kMoney) || tree->type.Is(TypeKind::kDecimal)
                         ? "write double(…) around it"
                         : ""}});
    return std::nullopt;
  }
  return PlanExpression(path, *tree, environment, reporter_);
}

std::optional<expr::Program> ExpressionCompiler::CompileCount(absl::string_view path,
                                                              absl::string_view text,
                                                              int64_t& largest) {
  const expr::Environment& environment = EnvironmentOf(Scope::kLimit);
  const expr::ExprPtr tree =
      CheckExpression(path, text, environment, expr::Type(TypeKind::kInt), reporter_);
  if (tree == nullptr) return std::nullopt;
  largest = LargestResult(*tree);
  return PlanExpression(path, *tree, environment, reporter_);
}

const expr::VariableDecl* ExpressionCompiler::FindFact(absl::string_view name) {
  const expr::VariableDecl* fact = EnvironmentOf(Scope::kEligible).FindVariable(name);
  return fact != nullptr && fact->unavailable_because.empty() ? fact : nullptr;
}

std::vector<std::string> ExpressionCompiler::FactNames() {
  std::vector<std::string> names;
  for (const expr::VariableDecl& fact : EnvironmentOf(Scope::kEligible).variables()) {
    if (fact.unavailable_because.empty()) names.push_back(fact.name);
  }
  return names;
}

}  // namespace touchstone::rules
