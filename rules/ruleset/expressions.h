#pragma once

// CEL texts of a rule set to programs, with every finding reported at the field it stands in.
//
// Thread safety: one thread. Lifetime: refers to the layout, which must outlive it and the
// programs. Errors: reported; the result is then empty.

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "rules/eligibility/normal_form.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/program.h"
#include "rules/facts/layout.h"
#include "rules/ruleset/reporter.h"
#include "rules/ruleset/rule_set.h"

namespace touchstone::rules {

// Parses and checks; null when there are findings. An empty text is one.
expr::ExprPtr CheckExpression(absl::string_view path, absl::string_view text,
                              const expr::Environment& environment,
                              std::optional<expr::Type> expected, Reporter& reporter);

// Plans a checked tree.
std::optional<expr::Program> PlanExpression(absl::string_view path, const expr::Expr& checked,
                                            const expr::Environment& environment,
                                            Reporter& reporter);

// Both; `expected` as CheckExpression.
std::optional<expr::Program> CompileExpression(absl::string_view path, absl::string_view text,
                                               const expr::Environment& environment,
                                               std::optional<expr::Type> expected,
                                               Reporter& reporter);

// The expressions of everything after the schema.
class ExpressionCompiler {
 public:
  ExpressionCompiler(const FactLayout& layout, RuleSetNames names, Reporter& reporter);

  // Empty (always true) when there are findings.
  Condition CompileCondition(absl::string_view path, absl::string_view text, Scope scope);
  // Adds a condition to those that an offer's eligibility is made of, with their rows for the
  // index.
  void AddEligible(absl::string_view path, absl::string_view text, Condition& eligible,
                   ConditionRows& rows);
  // What the rows of AddEligible speak of; no more of them can be made.
  std::deque<Subject> TakeSubjects();
  // The formula of an offer's `value`: double or int.
  std::optional<expr::Program> CompileValue(absl::string_view path, absl::string_view text);
  // A formula of type int in Scope::kLimit. `largest`: the largest number that it names as a
  // result, 0 when it names none.
  std::optional<expr::Program> CompileCount(absl::string_view path, absl::string_view text,
                                            int64_t& largest);
  // A fact that offers see, by name; null: none.
  const expr::VariableDecl* FindFact(absl::string_view name);
  std::vector<std::string> FactNames();
  bool IsPersonal(const expr::Program& program) const;

 private:
  const expr::Environment& EnvironmentOf(Scope scope);
  Condition CompileTree(absl::string_view path, const expr::Expr& tree, Scope scope);
  Condition::Conjunct MakeConjunct(expr::Program program, const expr::Expr& part) const;

  const FactLayout& layout_;
  const RuleSetNames names_;
  Reporter& reporter_;
  absl::flat_hash_map<Scope, std::unique_ptr<expr::Environment>> environments_;
  std::optional<NormalForms> eligible_forms_;
};

}  // namespace touchstone::rules
