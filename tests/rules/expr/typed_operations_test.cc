// Typed operations against the generic ones: each signature of each function is evaluated over
// variables of its types, and over variables that may be anything, which keep the generic path.

#include "rules/expr/typed_operations.h"

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/expr/planner.h"
#include "rules/expr/program.h"
#include "rules/expr/signatures.h"
#include "rules/expr/timestamps.h"

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
    Function::kCurrency,
    Function::kIndex,
    Function::kIn,
};

// What a type parameter stands for: the types whose equality and lookup are typed.
const std::vector<Type>& ParameterTypes() {
  static const auto& types = *new std::vector<Type>{
      Type(TypeKind::kBool),     Type(TypeKind::kInt),       Type(TypeKind::kUint),
      Type(TypeKind::kDouble),   Type(TypeKind::kString),    Type(TypeKind::kBytes),
      Type(TypeKind::kDuration), Type(TypeKind::kTimestamp), Type(TypeKind::kMoney),
      Type(TypeKind::kDecimal)};
  return types;
}

struct Overload {
  Function function;
  bool receiver_style = false;
  std::vector<Type> params;

  // The call over variables a and b of the namespace.
  std::string Text(absl::string_view space) const {
    const std::string a = absl::StrCat(space, ".a");
    const std::string b = absl::StrCat(space, ".b");
    const std::string name(FunctionName(function));
    if (function == Function::kIndex) return absl::StrCat(a, "[", b, "]");
    if (function == Function::kNegate) return absl::StrCat("-", a);
    // Operators are named as "_+_".
    if (name[0] == '_') return absl::StrCat(a, " ", name.substr(1, name.size() - 2), " ", b);
    if (params.size() == 1) {
      return receiver_style ? absl::StrCat(a, ".", name, "()") : absl::StrCat(name, "(", a, ")");
    }
    return absl::StrCat(a, ".", name, "(", b, ")");
  }
};

Type Instantiated(const Type& type, const Type& parameter) {
  switch (type.kind()) {
    case TypeKind::kParam:
      return type.name() == "A" ? parameter : Type(TypeKind::kInt);
    case TypeKind::kList:
      return Type::List(Instantiated(type.element(), parameter));
    case TypeKind::kMap:
      return Type::Map(Instantiated(type.param(0), parameter),
                       Instantiated(type.param(1), parameter));
    default:
      return type;
  }
}

bool IsOrderOrEquality(Function function) {
  return function >= Function::kEqual && function <= Function::kGreaterEqual;
}

// The signatures that have one, with type parameters filled in, and numbers of two kinds compared.
std::vector<Overload> TypedOverloads() {
  std::vector<Overload> overloads;
  for (const Function function : kTyped) {
    std::set<std::string> seen;
    for (const Signature& signature : SignaturesOf(function)) {
      for (const Type& parameter : ParameterTypes()) {
        Overload overload{function, signature.receiver_style, {}};
        std::vector<Kind> kinds;
        for (const Type& param : signature.params) {
          overload.params.push_back(Instantiated(param, parameter));
          if (const auto kind = KindOf(overload.params.back())) kinds.push_back(*kind);
        }
        if (kinds.size() != signature.params.size()) continue;
        const bool typed = kinds.size() == 1 ? FindTypedUnary(function, kinds[0]) != nullptr
                           : IsOrderOrEquality(function)
                               ? FindTypedComparison(kinds[0], kinds[1]) != nullptr
                               : FindTypedBinary(function, kinds[0], kinds[1]) != nullptr;
        const bool is_new = seen.insert(absl::StrCat(overload.Text("t"), kinds.size(), " ",
                                                     overload.params[0].ToString(), " ",
                                                     overload.params.back().ToString()))
                                .second;
        if (typed && is_new) overloads.push_back(std::move(overload));
      }
    }
    if (!IsOrderOrEquality(function)) continue;
    for (const TypeKind a : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble}) {
      for (const TypeKind b : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble}) {
        if (a != b) overloads.push_back({function, false, {Type(a), Type(b)}});
      }
    }
  }
  return overloads;
}

