// The planned evaluator against the naive one, on random checked expressions over random facts.

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
// After gtest, which it extends without including it.
#include "rapidcheck/gtest.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/expr/program.h"
#include "tests/rules/expr/naive_evaluator.h"
#include "tests/rules/expr/random_tree.h"

namespace touchstone::rules::expr {
namespace {

// Writes a random well-typed expression as text, choosing by the bytes it is given, so that
// rapidcheck shrinks a failure by shortening them.
class Author {
 public:
  Author(const std::vector<uint8_t>& bytes, size_t start) : bytes_(bytes), next_(start) {}

  std::string Bool(int depth) {
    if (depth == 0) return Pick({"p.yes", "p.no", "true", "false", "has(p.i)", "has(p.m)"});
    const int below = depth - 1;
    switch (Choose(17)) {
      case 0:
      case 1:
        return Two(Bool(below), " && ", Bool(below));
      case 2:
      case 3:
        return Two(Bool(below), " || ", Bool(below));
      case 4:
        return absl::StrCat("!(", Bool(below), ")");
      case 5:
        return absl::StrCat("(", Bool(below), " ? ", Bool(below), " : ", Bool(below), ")");
      case 6:
        return Two(Int(below), Relation(), Int(below));
      case 7:
        return Two(Number(below), Relation(), Number(below));
      case 8:
        return Two(String(below), Relation(), String(below));
      case 9:
        return Two(Pick({"p.m", "p.n"}), Relation(), Pick({"p.m", "p.n", "1.25", "3", "-0.001"}));
      case 10:
        return Two(Pick({"p.q", "2.5", "7"}), Relation(), "p.q");
      case 11:
        return absl::StrCat("(", String(below), ")",
                            Pick({".contains(", ".startsWith(", ".endsWith("}), String(below), ")");
      case 12:
        return Two(String(below), " in ", Strings(below));
      case 13:
        if (Choose(2) == 0) return Two(Number(below), " in ", "[1.0, 0.0, -2.5, 1e300]");
        return Two(Int(below), " in ", Ints(below));
      case 14:
        return Quantifier(below);
      case 15:
        return absl::StrCat(Optional(below), ".hasValue()");
      default:
        return Bool(0);
    }
  }

 private:
  // Past the end the bytes come round again, shifted, so that large trees stay varied.
  size_t Choose(size_t count) {
    if (bytes_.empty()) return 0;
    const size_t round = next_ / bytes_.size();
    return (bytes_[next_++ % bytes_.size()] + 37 * round) % count;
  }
  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Choose(choices.size())];
  }
  static std::string Two(const std::string& a, const std::string& infix, const std::string& b) {
    return absl::StrCat("(", a, infix, b, ")");
  }
  std::string Relation() { return Pick({" == ", " != ", " < ", " <= ", " > ", " >= "}); }

