// What evaluations ask of the heap once the scratch is warm: nothing, whatever is called on
// whatever, and whether or not it fails.

#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "rules/expr/signatures.h"
#include "tests/heap_allocations.h"
#include "tests/rules/expr/function_calls.h"

namespace touchstone::rules::expr {
namespace {

// Of one evaluation that follows two like it.
int64_t HeapAllocationsOf(const Program& program, const std::vector<Value>& row, Scratch& scratch) {
  Frame frame;
  frame.rows[0] = row;
  int64_t before = 0;
  for (int i = 0; i < 3; ++i) {
    before = tests::HeapAllocations();
    scratch.Reset();
    program.Evaluate(frame, scratch);
  }
  return tests::HeapAllocations() - before;
}

// Not called with all values computed; program_test has them.
bool IsCalledInItsOwnWay(Function function) {
  return function == Function::kConditional || function == Function::kAnd ||
         function == Function::kOr;
}

TEST(EvaluationMemoryTest, NoFunctionTouchesTheHeapOnAnyOperands) {
  constexpr int kRows = 60;
  std::mt19937_64 random(20261122);
  const EdgeValues values;
  Scratch scratch;
  for (int i = 0; i < static_cast<int>(Function::kUnknown); ++i) {
    const Function function = static_cast<Function>(i);
    const std::vector<FunctionCall> calls = CallsOf(function);
    EXPECT_EQ(calls.empty(), IsCalledInItsOwnWay(function)) << FunctionName(function);
    for (const FunctionCall& call : calls) {
      for (const auto operands : {Subject::Operands::kTyped, Subject::Operands::kAnything}) {
        const Subject subject(call, operands);
        for (int turn = 0; turn < kRows; ++turn) {
          std::vector<Value> row;
          row.reserve(call.params.size());
          for (const Type& param : call.params) row.push_back(values.Choose(random(), param));
          const int64_t allocations = HeapAllocationsOf(subject.program(), row, scratch);
          std::string given;
          for (const Value& value : row) given += DebugString(value) + "; ";
          ASSERT_EQ(allocations, 0) << call.ToString() << " of " << given;
        }
      }
    }
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