// One expression, checked and planned over a and b of the given types.
class Subject {
 public:
  Subject(const std::string& text, const std::vector<Type>& params) {
    CheckPolicy policy;
    policy.cross_numeric_comparisons = true;
    environment_ = Environment(policy);
    for (size_t i = 0; i < params.size(); ++i) {
      VariableDecl variable;
      variable.name = i == 0 ? "t.a" : "t.b";
      variable.type = params[i];
      variable.slot = Slot{0, static_cast<uint16_t>(i)};
      EXPECT_TRUE(environment_.Declare(variable).ok());
    }
    ParseResult parsed = Parse(text);
    EXPECT_NE(parsed.expr, nullptr) << text;
    const Issues issues = Check(*parsed.expr, environment_, std::nullopt);
    EXPECT_TRUE(issues.empty()) << text << ": " << issues[0].message;
    expr_ = std::move(parsed.expr);
    absl::StatusOr<Program> program = Program::Compile(*expr_, environment_);
    EXPECT_TRUE(program.ok()) << text;
    program_.emplace(*std::move(program));
  }

  Op RootOp() const {
    EvaluationPlan plan;
    EXPECT_TRUE(Planner(environment_, plan).Plan(*expr_).ok());
    return plan.root_node.op;
  }

  // The value, and what it cost.
  std::string Evaluate(const std::vector<Value>& row, uint64_t steps) const {
    Frame frame;
    frame.rows[0] = row;
    Scratch scratch;
    scratch.Reset(steps);
    const std::string value = DebugString(program_->Evaluate(frame, scratch));
    return absl::StrCat(value, ", ", scratch.steps_left(), " steps left");
  }

 private:
  Environment environment_;
  ExprPtr expr_;
  std::optional<Program> program_;
};

Subject Typed(const Overload& overload) { return Subject(overload.Text("t"), overload.params); }
Subject Generic(const Overload& overload) {
  return Subject(overload.Text("t"), std::vector<Type>(overload.params.size(), Type()));
}

