#include "tests/rules/expr/function_calls.h"

#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/expr/planner.h"
#include "rules/expr/signatures.h"
#include "rules/expr/timestamps.h"
#include "rules/expr/typed_operations.h"

namespace touchstone::rules::expr {
namespace {

// What type parameters stand for: every kind.
std::vector<Type> Parameters() {
  std::vector<Type> types;
  for (const TypeKind kind : {TypeKind::kBool, TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble,
                              TypeKind::kString, TypeKind::kBytes, TypeKind::kDuration,
                              TypeKind::kTimestamp, TypeKind::kMoney, TypeKind::kDecimal}) {
    types.push_back(Type(kind));
  }
  types.push_back(Type::List(Type(TypeKind::kString)));
  types.push_back(Type::Map(Type(TypeKind::kInt), Type(TypeKind::kString)));
  types.push_back(Type::Optional(Type(TypeKind::kString)));
  types.push_back(Type::Record(
      "visit", {{"channel", Type(TypeKind::kString)}, {"lines", Type(TypeKind::kInt)}}));
  return types;
}

Type Instantiated(const Type& type, const Type& parameter) {
  switch (type.kind()) {
    case TypeKind::kParam:
      return type.name() == "A" ? parameter : Type(TypeKind::kInt);
    case TypeKind::kList:
      return Type::List(Instantiated(type.element(), parameter));
    case TypeKind::kOptional:
      return Type::Optional(Instantiated(type.element(), parameter));
    case TypeKind::kMap:
      return Type::Map(Instantiated(type.param(0), parameter),
                       Instantiated(type.param(1), parameter));
    default:
      return type;
  }
}

// Whether the elements of a list, or what an optional holds, are of the type's own.
bool HoldsOnly(const Value& value, const Type& type) {
  if (!type.Is(TypeKind::kList) && !type.Is(TypeKind::kOptional)) return true;
  absl::Span<const Value> held;
  if (value.kind() == Kind::kList) {
    held = {value.list_value().elements, value.list_value().size};
  } else if (value.optional_value() != nullptr) {
    held = {value.optional_value(), 1};
  }
  for (const Value& element : held) {
    if (KindOf(type.element()) != element.kind()) return false;
  }
  return true;
}

std::string NameOf(size_t operand) { return std::string("t.") + static_cast<char>('a' + operand); }

}  // namespace

std::string FunctionCall::Text() const {
  const std::string name(FunctionName(function));
  std::vector<std::string> operands;
  operands.reserve(params.size());
  for (size_t i = 0; i < params.size(); ++i) operands.push_back(NameOf(i));
  // Operators are named as "_+_", "-_", "_[?_]".
  if (name.find('_') != std::string::npos) {
    std::string text;
    size_t next = 0;
    for (const char c : name) {
      if (c == '_') {
        absl::StrAppend(&text, " ", operands[next++], " ");
      } else {
        text += c;
      }
    }
    return text;
  }
  if (!receiver_style) return absl::StrCat(name, "(", absl::StrJoin(operands, ", "), ")");
  const std::string receiver = operands[0];
  operands.erase(operands.begin());
  return absl::StrCat(receiver, ".", name, "(", absl::StrJoin(operands, ", "), ")");
}

std::string FunctionCall::ToString() const {
  std::string text = Text();
  for (const Type& param : params) absl::StrAppend(&text, " ", param.ToString());
  return text;
}

std::vector<FunctionCall> CallsOf(Function function) {
  std::vector<FunctionCall> calls;
  std::set<std::string> seen;
  for (const Signature& signature : SignaturesOf(function)) {
    for (const Type& parameter : Parameters()) {
      FunctionCall call{function, signature.receiver_style, {}};
      for (const Type& param : signature.params) {
        call.params.push_back(Instantiated(param, parameter));
      }
      if (seen.insert(call.ToString()).second) calls.push_back(std::move(call));
    }
  }
  // They take any number of values of one type, and so have no signature.
  if (function == Function::kGreatest || function == Function::kLeast) {
    for (const TypeKind kind : {TypeKind::kInt, TypeKind::kUint, TypeKind::kDouble,
                                TypeKind::kMoney, TypeKind::kDecimal}) {
      for (size_t count = 1; count <= 4; ++count) {
        calls.push_back({function, false, std::vector<Type>(count, Type(kind))});
      }
      calls.push_back({function, false, {Type::List(Type(kind))}});
    }
  }
  return calls;
}

Subject::Subject(const FunctionCall& call, Operands operands)
    : Subject(call.Text(), call.params, operands) {}

Subject::Subject(const std::string& text, const std::vector<Type>& types, Operands operands) {
  CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  environment_ = Environment(policy);
  for (size_t i = 0; i < types.size(); ++i) {
    VariableDecl variable;
    variable.name = NameOf(i);
    variable.type = operands == Operands::kTyped ? types[i] : Type();
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

Node Subject::Root() const {
  EvaluationPlan plan;
  EXPECT_TRUE(Planner(environment_, plan).Plan(*expr_).ok());
  return plan.root_node;
}

std::string Subject::Evaluate(const std::vector<Value>& row, uint64_t steps) const {
  Frame frame;
  frame.rows[0] = row;
  Scratch scratch;
  scratch.Reset(steps);
  const std::string value = DebugString(program_->Evaluate(frame, scratch));
  return absl::StrCat(value, ", ", scratch.steps_left(), " steps left");
}

EdgeValues::EdgeValues() {
  AddNumbers();
  AddTexts();
  for (const Value& value :
       {Value::Null(), Value::Bool(true), Value::Bool(false), Value::Absent(),
        Value::Error(ErrorCode::kUnavailable), Value::Error(ErrorCode::kOverflow)}) {
    all_.push_back(value);
  }
  AddCollections();
}

std::vector<Value> EdgeValues::OfKind(Kind kind) const {
  std::vector<Value> values;
  for (const Value& value : all_) {
    if (value.kind() == kind) values.push_back(value);
  }
  return values;
}

Value EdgeValues::Choose(uint64_t choice, const Type& type) const {
  const std::optional<Kind> kind = KindOf(type);
  if (choice % 4 == 3 || !kind.has_value()) return all_[choice / 4 % all_.size()];
  std::vector<Value> declared = OfKind(*kind);
  if (choice % 4 != 2) std::erase_if(declared, [&](const Value& v) { return !HoldsOnly(v, type); });
  return declared[choice / 4 % declared.size()];
}

void EdgeValues::AddNumbers() {
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
  for (const int64_t seconds : {int64_t{0}, int64_t{-1}, int64_t{1'772'323'199},
                                kMinTimestampSeconds, kMaxTimestampSeconds}) {
    all_.push_back(Value::TimestampParts(seconds, 0));
    all_.push_back(Value::TimestampParts(seconds, 999'999'999));
  }
}

void EdgeValues::AddTexts() {
  for (const absl::string_view text : {"",
                                       "gold",
                                       "go",
                                       "old",
                                       "7",
                                       "-1.5",
                                       "true",
                                       "0.5",
                                       "12.50 EUR",
                                       "12.505 EUR",
                                       "99999999999999999999 EUR",
                                       "1 of a currency of a long name",
                                       "1h",
                                       "(",
                                       "^g.*d$",
                                       "Z29sZA",
                                       "%s and %d of %.2f",
                                       "%q is no place to fill in",
                                       "Europe/Berlin",
                                       "+11:00",
                                       "America/Argentina/Buenos_Aires",
                                       "2026-02-28T23:59:59.5Z",
                                       "\xC3\xA9t\xC3\xA9",
                                       "longer than the bytes of a step",
                                       "longer than the bytes of a stop"}) {
    all_.push_back(Value::String(text));
    all_.push_back(Value::Bytes(text));
  }
  all_.push_back(Value::Bytes("\xFF"));
}

void EdgeValues::AddCollections() {
  const std::vector<Value> scalars = all_;
  const auto add_list = [this](std::vector<Value> elements) {
    const std::vector<Value>& kept = elements_.emplace_back(std::move(elements));
    lists_.push_back(ListData{kept.data(), static_cast<uint32_t>(kept.size()), nullptr});
    all_.push_back(Value::List(&lists_.back()));
  };
  const auto add_map = [this](std::vector<MapEntry> entries) {
    const std::vector<MapEntry>& kept = entries_.emplace_back(std::move(entries));
    maps_.push_back(MapData{kept.data(), static_cast<uint32_t>(kept.size())});
    all_.push_back(Value::Map(&maps_.back()));
  };
  const auto add_optional = [this](const Value& held) {
    all_.push_back(Value::Optional(&elements_.emplace_back(1, held)[0]));
  };
  add_list({});
  add_map({});
  all_.push_back(Value::Optional(nullptr));
  add_list({Value::String("go"), Value::String("gold"), Value::Int(7), Value::Int(8)});
  // Of each kind, twice: what is equal must be so wherever it lies.
  for (int kind = static_cast<int>(Kind::kBool); kind <= static_cast<int>(Kind::kDecimal); ++kind) {
    std::vector<Value> of_kind;
    for (const Value& value : scalars) {
      if (static_cast<int>(value.kind()) == kind) of_kind.push_back(value);
    }
    for (int copy = 0; copy < 2; ++copy) {
      add_list({of_kind[0], of_kind[1]});
      add_list({of_kind.back(), of_kind[0], of_kind[1]});
      add_optional(of_kind[1]);
    }
    add_list(of_kind);
    add_map({{of_kind[1], Value::Int(1)}, {of_kind[0], Value::String("go")}});
  }
  add_list({Value::Int(7), Value::Absent()});
  add_map({{Value::String("gold"), Value::Int(1)},
           {Value::Int(7), Value::Int(2)},
           {Value::String(""), Value::Absent()},
           {Value::Uint(1), Value::Int(4)},
           {Value::Bool(true), Value::Int(5)}});
  add_map({{Value::String("gold"), Value::Int(1)}, {Value::String("go"), Value::Int(2)}});
  add_map({{Value::String("go"), Value::Int(2)}, {Value::String("gold"), Value::Int(1)}});
  add_list({all_.back(), all_[all_.size() - 2]});
  add_list({Value::Optional(nullptr), Value::Optional(&held_)});
  add_optional(Value::List(&lists_[1]));
  add_optional(Value::Map(&maps_.back()));
  for (int copy = 0; copy < 2; ++copy) {
    const std::vector<Value>& fields =
        elements_.emplace_back(std::vector<Value>{Value::String("go"), Value::Int(7)});
    all_.push_back(Value::Record(fields.data(), 2));
    add_list({all_.back()});
  }
  const std::vector<Value>& sparse =
      elements_.emplace_back(std::vector<Value>{Value::String("go"), Value::Absent()});
  all_.push_back(Value::Record(sparse.data(), 2));
  all_.push_back(Value::Record(sparse.data(), 0));
}

}  // namespace touchstone::rules::expr