  std::string Int(int depth) {
    if (depth == 0) {
      return Pick({"p.i", "p.j", "0", "1", "-3", "7", "9223372036854775807"});
    }
    const int below = depth - 1;
    switch (Choose(10)) {
      case 0:
        return Two(Int(below), Pick({" + ", " - ", " * ", " / ", " % "}), Int(below));
      case 1:
        return absl::StrCat("-(", Int(below), ")");
      case 2:
        return absl::StrCat("size(", Choose(2) == 0 ? String(below) : Ints(below), ")");
      case 3:
        return absl::StrCat("(", Ints(below), ")[", Pick({"0", "1", "2", "p.i"}), "]");
      case 4:
        return absl::StrCat("(", Bool(below), " ? ", Int(below), " : ", Int(below), ")");
      case 5:
        return absl::StrCat(Optional(below), ".orValue(", Int(below), ")");
      case 6:
        return absl::StrCat(Optional(below), ".value()");
      case 7:
        return absl::StrCat("math.abs(", Int(below), ")");
      case 8:
        return absl::StrCat(Pick({"math.greatest(", "math.least("}), Int(below), ", ", Int(below),
                            Choose(2) == 0 ? absl::StrCat(", ", Int(below)) : "", ")");
      default:
        return scope_.empty() ? Int(0) : Pick(scope_);
    }
  }
  std::string Optional(int depth) {
    if (depth == 0) return Pick({"p.?i", "p.?j", "optional.none()", "optional.of(7)"});
    const int below = depth - 1;
    switch (Choose(7)) {
      case 0:
        return absl::StrCat("optional.of(", Int(below), ")");
      case 1:
        return absl::StrCat("optional.ofNonZeroValue(", Int(below), ")");
      case 2:
        return absl::StrCat("(", Ints(below), ")[?", Pick({"0", "2", "p.i"}), "]");
      case 3:
        return absl::StrCat(Optional(below), ".or(", Optional(below), ")");
      case 4:
        return OptionalMacro(".optMap(", Optional(below), below);
      case 5:
        return OptionalMacro(".optFlatMap(", Optional(below), below);
      default:
        return absl::StrCat("(", Ints(below), ").first()");
    }
  }
  std::string OptionalMacro(const std::string& name, const std::string& target, int depth) {
    const std::string variable = absl::StrCat("o", scope_.size());
    scope_.push_back(variable);
    const std::string body = name == ".optMap(" ? Int(depth) : Optional(depth);
    scope_.pop_back();
    return absl::StrCat(target, name, variable, ", ", body, ")");
  }
  std::string Number(int depth) {
    if (Choose(2) == 0) return Int(depth);
    if (depth == 0) return Pick({"p.d", "0.0", "1.0", "-2.5", "1e300"});
    return Two(Double(depth - 1), Pick({" + ", " - ", " * ", " / "}), Double(depth - 1));
  }
  std::string Double(int depth) {
    if (depth == 0 || Choose(2) == 0) return Pick({"p.d", "0.0", "1.0", "-2.5", "1e300"});
    return Two(Double(depth - 1), Pick({" + ", " * "}), Double(depth - 1));
  }
  std::string String(int depth) {
    if (depth == 0 || Choose(3) != 0) {
      return Pick({"p.s", "p.t", "'gold'", "'go'", "''", "'d'", "'\\u00e9'"});
    }
    return Two(String(depth - 1), " + ", String(depth - 1));
  }
  std::string Strings(int depth) {
    if (Choose(4) == 0) return "p.words";
    return absl::StrCat("[", String(depth), ", ", String(depth), ", 'gold', 'silver']");
  }
  std::string Ints(int depth) {
    if (depth == 0 || Choose(4) == 0) return Pick({"p.ints", "[1, 7, -3]"});
    const int below = depth - 1;
    switch (Choose(4)) {
      case 0:
        return absl::StrCat("[", Int(below), ", ", Choose(2) == 0 ? Int(below) : "?p.?j", "]");
      case 1:
        return Two(Ints(below), " + ", Ints(below));
      case 2:
        return Macro(below, Pick({".map(", ".filter(", ".transformList("}));
      default:
        return Macro(below, ".map3(");
    }
  }
  std::string Quantifier(int depth) {
    return Macro(depth, Pick({".all(", ".exists(", ".exists_one("}));
  }
  std::string Macro(int depth, const std::string& name) {
    const bool collects =
        name == ".map(" || name == ".map3(" || name == ".filter(" || name == ".transformList(";
    // One below the limit on nesting, which has tests of its own.
    if (nesting_ >= 3) return collects ? "p.ints" : "p.yes";
    ++nesting_;
    const std::string range = Ints(depth);
    const std::string variable = absl::StrCat("v", scope_.size());
    scope_.push_back(variable);
    // The other quantifiers have one variable or two.
    const bool two = name == ".transformList(" || (!collects && Choose(3) == 0);
    const std::string position = absl::StrCat("i", scope_.size());
    if (two) scope_.push_back(position);
    std::string body;
    if (name == ".transformList(") {
      body = absl::StrCat(name, position, ", ", variable, ", ",
                          Choose(2) == 0 ? absl::StrCat(Bool(depth), ", ") : "", Int(depth));
    } else if (two) {
      body = absl::StrCat(name, position, ", ", variable, ", ", Bool(depth));
    } else if (name == ".map(") {
      body = absl::StrCat(".map(", variable, ", ", Int(depth));
    } else if (name == ".map3(") {
      body = absl::StrCat(".map(", variable, ", ", Bool(depth), ", ", Int(depth));
    } else {
      body = absl::StrCat(name, variable, ", ", Bool(depth));
    }
    if (two) scope_.pop_back();
    scope_.pop_back();
    --nesting_;
    return absl::StrCat("(", range, ")", body, ")");
  }

  const std::vector<uint8_t>& bytes_;
  size_t next_;
  std::vector<std::string> scope_;
  int nesting_ = 0;
};

struct Fact {
  std::string name;
  Type type;
  std::vector<Value> values;  // one of these, or absent
};

