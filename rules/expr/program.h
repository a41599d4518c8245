#pragma once

// A checked expression, ready to run: immutable, shared by all threads.
//
// Errors: Compile fails (InvalidArgument) only for what the checker cannot know, such as a constant
// pattern that RE2 refuses or that exceeds limits::kMaxRegexProgramSize. Evaluation never fails: an
// expression that goes wrong is an error value.
// Cost of Evaluate: no heap allocation in steady state; strings, lists and maps that it makes live
// in the scratch arena. Depth is bounded by the checker's limits, work by the step limit.

#include <array>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "rules/expr/arena.h"
#include "rules/expr/ast.h"
#include "rules/expr/calendar.h"
#include "rules/expr/environment.h"
#include "rules/expr/value.h"

namespace touchstone::rules::expr {

// The facts of one evaluation: rows of values that slots point into. A slot beyond its row reads as
// absent.
inline constexpr size_t kMaxRows = 4;
struct Frame {
  std::array<absl::Span<const Value>, kMaxRows> rows;
  // The calendar of age() and of getters without a zone argument is UTC as CEL says; age() uses
  // this zone for `now`.
  absl::TimeZone zone;
};

class CompiledTexts;

// Memory and budget of evaluations on one thread, reused from one to the next.
class Scratch {
 public:
  Scratch();
  ~Scratch();

  Arena& arena() { return arena_; }
  Calendar& calendar() { return calendar_; }
  // Made when first asked for.
  CompiledTexts& compiled_texts();
  // Invalidates every value made in this scratch and refills the step budget.
  void Reset(uint64_t step_limit = limits::kDefaultStepLimit) {
    arena_.Reset();
    steps_left_ = step_limit;
  }
  // Refills the budget alone: values stay.
  void Refill(uint64_t step_limit) { steps_left_ = step_limit; }
  uint64_t steps_left() const { return steps_left_; }
  // Takes steps; false when the budget is used up.
  bool Spend(uint64_t steps) {
    if (steps_left_ < steps) return false;
    steps_left_ -= steps;
    return true;
  }

 private:
  Arena arena_;
  Calendar calendar_;
  std::unique_ptr<CompiledTexts> compiled_texts_;
  uint64_t steps_left_ = limits::kDefaultStepLimit;
};

class Program {
 public:
  // `environment` constants are referenced, not copied: they must outlive the program.
  static absl::StatusOr<Program> Compile(const Expr& checked, const Environment& environment);

  Program(Program&&) noexcept;
  Program& operator=(Program&&) noexcept;
  ~Program();

  Value Evaluate(const Frame& frame, Scratch& scratch) const;

  // The slots the program may read, without duplicates, in ascending order.
  absl::Span<const Slot> slots() const;

 private:
  struct Plan;
  explicit Program(std::unique_ptr<const Plan> plan);
  std::unique_ptr<const Plan> plan_;
};

}  // namespace touchstone::rules::expr
