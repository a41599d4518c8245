#include "server/import/row_expression.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "rules/expr/checker.h"
#include "rules/expr/cost.h"
#include "rules/expr/parser.h"
#include "rules/ruleset/utf8.h"

namespace touchstone::server {
namespace {

namespace expr = ::touchstone::rules::expr;
using expr::Expr;
using expr::ExprKind;

constexpr absl::string_view kRow = "row";

bool IsRow(const Expr& tree) { return tree.kind == ExprKind::kIdent && tree.name == kRow; }

// A column and the name that the expression has for it, without `row.`.
struct Column {
  std::string name;
  std::string variable;
};

// Makes row["Unit Price"] a select, under a name that may stand behind a dot, and collects the
// columns in order of appearance.
void FindColumns(Expr& tree, std::vector<Column>* columns) {
  const bool indexed = tree.kind == ExprKind::kCall && tree.function == expr::Function::kIndex &&
                       tree.children.size() == 2 && IsRow(*tree.children[0]) &&
                       tree.children[1]->kind == ExprKind::kConstant &&
                       tree.children[1]->constant.kind == expr::Constant::Kind::kString;
  const bool selected = tree.kind == ExprKind::kSelect && IsRow(*tree.children[0]);
  if (!indexed && !selected) {
    for (const expr::ExprPtr& child : tree.children) FindColumns(*child, columns);
    return;
  }
  Column column = {tree.name, tree.name};
  if (indexed) {
    column.name = tree.children[1]->constant.string_value;
    column.variable = absl::StrCat("column__", columns->size());
    tree.kind = ExprKind::kSelect;
    tree.children.pop_back();
  }
  const auto known = std::find_if(columns->begin(), columns->end(), [&](const Column& other) {
    return other.name == column.name && (indexed || other.variable == column.variable);
  });
  const bool is_new = known == columns->end();
  tree.name = is_new ? column.variable : known->variable;
  if (is_new) columns->push_back(std::move(column));
}

absl::Status FirstOf(const expr::Issues& issues) {
  const expr::Issue& issue = issues.front();
  return absl::InvalidArgumentError(absl::StrCat("at character ", issue.span.begin + 1,
                                                 " of the expression: ", issue.message,
                                                 issue.hint.empty() ? "" : "; ", issue.hint));
}

}  // namespace

absl::StatusOr<std::shared_ptr<const RowExpression>> RowExpression::Compile(
    const std::string& text, const std::vector<expr::Type>& types,
    const std::function<int(const std::string&)>& column_of) {
  expr::ParseResult parsed = expr::Parse(text);
  if (parsed.expr == nullptr) return FirstOf(parsed.issues);
  std::vector<Column> found;
  FindColumns(*parsed.expr, &found);
  expr::Environment environment(
      expr::CheckPolicy{.cross_numeric_comparisons = true, .homogeneous_literals = true});
  std::vector<int> columns;
  for (const Column& column : found) {
    expr::VariableDecl variable;
    variable.name = absl::StrCat(kRow, ".", column.variable);
    variable.type = expr::Type(expr::TypeKind::kString);
    variable.slot = expr::Slot{0, static_cast<uint16_t>(columns.size())};
    if (absl::Status declared = environment.Declare(std::move(variable)); !declared.ok()) {
      return declared;
    }
    columns.push_back(column_of(column.name));
  }
  auto compiled =
      std::shared_ptr<RowExpression>(new RowExpression(std::move(environment), std::move(columns)));
  expr::Issues first_issues;
  for (const expr::Type& type : types) {
    // A tree that did not check is of no use.
    parsed = expr::Parse(text);
    std::vector<Column> again;
    FindColumns(*parsed.expr, &again);
    expr::Issues issues = expr::Check(*parsed.expr, compiled->environment_, type);
    if (issues.empty()) issues = expr::CheckCost(*parsed.expr, compiled->environment_);
    if (first_issues.empty()) first_issues = issues;
    if (!issues.empty()) continue;
    absl::StatusOr<expr::Program> program =
        expr::Program::Compile(*parsed.expr, compiled->environment_);
    if (!program.ok()) return program.status();
    compiled->program_.emplace(*std::move(program));
    return std::shared_ptr<const RowExpression>(std::move(compiled));
  }
  return FirstOf(first_issues);
}

absl::StatusOr<expr::Value> RowExpression::Evaluate(const std::vector<std::string>& empty,
                                                    const Row& row) const {
  thread_local expr::Scratch scratch;
  thread_local std::vector<expr::Value> cells;
  cells.clear();
  for (const int column : columns_) {
    const std::string& cell = row.cells[static_cast<size_t>(column)];
    if (std::find(empty.begin(), empty.end(), cell) != empty.end()) {
      cells.push_back(expr::Value::Absent());
      continue;
    }
    if (rules::FindMalformedUtf8(cell).has_value()) {
      return absl::InvalidArgumentError("a cell is not UTF-8");
    }
    cells.push_back(expr::Value::String(cell));
  }
  scratch.Reset();
  expr::Frame frame;
  frame.rows[0] = cells;
  return program_->Evaluate(frame, scratch);
}

}  // namespace touchstone::server
