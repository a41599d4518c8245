// Typed operations against the generic ones: each signature of each function is evaluated over
// variables of its types, and over variables that may be anything, which keep the generic path.
// Both end in the same operation, which other tests hold to its meaning; here it is chosen and
// reached.

#include "rules/expr/typed_operations.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"
#include "rules/expr/comparison.h"
#include "tests/rules/expr/function_calls.h"

namespace touchstone::rules::expr {
namespace {

// What is planned as something other than a typed operation; nullopt for all else. There is no
// function whose calls on known types are left to Call.
std::optional<Op> OwnOp(Function function) {
  switch (function) {
    case Function::kNot:
      return Op::kNot;
    case Function::kDyn:
      return Op::kSlot;  // the operand itself
    case Function::kOptionalNone:
      return Op::kConstant;
    case Function::kOrOptional:
    case Function::kOrValue:
      return Op::kOrElse;  // the second operand may be left out
    default:
      return std::nullopt;
  }
}

bool IsTyped(Op op) {
  return op == Op::kTypedUnary || op == Op::kTypedBinary || op == Op::kTypedMany ||
         op == Op::kTypedCompare;
}

bool IsExtreme(Function function) {
  return function == Function::kGreatest || function == Function::kLeast;
}

// Every call of every function but those with an operation of their own; numbers of two kinds
// compared are among them.
std::vector<FunctionCall> TypedCalls() {
  std::vector<FunctionCall> typed;
  for (int i = 0; i < static_cast<int>(Function::kUnknown); ++i) {
    const Function function = static_cast<Function>(i);
    if (OwnOp(function).has_value()) continue;
    for (FunctionCall& call : CallsOf(function)) typed.push_back(std::move(call));
    if (!IsComparison(function)) continue;
    for (const TypeKind a : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble}) {
      for (const TypeKind b : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble}) {
        if (a != b) typed.push_back({function, false, {Type(a), Type(b)}});
      }
    }
  }
  return typed;
}

TEST(TypedOperationsTest, EveryOverloadIsPlannedAsATypedOperation) {
  for (const FunctionCall& call : TypedCalls()) {
    EXPECT_TRUE(IsTyped(Subject(call, Subject::Operands::kTyped).Root().op)) << call.ToString();
    const Op generic = Subject(call, Subject::Operands::kAnything).Root().op;
    // More than two values of math.greatest are those of a list, which is known to be one.
    const Op anything = call.params.size() > 2 && IsExtreme(call.function) ? Op::kTypedUnary
                        : IsComparison(call.function)                      ? Op::kCompare
                                                                           : Op::kCall;
    EXPECT_EQ(generic, anything) << call.Text();
  }
  for (int i = 0; i < static_cast<int>(Function::kUnknown); ++i) {
    const Function function = static_cast<Function>(i);
    for (const FunctionCall& call : CallsOf(function)) {
      const std::optional<Op> own = OwnOp(function);
      if (!own.has_value()) break;
      EXPECT_EQ(Subject(call, Subject::Operands::kTyped).Root().op, *own) << call.ToString();
    }
  }
}

// What is held by a list, by an optional or as a key is known, too.
TEST(TypedOperationsTest, ElementsHaveOperationsOfTheirKind) {
  const auto of = [](Function function, Kind a, Kind b, Kind element) {
    return FindTyped(function, {KindsOf(a, b), element});
  };
  for (const Kind holder : {Kind::kList, Kind::kMap, Kind::kOptional}) {
    for (const Kind element : {Kind::kInt, Kind::kString, Kind::kMoney, Kind::kRecord}) {
      const TypedOperation* known = of(Function::kEqual, holder, holder, element);
      ASSERT_NE(known, nullptr);
      EXPECT_EQ(known->element, element);
    }
    EXPECT_EQ(of(Function::kEqual, holder, holder, Kind::kError)->element, Kind::kError);
  }
  for (const Kind element :
       {Kind::kInt, Kind::kUint, Kind::kDouble, Kind::kMoney, Kind::kDecimal}) {
    const TypedOperation* known = of(Function::kGreatest, Kind::kList, Kind::kError, element);
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->element, element);
  }
  EXPECT_EQ(of(Function::kGreatest, Kind::kList, Kind::kError, Kind::kString)->element,
            Kind::kError);
}

TEST(TypedOperationsTest, ThePlannerKnowsTheElements) {
  const Type list = Type::List(Type(TypeKind::kInt));
  const Type map = Type::Map(Type(TypeKind::kString), Type(TypeKind::kInt));
  const Type optional = Type::Optional(Type(TypeKind::kMoney));
  const auto equality = [](const Type& type, Kind element) {
    const Kind kind = *KindOf(type);
    const Node root = Subject("t.a == t.b", {type, type}, Subject::Operands::kTyped).Root();
    EXPECT_EQ(root.binary, FindTyped(Function::kEqual, {KindsOf(kind, kind), element})->binary);
  };
  equality(list, Kind::kInt);
  equality(map, Kind::kString);
  equality(optional, Kind::kMoney);
  const TypedUnary greatest =
      FindTyped(Function::kGreatest, {KindsOf(Kind::kList), Kind::kInt})->unary;
  EXPECT_EQ(Subject("math.greatest(t.a)", {list}, Subject::Operands::kTyped).Root().unary,
            greatest);
  const std::vector<Type> numbers(3, Type(TypeKind::kInt));
  const std::string text = "math.greatest(t.a, t.b, t.c)";
  EXPECT_EQ(Subject(text, numbers, Subject::Operands::kTyped).Root().unary, greatest);
  EXPECT_NE(Subject(text, numbers, Subject::Operands::kAnything).Root().unary, greatest);
}

