// Any bytes: a tree whose canonical text is stable, or findings that lie within the text.

#include "absl/strings/string_view.h"
#include "rules/expr/parser.h"
#include "rules/expr/printer.h"
#include "tests/fuzz/fuzz_target.h"

namespace touchstone::rules::expr {
namespace {

void ExpectSpansWithin(const Expr& expr, size_t size) {
  Require(expr.span.begin <= expr.span.end && expr.span.end <= size, "spans lie within the text");
  for (const ExprPtr& child : expr.children) ExpectSpansWithin(*child, size);
}

void Run(absl::string_view text) {
  const ParseResult parsed = Parse(text);
  Require((parsed.expr == nullptr) == !parsed.issues.empty(), "a tree, or what is wrong");
  Require(parsed.issues.size() <= limits::kMaxIssues, "the number of findings is limited");
  for (const Issue& issue : parsed.issues) {
    Require(issue.span.begin <= issue.span.end && issue.span.begin <= text.size(),
            "a finding lies within the text");
    Require(!issue.code.empty() && !issue.message.empty(), "a finding says what is wrong");
  }
  if (parsed.expr == nullptr) return;
  ExpectSpansWithin(*parsed.expr, text.size());
  const std::string canonical = Print(*parsed.expr);
  // Escapes make it longer.
  if (canonical.size() > limits::kMaxSourceBytes) return;
  const ParseResult again = Parse(canonical);
  Require(again.expr != nullptr, "canonical text can be read");
  Require(Print(*again.expr) == canonical, "canonical text is stable");
}

}  // namespace
}  // namespace touchstone::rules::expr

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  touchstone::rules::expr::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
