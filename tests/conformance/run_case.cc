#include "tests/conformance/run_case.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/expr/checker.h"
#include "rules/expr/environment.h"
#include "rules/expr/parser.h"
#include "rules/expr/program.h"

namespace touchstone::rules::expr {
namespace {

std::string FirstOf(absl::string_view stage, const Issues& issues) {
  return absl::StrCat(stage, ": ", issues.empty() ? "no issue" : issues[0].message);
}

// What a stage refused is a pass where an error is expected.
std::string Refused(const ConformanceCase& test, const std::string& why) {
  return test.expects_error && test.error_code.empty() ? "" : why;
}

CheckPolicy PolicyOf(const ConformanceCase& test) {
  CheckPolicy policy;
  policy.enforce_types = !test.disable_check;
  policy.cross_numeric_comparisons = test.rules_policy;
  policy.homogeneous_literals = test.rules_policy;
  return policy;
}

// Declares the variables in row 0 and fills the row; false when one is declared twice.
bool Declare(const ConformanceCase& test, Environment& environment, std::vector<Value>& row) {
  environment.SetContainer(test.container);
  for (const auto& [name, type] : test.variables) {
    VariableDecl variable;
    variable.name = name;
    variable.type = type;
    variable.slot = Slot{0, static_cast<uint16_t>(row.size())};
    if (!environment.Declare(variable).ok()) return false;
    Value value;
    for (const auto& [bound, bound_value] : test.bindings) {
      if (bound == name) value = bound_value;
    }
    row.push_back(value);
  }
  return true;
}

std::string Judge(const ConformanceCase& test, const Value& result) {
  if (test.expects_error) {
    if (!result.IsError()) return absl::StrCat("expected an error, got ", DebugString(result));
    if (test.error_code.empty() || test.error_code == ErrorCodeName(result.error())) return "";
    return absl::StrCat("expected error ", test.error_code, ", got ", DebugString(result));
  }
  if (!test.expected.has_value()) return "the expected value is of a kind we do not have";
  if (SameResult(result, *test.expected)) return "";
  return absl::StrCat("expected ", DebugString(*test.expected), ", got ", DebugString(result));
}

}  // namespace

std::string RunCase(const ConformanceCase& test) {
  if (!test.undeclarable.empty()) return absl::StrCat("cannot declare: ", test.undeclarable);
  const ParseResult parsed = Parse(test.expr);
  if (parsed.expr == nullptr) return Refused(test, FirstOf("parse", parsed.issues));
  Environment environment(PolicyOf(test));
  std::vector<Value> row;
  if (!Declare(test, environment, row)) return "a variable is declared twice";
  const Issues issues = Check(*parsed.expr, environment, std::nullopt);
  if (!issues.empty()) return Refused(test, FirstOf("check", issues));
  const std::string type = parsed.expr->type.ToString();
  if (!test.deduced_type.empty() && test.deduced_type != type) {
    return absl::StrCat("expected type ", test.deduced_type, ", got ", type);
  }
  if (test.check_only) return "";
  const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment);
  if (!program.ok()) {
    return Refused(test, absl::StrCat("compile: ", program.status().message()));
  }
  Frame frame;
  frame.rows[0] = row;
  Scratch scratch;
  return Judge(test, program->Evaluate(frame, scratch));
}

}  // namespace touchstone::rules::expr
