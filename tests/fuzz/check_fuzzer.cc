// Any tree that can be written: checked with types and without, findings within the text, and the
// same meaning again from its canonical text.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "rules/expr/checker.h"
#include "rules/expr/cost.h"
#include "rules/expr/parser.h"
#include "rules/expr/printer.h"
#include "tests/fuzz/fuzz_facts.h"
#include "tests/fuzz/fuzz_target.h"

namespace touchstone::rules::expr {
namespace {

void ExpectTyped(const Expr& expr) {
  Require(!expr.type.Is(TypeKind::kError), "what has checked has no part without a type");
  for (const ExprPtr& child : expr.children) ExpectTyped(*child);
}

void Run(absl::string_view text) {
  static const FuzzFacts& facts = *new FuzzFacts();
  const ParseResult loose = Parse(text);
  if (loose.expr == nullptr) return;
  Check(*loose.expr, facts.loose(), std::nullopt);

  for (const bool condition : {false, true}) {
    const std::optional<Type> expected =
        condition ? std::optional<Type>(TypeKind::kBool) : std::nullopt;
    const ParseResult parsed = Parse(text);
    const Issues issues = Check(*parsed.expr, facts.strict(), expected);
    Require(issues.size() <= limits::kMaxIssues, "the number of findings is limited");
    for (const Issue& issue : issues) {
      Require(issue.span.begin <= issue.span.end && issue.span.end <= text.size(),
              "a finding lies within the text");
    }
    if (!issues.empty()) continue;
    ExpectTyped(*parsed.expr);
    EstimateCost(*parsed.expr, facts.strict());
    const ParseResult again = Parse(Print(*parsed.expr));
    if (again.expr == nullptr) continue;
    Require(Check(*again.expr, facts.strict(), expected).empty(), "canonical text checks as well");
    Require(again.expr->type == parsed.expr->type, "canonical text has the same type");
  }
}

}  // namespace
}  // namespace touchstone::rules::expr

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  touchstone::rules::expr::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
