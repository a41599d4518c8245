#include "rules/expr/program.h"

#include <utility>

#include "rules/expr/compiled_texts.h"
#include "rules/expr/evaluator.h"
#include "rules/expr/plan.h"
#include "rules/expr/planner.h"

namespace touchstone::rules::expr {

Scratch::Scratch() = default;
Scratch::~Scratch() = default;

CompiledTexts& Scratch::compiled_texts() {
  if (compiled_texts_ == nullptr) compiled_texts_ = std::make_unique<CompiledTexts>();
  return *compiled_texts_;
}

struct Program::Plan : EvaluationPlan {};

Program::Program(std::unique_ptr<const Plan> plan) : plan_(std::move(plan)) {}
Program::Program(Program&&) noexcept = default;
Program& Program::operator=(Program&&) noexcept = default;
Program::~Program() = default;

absl::StatusOr<Program> Program::Compile(const Expr& checked, const Environment& environment) {
  auto plan = std::make_unique<Plan>();
  const absl::Status status = Planner(environment, *plan).Plan(checked);
  if (!status.ok()) return status;
  return Program(std::move(plan));
}

Value Program::Evaluate(const Frame& frame, Scratch& scratch) const {
  return RunRoot(*plan_, frame, scratch);
}

absl::Span<const Slot> Program::slots() const { return plan_->slots; }

}  // namespace touchstone::rules::expr
