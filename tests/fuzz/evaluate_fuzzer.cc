// Anything that plans, on facts of every kind: it ends within its steps and its memory, gives the
// same twice, and its explanation agrees with it. Which facts there are hangs on the text.

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "rules/expr/checker.h"
#include "rules/expr/explanation.h"
#include "rules/expr/parser.h"
#include "rules/expr/program.h"
#include "tests/fuzz/fuzz_facts.h"
#include "tests/fuzz/fuzz_target.h"

namespace touchstone::rules::expr {
namespace {

constexpr uint64_t kSteps = 20'000;

std::string Evaluated(const Program& program, const Frame& frame, uint64_t steps) {
  static Scratch& scratch = *new Scratch();
  scratch.Reset(steps);
  return DebugString(program.Evaluate(frame, scratch));
}

void RunIn(const Environment& environment, absl::string_view text, const Frame& frame) {
  const ParseResult parsed = Parse(text);
  if (parsed.expr == nullptr || !Check(*parsed.expr, environment, std::nullopt).empty()) return;
  const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment);
  if (!program.ok()) return;
  const std::string value = Evaluated(*program, frame, kSteps);
  Require(value == Evaluated(*program, frame, kSteps), "the same facts give the same value");
  Evaluated(*program, frame, HashOf(text) % 64);
  if (!parsed.expr->type.Is(TypeKind::kBool) || !environment.policy().enforce_types) return;
  const absl::StatusOr<ExplainedPart> explained =
      Explain(*parsed.expr, environment, frame, [](Slot slot) { return slot.index % 2 == 0; });
  if (!explained.ok()) return;
  // Its parts have steps of their own each.
  const bool ran_out = value == DebugString(Value::Error(ErrorCode::kStepLimit));
  Require(ran_out || DebugString(explained->value) == value, "the explanation agrees");
  Require(FirstDecisiveAtom(*explained) != nullptr, "something decides");
}

void Run(absl::string_view text) {
  static const FuzzFacts& facts = *new FuzzFacts();
  const std::vector<Value> row = facts.RowFor(HashOf(text));
  Frame frame;
  frame.rows[0] = row;
  frame.zone = absl::UTCTimeZone();
  RunIn(facts.strict(), text, frame);
  RunIn(facts.loose(), text, frame);
}

}  // namespace
}  // namespace touchstone::rules::expr

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  touchstone::rules::expr::Run({reinterpret_cast<const char*>(data), size});
  return 0;
}
