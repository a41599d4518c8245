// What evaluations ask of the heap once the scratch is warm: nothing, whatever is called on
// whatever, and whether or not it fails.

#include <random>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
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

// Of operands chosen for the types.
void ExpectNoAllocations(const Subject& subject, const std::vector<Type>& types,
                         absl::string_view words) {
  constexpr int kRows = 60;
  static std::mt19937_64& random = *new std::mt19937_64(20261122);
  static const EdgeValues& values = *new EdgeValues();
  static Scratch& scratch = *new Scratch();
  for (int turn = 0; turn < kRows; ++turn) {
    std::vector<Value> row;
    row.reserve(types.size());
    for (const Type& type : types) row.push_back(values.Choose(random(), type));
    const int64_t allocations = HeapAllocationsOf(subject.program(), row, scratch);
    std::string given;
    for (const Value& value : row) given += DebugString(value) + "; ";
    ASSERT_EQ(allocations, 0) << words << " of " << given;
  }
}

TEST(EvaluationMemoryTest, NoFunctionTouchesTheHeapOnAnyOperands) {
  for (int i = 0; i < static_cast<int>(Function::kUnknown); ++i) {
    const Function function = static_cast<Function>(i);
    const std::vector<FunctionCall> calls = CallsOf(function);
    EXPECT_EQ(calls.empty(), IsCalledInItsOwnWay(function)) << FunctionName(function);
    for (const FunctionCall& call : calls) {
      for (const auto operands : {Subject::Operands::kTyped, Subject::Operands::kAnything}) {
        ExpectNoAllocations(Subject(call, operands), call.params, call.ToString());
      }
    }
  }
}

TEST(EvaluationMemoryTest, NoComparisonWithALiteralTouchesTheHeap) {
  for (const TypeKind kind : {TypeKind::kMoney, TypeKind::kDecimal, TypeKind::kInt}) {
    for (const std::string text : {"t.a < 12", "t.a + t.a != 12"}) {
      const std::vector<Type> types = {Type(kind)};
      ExpectNoAllocations(Subject(text, types, Subject::Operands::kTyped), types, text);
    }
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
