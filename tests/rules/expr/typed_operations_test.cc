// Typed operations against the generic ones: each signature of each function is evaluated over
// variables of its types, and over variables that may be anything, which keep the generic path.

#include "rules/expr/typed_operations.h"

#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"
#include "rules/expr/signatures.h"
#include "tests/rules/expr/function_calls.h"

namespace touchstone::rules::expr {
namespace {

// Functions all of whose signatures have a typed operation.
constexpr Function kTyped[] = {
    Function::kNegate,
    Function::kAdd,
    Function::kSubtract,
    Function::kMultiply,
    Function::kDivide,
    Function::kModulo,
    Function::kEqual,
    Function::kNotEqual,
    Function::kLess,
    Function::kLessEqual,
    Function::kGreater,
    Function::kGreaterEqual,
    Function::kBool,
    Function::kInt,
    Function::kUint,
    Function::kDouble,
    Function::kString,
    Function::kBytes,
    Function::kTimestamp,
    Function::kDuration,
    Function::kMoney,
    Function::kDecimal,
    Function::kSize,
    Function::kContains,
    Function::kStartsWith,
    Function::kEndsWith,
    Function::kMatches,
    Function::kGetFullYear,
    Function::kGetMonth,
    Function::kGetDate,
    Function::kGetDayOfMonth,
    Function::kGetDayOfWeek,
    Function::kGetDayOfYear,
    Function::kGetHours,
    Function::kGetMinutes,
    Function::kGetSeconds,
    Function::kGetMilliseconds,
    Function::kAbs,
    Function::kGreatest,
    Function::kLeast,
    Function::kCurrency,
    Function::kIndex,
    Function::kIn,
};

bool IsOrderOrEquality(Function function) {
  return function >= Function::kEqual && function <= Function::kGreaterEqual;
}

bool IsTyped(const FunctionCall& call) {
  std::vector<Kind> kinds;
  for (const Type& param : call.params) {
    if (const std::optional<Kind> kind = KindOf(param)) kinds.push_back(*kind);
  }
  if (kinds.size() != call.params.size()) return false;
  if (kinds.size() == 1) return FindTypedUnary(call.function, kinds[0]) != nullptr;
  if (kinds.size() != 2) return false;
  if (IsOrderOrEquality(call.function)) return FindTypedComparison(kinds[0], kinds[1]) != nullptr;
  return FindTypedBinary(call.function, kinds[0], kinds[1]) != nullptr;
}

// The calls that have a typed operation; numbers of two kinds compared are among them.
std::vector<FunctionCall> TypedCalls() {
  std::vector<FunctionCall> typed;
  for (const Function function : kTyped) {
    for (FunctionCall& call : CallsOf(function)) {
      if (IsTyped(call)) typed.push_back(std::move(call));
    }
    if (!IsOrderOrEquality(function)) continue;
    for (const TypeKind a : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble}) {
      for (const TypeKind b : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble}) {
        if (a != b) typed.push_back({function, false, {Type(a), Type(b)}});
      }
    }
  }
  return typed;
}

TEST(TypedOperationsTest, EveryOverloadIsPlannedAsATypedOperation) {
  const std::vector<FunctionCall> calls = TypedCalls();
  std::set<Function> functions;
  for (const FunctionCall& call : calls) {
    functions.insert(call.function);
    const Op op = Subject(call, Subject::Operands::kTyped).RootOp();
    EXPECT_TRUE(op == Op::kTypedUnary || op == Op::kTypedBinary || op == Op::kTypedCompare)
        << call.ToString();
    const Op generic = Subject(call, Subject::Operands::kAnything).RootOp();
    EXPECT_TRUE(generic == Op::kCall || generic == Op::kCompare) << call.Text();
  }
  EXPECT_EQ(functions.size(), std::size(kTyped));
}