class Facts {
 public:
  Facts() {
    ints_ = {Value::Int(1), Value::Int(7), Value::Int(2)};
    words_ = {Value::String("gold"), Value::String("go")};
    int_list_ = ListData{ints_.data(), 3, nullptr};
    word_list_ = ListData{words_.data(), 2, nullptr};
    const Currency eur = *Currency::FromCode("EUR");
    const Currency jpy = *Currency::FromCode("JPY");
    all_ = {
        {"p.i",
         Type(TypeKind::kInt),
         {Value::Int(0), Value::Int(7), Value::Int(INT64_MIN), Value::Int(1)}},
        {"p.j", Type(TypeKind::kInt), {Value::Int(-3), Value::Int(INT64_MAX)}},
        {"p.d",
         Type(TypeKind::kDouble),
         {Value::Double(1.0), Value::Double(-2.5), Value::Double(1e300), Value::Double(-0.0)}},
        {"p.s", Type(TypeKind::kString), {Value::String("gold"), Value::String("")}},
        {"p.t", Type(TypeKind::kString), {Value::String("go"), Value::String("\xC3\xA9t\xC3\xA9")}},
        {"p.yes", Type(TypeKind::kBool), {Value::Bool(true)}},
        {"p.no", Type(TypeKind::kBool), {Value::Bool(false)}},
        {"p.m",
         Type(TypeKind::kMoney),
         {Value::OfMoney({125, eur}), Value::OfMoney({3, jpy}), Value::OfMoney({0, eur})}},
        {"p.n", Type(TypeKind::kMoney), {Value::OfMoney({125, eur}), Value::OfMoney({300, eur})}},
        {"p.q",
         Type(TypeKind::kDecimal),
         {Value::OfDecimal({2500}), Value::OfDecimal({7000}), Value::OfDecimal({2501})}},
        {"p.ints", Type::List(Type(TypeKind::kInt)), {Value::List(&int_list_)}},
        {"p.words", Type::List(Type(TypeKind::kString)), {Value::List(&word_list_)}},
    };
  }

  const std::vector<Fact>& all() const { return all_; }

 private:
  std::vector<Value> ints_;
  std::vector<Value> words_;
  ListData int_list_;
  ListData word_list_;
  std::vector<Fact> all_;
};

std::vector<Value> RowFrom(const Facts& facts, const std::vector<uint8_t>& choices) {
  std::vector<Value> row;
  for (size_t i = 0; i < facts.all().size(); ++i) {
    const std::vector<Value>& values = facts.all()[i].values;
    // One in eight is absent.
    const uint8_t choice = choices[i];
    row.push_back(choice % 8 == 7 ? Value::Absent() : values[choice / 8 % values.size()]);
  }
  return row;
}

Environment EnvironmentOf(const Facts& facts) {
  CheckPolicy policy;
  policy.cross_numeric_comparisons = true;
  Environment environment(policy);
  for (size_t i = 0; i < facts.all().size(); ++i) {
    VariableDecl variable;
    variable.name = facts.all()[i].name;
    variable.type = facts.all()[i].type;
    variable.slot = Slot{1, static_cast<uint16_t>(i)};
    EXPECT_TRUE(environment.Declare(variable).ok());
  }
  return environment;
}

void ExpectAgreement(const std::string& text, const Facts& facts, const std::vector<Value>& row) {
  RC_LOG() << text << "\n";
  const ParseResult parsed = Parse(text);
  RC_ASSERT(parsed.expr != nullptr);
  const Environment environment = EnvironmentOf(facts);
  const Issues issues = Check(*parsed.expr, environment, Type(TypeKind::kBool));
  if (!issues.empty()) RC_LOG() << issues[0].message << "\n";
  RC_ASSERT(issues.empty());

  std::map<std::string, Value> variables;
  for (size_t i = 0; i < row.size(); ++i) variables[facts.all()[i].name] = row[i];
  const Value truth = NaiveEvaluator(variables).Evaluate(*parsed.expr);

  const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment);
  RC_ASSERT(program.ok());
  Frame frame;
  frame.rows[1] = row;
  Scratch scratch;
  RC_ASSERT(DebugString(program->Evaluate(frame, scratch)) == DebugString(truth));
}

RC_GTEST_PROP(EvaluationPropertyTest, PlannedAndNaiveEvaluationAgree, ()) {
  const Facts facts;
  const auto bytes = *rc::gen::container<std::vector<uint8_t>>(*rc::gen::inRange<size_t>(0, 120),
                                                               rc::gen::arbitrary<uint8_t>());
  const auto choices =
      *rc::gen::container<std::vector<uint8_t>>(facts.all().size(), rc::gen::arbitrary<uint8_t>());
  const std::vector<Value> row = RowFrom(facts, choices);
  // Many expressions from the same bytes: drawing bytes costs more than evaluating.
  for (size_t start = 0; start < 50; ++start) {
    ExpectAgreement(Author(bytes, start).Bool(4), facts, row);
  }
}

