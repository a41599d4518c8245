#include "rules/ruleset/condition_form.h"

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/expr/ast.h"
#include "rules/expr/environment.h"
#include "rules/expr/logical_chain.h"
#include "rules/expr/printer.h"
#include "rules/ruleset/builder_form.h"
#include "rules/ruleset/diagnostic_codes.h"
#include "rules/ruleset/expressions.h"
#include "rules/ruleset/reporter.h"
#include "rules/ruleset/source_map.h"

namespace touchstone::rules {
namespace {

// As the compiler has it: what is computed before the segments knows no names but facts, and is one
// program, where a Condition has one for each conjunct.
RuleSetNames NamesIn(const RuleSet& rule_set, Scope scope) {
  return scope == Scope::kComputed ? RuleSetNames() : NamesOf(rule_set);
}
std::vector<const expr::Expr*> ProgramsOf(const expr::Expr& tree, Scope scope) {
  if (scope == Scope::kComputed) return {&tree};
  return expr::ChainTerms(expr::Function::kAnd, tree);
}

// Findings point into the text itself, since there is no file.
SourceMap TextAsSource(absl::string_view field, absl::string_view text) {
  SourceMap source;
  if (absl::StripAsciiWhitespace(text).empty()) return source;
  SourceMap::Place place;
  place.text = std::string(text);
  source.Add(std::string(field), std::move(place));
  return source;
}

}  // namespace

ConvertedCondition ConvertConditionText(const RuleSet& rule_set, Scope scope,
                                        absl::string_view field, absl::string_view text) {
  const SourceMap source = TextAsSource(field, text);
  Reporter reporter(source);
  const expr::Environment environment =
      rule_set.layout->EnvironmentFor(scope, NamesIn(rule_set, scope));
  const expr::ExprPtr tree =
      CheckExpression(field, text, environment, expr::Type(expr::TypeKind::kBool), reporter);
  if (tree != nullptr) {
    // Some of what cannot be run is seen only here.
    for (const expr::Expr* part : ProgramsOf(*tree, scope)) {
      (void)PlanExpression(field, *part, environment, reporter);
    }
  }
  ConvertedCondition converted;
  if (reporter.errors() == 0) {
    converted.text = expr::Print(*tree);
    converted.form = ToBuilderForm(*tree);
  }
  converted.diagnostics = reporter.TakeSorted();
  return converted;
}

ConvertedCondition ConvertConditionForm(const RuleSet& rule_set, Scope scope,
                                        absl::string_view field, const v1::BuilderCondition& form) {
  const absl::StatusOr<std::string> text = BuilderFormText(form);
  if (text.ok()) return ConvertConditionText(rule_set, scope, field, *text);
  const BuilderFormError error = BuilderFormErrorOf(text.status());
  const SourceMap no_source;
  Reporter reporter(no_source);
  reporter.Error(codes::kBadValue, absl::StrCat(field, error.path.empty() ? "" : ".", error.path),
                 error.message);
  ConvertedCondition converted;
  converted.diagnostics = reporter.TakeSorted();
  return converted;
}

}  // namespace touchstone::rules