// Values of every kind, the edges of each among them.
class Values {
 public:
  Values() {
    const Currency eur = *Currency::FromCode("EUR");
    const Currency jpy = *Currency::FromCode("JPY");
    for (const int64_t n : {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{2}, int64_t{7},
                            int64_t{1000}, int64_t{-1500}, int64_t{1} << 53, (int64_t{1} << 53) + 1,
                            INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1}) {
      for (const Value& value :
           {Value::Int(n), Value::Uint(static_cast<uint64_t>(n)), Value::DurationNanos(n),
            Value::OfDecimal(Decimal{n}), Value::OfMoney({n, eur}), Value::OfMoney({n, jpy}),
            Value::OfMoney({n, Currency()}), Value::Double(static_cast<double>(n))}) {
        all_.push_back(value);
      }
    }
    for (const double d :
         {-0.0, 0.5, -2.5, 1e300, -1e300, 5e-324, std::numeric_limits<double>::infinity(),
          -std::numeric_limits<double>::infinity(), std::numeric_limits<double>::quiet_NaN()}) {
      all_.push_back(Value::Double(d));
    }
    for (const absl::string_view text :
         {"", "gold", "go", "old", "7", "-1.5", "true", "0.5", "12.50 EUR", "1h", "(", "^g.*d$",
          "2026-02-28T23:59:59.5Z", "\xC3\xA9t\xC3\xA9", "longer than the bytes of a step",
          "longer than the bytes of a stop"}) {
      all_.push_back(Value::String(text));
      all_.push_back(Value::Bytes(text));
    }
    all_.push_back(Value::Bytes("\xFF"));
    for (const int64_t seconds : {int64_t{0}, int64_t{-1}, int64_t{1'772'323'199},
                                  kMinTimestampSeconds, kMaxTimestampSeconds}) {
      all_.push_back(Value::TimestampParts(seconds, 0));
      all_.push_back(Value::TimestampParts(seconds, 999'999'999));
    }
    for (const Value& value : {Value::Null(), Value::Bool(true), Value::Bool(false),
                               Value::Absent(), Value::Error(ErrorCode::kUnavailable),
                               Value::Error(ErrorCode::kOverflow), Value::Optional(nullptr)}) {
      all_.push_back(value);
    }
    AddCollections();
  }

  std::vector<Value> OfKind(Kind kind) const {
    std::vector<Value> values;
    for (const Value& value : all_) {
      if (value.kind() == kind) values.push_back(value);
    }
    return values;
  }
  const std::vector<Value>& all() const { return all_; }

 private:
  void AddCollections() {
    elements_ = {Value::String("go"), Value::String("gold"), Value::Int(7)};
    entries_ = {{Value::String("gold"), Value::Int(1)},
                {Value::Int(7), Value::Int(2)},
                {Value::String(""), Value::Absent()},
                {Value::Uint(1), Value::Int(4)},
                {Value::Bool(true), Value::Int(5)}};
    lists_ = {ListData{elements_.data(), 3, nullptr}, ListData{}};
    maps_ = {MapData{entries_.data(), 5}, MapData{}};
    for (size_t i = 0; i < 2; ++i) {
      all_.push_back(Value::List(&lists_[i]));
      all_.push_back(Value::Map(&maps_[i]));
    }
    all_.push_back(Value::Record(elements_.data(), 3));
  }

  std::vector<Value> all_;
  std::vector<Value> elements_;
  std::vector<MapEntry> entries_;
  std::vector<ListData> lists_;
  std::vector<MapData> maps_;
};

TEST(TypedOperationsTest, EveryOverloadIsPlannedAsATypedOperation) {
  const std::vector<Overload> overloads = TypedOverloads();
  std::set<Function> functions;
  for (const Overload& overload : overloads) {
    functions.insert(overload.function);
    const Op op = Typed(overload).RootOp();
    EXPECT_TRUE(op == Op::kTypedUnary || op == Op::kTypedBinary || op == Op::kTypedCompare)
        << overload.Text("t") << " of " << overload.params[0].ToString();
    const Op generic = Generic(overload).RootOp();
    EXPECT_TRUE(generic == Op::kCall || generic == Op::kCompare) << overload.Text("t");
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
  const Values values;
  for (const Overload& overload : TypedOverloads()) {
    const Subject typed = Typed(overload);
    const Subject generic = Generic(overload);
    for (const Value& a : values.OfKind(*KindOf(overload.params[0]))) {
      for (const Value& b : values.OfKind(*KindOf(overload.params.back()))) {
        const std::vector<Value> row = {a, b};
        ASSERT_EQ(typed.Evaluate(row, 1000), generic.Evaluate(row, 1000))
            << overload.Text("t") << " of " << DebugString(a) << " and " << DebugString(b);
        if (overload.params.size() == 1) break;
      }
    }
  }
}

// One operand, or both, is an error, or of a kind that an older schema declared.
TEST(TypedOperationsTest, OtherKindsComeOutAsOnTheGenericPath) {
  const Values values;
  std::vector<Value> odd = {Value::Error(ErrorCode::kUnavailable), Value::Absent()};
  for (int kind = static_cast<int>(Kind::kNull); kind <= static_cast<int>(Kind::kType); ++kind) {
    const std::vector<Value> of_kind = values.OfKind(static_cast<Kind>(kind));
    if (!of_kind.empty()) odd.push_back(of_kind[of_kind.size() / 2]);
  }
  for (const Overload& overload : TypedOverloads()) {
    const Subject typed = Typed(overload);
    const Subject generic = Generic(overload);
    for (const Value& a : odd) {
      for (const Value& b : odd) {
        const std::vector<Value> row = {a, b};
        ASSERT_EQ(typed.Evaluate(row, 1000), generic.Evaluate(row, 1000))
            << overload.Text("t") << " of " << DebugString(a) << " and " << DebugString(b);
        if (overload.params.size() == 1) break;
      }
    }
  }
}

// Any operands, most of them of the declared kinds; and the steps run out.
RC_GTEST_PROP(TypedOperationsPropertyTest, TypedAndGenericOperationsAgree, ()) {
  static const auto& overloads = *new std::vector<Overload>(TypedOverloads());
  static const Values& values = *new Values();
  const Overload& overload = overloads[*rc::gen::inRange<size_t>(0, overloads.size())];
  const Subject typed = Typed(overload);
  const Subject generic = Generic(overload);
  const auto choose = [](uint16_t choice, const Type& type) {
    const std::vector<Value> declared = values.OfKind(*KindOf(type));
    const std::vector<Value>& pool = choice % 4 == 3 ? values.all() : declared;
    return pool[choice / 4 % pool.size()];
  };
  const uint64_t steps = *rc::gen::element<uint64_t>(0, 1, 2, 3, 5, 250, 400, 1000);
  const auto choices = *rc::gen::arbitrary<std::vector<uint16_t>>();
  for (size_t i = 0; i + 1 < choices.size(); i += 2) {
    const std::vector<Value> row = {choose(choices[i], overload.params[0]),
                                    choose(choices[i + 1], overload.params.back())};
    RC_LOG() << overload.Text("t") << " of " << DebugString(row[0]) << " and "
             << DebugString(row[1]) << " within " << steps << "\n";
    RC_ASSERT(typed.Evaluate(row, steps) == generic.Evaluate(row, steps));
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