// An operator, conversion, getter or text test that gets a signature gets a typed operation, too.
TEST(TypedOperationsTest, NoSignatureOfNumbersTextsAndTimesIsLeftOut) {
  for (const Function function : kTyped) {
    for (const Signature& signature : SignaturesOf(function)) {
      if (signature.generic) continue;
      const std::optional<Kind> a = KindOf(signature.params[0]);
      ASSERT_TRUE(a.has_value());
      if (signature.params.size() == 1) {
        EXPECT_NE(FindTypedUnary(function, *a), nullptr) << FunctionName(function);
        continue;
      }
      // A constant zone has an operation of its own.
      if (function >= Function::kGetFullYear && function <= Function::kGetMilliseconds) continue;
      const Kind b = *KindOf(signature.params[1]);
      EXPECT_NE(IsOrderOrEquality(function) ? FindTypedComparison(*a, b)
                                            : FindTypedBinary(function, *a, b),
                nullptr)
          << FunctionName(function) << " " << signature.params[0].ToString();
    }
  }
}

// Every pair of edge values of the declared kinds.
TEST(TypedOperationsTest, EdgesComeOutAsOnTheGenericPath) {
  const EdgeValues values;
  for (const FunctionCall& call : TypedCalls()) {
    const Subject typed(call, Subject::Operands::kTyped);
    const Subject generic(call, Subject::Operands::kAnything);
    for (const Value& a : values.OfKind(*KindOf(call.params[0]))) {
      for (const Value& b : values.OfKind(*KindOf(call.params.back()))) {
        const std::vector<Value> row = {a, b};
        ASSERT_EQ(typed.Evaluate(row, 1000), generic.Evaluate(row, 1000))
            << call.Text() << " of " << DebugString(a) << " and " << DebugString(b);
        if (call.params.size() == 1) break;
      }
    }
  }
}

// One operand, or both, is an error, or of a kind that an older schema declared.
TEST(TypedOperationsTest, OtherKindsComeOutAsOnTheGenericPath) {
  const EdgeValues values;
  std::vector<Value> odd = {Value::Error(ErrorCode::kUnavailable), Value::Absent()};
  for (int kind = static_cast<int>(Kind::kNull); kind <= static_cast<int>(Kind::kType); ++kind) {
    const std::vector<Value> of_kind = values.OfKind(static_cast<Kind>(kind));
    if (!of_kind.empty()) odd.push_back(of_kind[of_kind.size() / 2]);
  }
  for (const FunctionCall& call : TypedCalls()) {
    const Subject typed(call, Subject::Operands::kTyped);
    const Subject generic(call, Subject::Operands::kAnything);
    for (const Value& a : odd) {
      for (const Value& b : odd) {
        const std::vector<Value> row = {a, b};
        ASSERT_EQ(typed.Evaluate(row, 1000), generic.Evaluate(row, 1000))
            << call.Text() << " of " << DebugString(a) << " and " << DebugString(b);
        if (call.params.size() == 1) break;
      }
    }
  }
}

// Any operands, most of them of the declared kinds; and the steps run out.
RC_GTEST_PROP(TypedOperationsPropertyTest, TypedAndGenericOperationsAgree, ()) {
  static const auto& calls = *new std::vector<FunctionCall>(TypedCalls());
  static const EdgeValues& values = *new EdgeValues();
  const FunctionCall& call = calls[*rc::gen::inRange<size_t>(0, calls.size())];
  const Subject typed(call, Subject::Operands::kTyped);
  const Subject generic(call, Subject::Operands::kAnything);
  const uint64_t steps = *rc::gen::element<uint64_t>(0, 1, 2, 3, 5, 250, 400, 1000);
  const auto choices = *rc::gen::arbitrary<std::vector<uint16_t>>();
  for (size_t i = 0; i + 1 < choices.size(); i += 2) {
    const std::vector<Value> row = {values.Choose(choices[i], call.params[0]),
                                    values.Choose(choices[i + 1], call.params.back())};
    RC_LOG() << call.Text() << " of " << DebugString(row[0]) << " and " << DebugString(row[1])
             << " within " << steps << "\n";
    RC_ASSERT(typed.Evaluate(row, steps) == generic.Evaluate(row, steps));
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