TEST(TypedOperationsTest, NoOperationTakesOtherKindsOrCounts) {
  EXPECT_EQ(FindTyped(Function::kAdd, {KindsOf(Kind::kInt, Kind::kUint)}), nullptr);
  EXPECT_EQ(FindTyped(Function::kAdd, {KindsOf(Kind::kInt)}), nullptr);
  EXPECT_EQ(FindTyped(Function::kAdd, OperandKinds()), nullptr);
  EXPECT_EQ(FindTyped(Function::kUnknown, {KindsOf(Kind::kType)}), nullptr);
}

// A literal beside an amount is read as such an amount.
TEST(TypedOperationsTest, AmountsBesideLiteralsAreComparedAsTheirKind) {
  const std::vector<Type> money = {Type(TypeKind::kMoney)};
  EXPECT_EQ(Subject("t.a < 12.50", money, Subject::Operands::kTyped).Root().op,
            Op::kSlotCompareExactMoney);
  EXPECT_EQ(Subject("t.a + t.a < 12.50", money, Subject::Operands::kTyped).Root().op,
            Op::kCompareExactMoney);
  const std::vector<Type> decimal = {Type(TypeKind::kDecimal)};
  EXPECT_EQ(Subject("t.a < 12.50", decimal, Subject::Operands::kTyped).Root().op,
            Op::kSlotCompareExactDecimal);
  EXPECT_EQ(Subject("t.a + t.a < 12.50", decimal, Subject::Operands::kTyped).Root().op,
            Op::kCompareExactDecimal);
}

// What one takes as its own kind is another kind to the other, and so the general case.
TEST(TypedOperationsTest, ValuesBesideLiteralsComeOutAsInTheGeneralCase) {
  const EdgeValues values;
  for (const std::string operand : {"t.a", "t.a + t.a"}) {
    for (const std::string relation : {" < 12.50", " == 1.000", " >= -0.01", " != 7"}) {
      const std::string text = operand + relation;
      const Subject money(text, {Type(TypeKind::kMoney)}, Subject::Operands::kTyped);
      const Subject decimal(text, {Type(TypeKind::kDecimal)}, Subject::Operands::kTyped);
      for (const Value& value : values.all()) {
        ASSERT_EQ(money.Evaluate({value}, 10), decimal.Evaluate({value}, 10))
            << text << " of " << DebugString(value);
      }
    }
  }
}

// Every pair of the edge values that may be the first two operands; the others take turns.
std::vector<std::vector<Value>> RowsOf(const std::vector<std::vector<Value>>& operands) {
  std::vector<std::vector<Value>> rows;
  const size_t seconds = operands.size() == 1 ? 1 : operands[1].size();
  for (size_t i = 0; i < operands[0].size() * seconds; ++i) {
    std::vector<Value> row = {operands[0][i / seconds]};
    if (operands.size() > 1) row.push_back(operands[1][i % seconds]);
    for (size_t at = 2; at < operands.size(); ++at) {
      row.push_back(operands[at][(i / seconds + at * i) % operands[at].size()]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string WordsFor(const std::vector<Value>& row) {
  std::string words;
  for (const Value& value : row) words += DebugString(value) + "; ";
  return words;
}

// It is 0 of the type of the elements, where that is known.
bool IsSumOfNothing(const FunctionCall& call, const std::vector<Value>& row) {
  return call.function == Function::kSum && row[0].kind() == Kind::kList &&
         row[0].list_value().size == 0;
}

void ExpectAsOnTheGenericPath(const FunctionCall& call,
                              const std::vector<std::vector<Value>>& operands) {
  const Subject typed(call, Subject::Operands::kTyped);
  const Subject generic(call, Subject::Operands::kAnything);
  for (const std::vector<Value>& row : RowsOf(operands)) {
    if (IsSumOfNothing(call, row)) continue;
    ASSERT_EQ(typed.Evaluate(row, 1000), generic.Evaluate(row, 1000))
        << call.ToString() << " of " << WordsFor(row);
  }
}

TEST(TypedOperationsTest, EdgesComeOutAsOnTheGenericPath) {
  const EdgeValues values;
  for (const FunctionCall& call : TypedCalls()) {
    std::vector<std::vector<Value>> operands;
    operands.reserve(call.params.size());
    for (const Type& param : call.params) operands.push_back(values.OfKind(*KindOf(param)));
    ExpectAsOnTheGenericPath(call, operands);
  }
}

// Operands are errors, or of kinds that an older schema declared.
TEST(TypedOperationsTest, OtherKindsComeOutAsOnTheGenericPath) {
  const EdgeValues values;
  std::vector<Value> odd = {Value::Error(ErrorCode::kUnavailable), Value::Absent()};
  for (int kind = static_cast<int>(Kind::kNull); kind <= static_cast<int>(Kind::kType); ++kind) {
    const std::vector<Value> of_kind = values.OfKind(static_cast<Kind>(kind));
    if (!of_kind.empty()) odd.push_back(of_kind[of_kind.size() / 2]);
  }
  for (const FunctionCall& call : TypedCalls()) {
    ExpectAsOnTheGenericPath(call, std::vector<std::vector<Value>>(call.params.size(), odd));
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
  for (size_t i = 0; i + call.params.size() <= choices.size(); i += call.params.size()) {
    std::vector<Value> row;
    row.reserve(call.params.size());
    for (const Type& param : call.params) {
      row.push_back(values.Choose(choices[i + row.size()], param));
    }
    RC_LOG() << call.ToString() << " of " << WordsFor(row) << " within " << steps << "\n";
    RC_ASSERT(typed.Evaluate(row, steps) == generic.Evaluate(row, steps));
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