struct Evaluated {
  std::string value;
  uint64_t steps_left = 0;

  friend bool operator==(const Evaluated&, const Evaluated&) = default;
};

Evaluated EvaluateWith(const std::string& text, const Environment& environment, const Frame& frame,
                       uint64_t steps) {
  const ParseResult parsed = Parse(text);
  EXPECT_NE(parsed.expr, nullptr) << text;
  EXPECT_TRUE(Check(*parsed.expr, environment, std::nullopt).empty()) << text;
  const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment);
  EXPECT_TRUE(program.ok()) << text;
  Scratch scratch;
  scratch.Reset(steps);
  const std::string value = DebugString(program->Evaluate(frame, scratch));
  return {value, scratch.steps_left()};
}

// A constant text in a list has operations of its own; a text that is a fact has not. Results and
// what they cost must be the same.
RC_GTEST_PROP(EvaluationPropertyTest, ConstantTextInAListIsAsAnyTextInIt, ()) {
  const auto word = rc::gen::element<std::string>("", "go", "gold", "golf", "fresh.fruit.apple",
                                                  "as long as a step", "fifteen letters");
  const std::string text = *word;
  std::vector<Value> elements;
  const auto words = *rc::gen::container<std::vector<std::string>>(word);
  for (const std::string& each : words) {
    elements.push_back(*rc::gen::inRange(0, 8) == 0 ? Value::Int(1) : Value::String(each));
  }
  const ListData list{elements.data(), static_cast<uint32_t>(elements.size()), nullptr};
  const std::vector<Value> choices = {Value::List(&list), Value::List(&list), Value::Absent(),
                                      Value::Error(ErrorCode::kUnavailable), Value::Int(3)};
  const auto container = rc::gen::elementOf(choices);
  const std::vector<Value> first = {*container};
  const std::vector<Value> second = {*container};
  const std::vector<Value> records = {Value::Record(first.data(), 1),
                                      Value::Record(second.data(), 1), Value::Record(nullptr, 0)};
  const ListData record_list{records.data(), *rc::gen::inRange<uint32_t>(0, 4), nullptr};
  const std::vector<Value> row = {Value::String(text), *container, Value::List(&record_list)};

  Environment environment;
  const auto declare = [&environment](const std::string& name, const Type& type, uint16_t slot) {
    VariableDecl variable;
    variable.name = name;
    variable.type = type;
    variable.slot = Slot{1, slot};
    RC_ASSERT(environment.Declare(variable).ok());
  };
  declare("p.text", Type(TypeKind::kString), 0);
  declare("p.words", Type(TypeKind::kDyn), 1);
  declare("p.rows", Type::List(Type::Record("row", {{"words", Type(TypeKind::kDyn)}})), 2);
  Frame frame;
  frame.rows[1] = row;
  const uint64_t steps = *rc::gen::inRange<uint64_t>(0, 60);
  const std::string constant = absl::StrCat("\"", text, "\"");
  for (const auto* tail : {" in p.words", " in (p.text == '' ? p.words : p.words)"}) {
    RC_ASSERT(EvaluateWith(constant + tail, environment, frame, steps) ==
              EvaluateWith(absl::StrCat("p.text", tail), environment, frame, steps));
  }
  for (const auto* macro : {"exists", "all", "exists_one"}) {
    const auto quantified = [macro](const std::string& of) {
      return absl::StrCat("p.rows.", macro, "(r, ", of, " in r.words)");
    };
    RC_ASSERT(EvaluateWith(quantified(constant), environment, frame, steps) ==
              EvaluateWith(quantified("p.text"), environment, frame, steps));
  }
}

// What an unchecked program may hold: any function on any values.
RC_GTEST_PROP(EvaluationPropertyTest, AnyTreeEvaluatesOrIsRefused, ()) {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  CheckPolicy policy;
  policy.enforce_types = false;
  const Environment environment(policy);
  for (int turn = 0; turn < 50; ++turn) {
    const ExprPtr tree = RandomTree(random, 5);
    if (!Check(*tree, environment, std::nullopt).empty()) continue;
    const absl::StatusOr<Program> program = Program::Compile(*tree, environment);
    if (!program.ok()) continue;
    Scratch scratch;
    const Value value = program->Evaluate(Frame(), scratch);
    RC_ASSERT(!DebugString(value).empty());
  }
}

}  // namespace
}  // namespace touchstone::rules::expr
