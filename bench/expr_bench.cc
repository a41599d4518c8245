// How long one condition takes. The ten-atom rule is the shape of a typical offer: an enum, ranges,
// membership, a three-way choice, a suffix.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "rules/expr/checker.h"
#include "rules/expr/parser.h"
#include "rules/expr/program.h"

namespace touchstone::rules::expr {
namespace {

struct Attribute {
  absl::string_view name;
  Type type;
  Value value;
};

std::vector<Attribute> Attributes() {
  const Currency eur = *Currency::FromCode("EUR");
  return {{"customer.tier", Type(TypeKind::kString), Value::String("gold")},
          {"customer.age", Type(TypeKind::kInt), Value::Int(42)},
          {"customer.store", Type(TypeKind::kString), Value::String("S12")},
          {"customer.visits_30d", Type(TypeKind::kInt), Value::Int(1)},
          {"customer.spend_90d", Type(TypeKind::kMoney), Value::OfMoney({29999, eur})},
          {"customer.segment", Type(TypeKind::kString), Value::String("loyal")},
          {"customer.email", Type(TypeKind::kString), Value::String("anna.muster@example.com")},
          {"customer.score", Type(TypeKind::kDouble), Value::Double(0.5)},
          {"basket.lines", Type(TypeKind::kInt), Value::Int(7)},
          {"customer.refunds_90d", Type(TypeKind::kMoney), Value::OfMoney({1250, eur})},
          {"customer.trend", Type(TypeKind::kDouble), Value::Double(1.5)},
          {"customer.pattern", Type(TypeKind::kString), Value::String("^[a-z.]+@example")}};
}

constexpr absl::string_view kTenAtoms =
    "customer.tier == 'gold' && customer.age >= 18 && customer.age < 65 && "
    "customer.store in ['S1', 'S2', 'S3', 'S12'] && "
    "(customer.visits_30d > 3 || customer.spend_90d >= 300.00 || customer.segment == 'loyal') && "
    "customer.email.endsWith('@example.com') && customer.score < 0.75 && basket.lines > 2";

// An evaluation must come out true, or the time means nothing.
void Evaluate(benchmark::State& state, absl::string_view source) {
  Environment environment;
  std::vector<Value> row;
  for (const Attribute& attribute : Attributes()) {
    VariableDecl variable;
    variable.name = std::string(attribute.name);
    variable.type = attribute.type;
    variable.slot = Slot{0, static_cast<uint16_t>(row.size())};
    if (!environment.Declare(variable).ok()) std::abort();
    row.push_back(attribute.value);
  }
  const ParseResult parsed = Parse(source);
  if (parsed.expr == nullptr) return state.SkipWithError("does not parse");
  if (!Check(*parsed.expr, environment, Type(TypeKind::kBool)).empty()) {
    return state.SkipWithError("does not check");
  }
  const absl::StatusOr<Program> program = Program::Compile(*parsed.expr, environment);
  if (!program.ok()) return state.SkipWithError("does not compile");
  Frame frame;
  frame.rows[0] = row;
  Scratch scratch;
  if (!program->Evaluate(frame, scratch).IsTrue()) return state.SkipWithError("is not true");
  for (auto _ : state) {
    scratch.Reset();
    benchmark::DoNotOptimize(program->Evaluate(frame, scratch));
  }
}

void TenAtoms(benchmark::State& state) { Evaluate(state, kTenAtoms); }
BENCHMARK(TenAtoms);

void OneAtom(benchmark::State& state) { Evaluate(state, "customer.tier == 'gold'"); }
BENCHMARK(OneAtom);

void Arithmetic(benchmark::State& state) {
  Evaluate(state, "0.2 * double(customer.spend_90d) + customer.score > 1.0");
}
BENCHMARK(Arithmetic);

void IntArithmetic(benchmark::State& state) {
  Evaluate(state, "customer.age * basket.lines + customer.age % basket.lines - basket.lines > 280");
}
BENCHMARK(IntArithmetic);

void DoubleArithmetic(benchmark::State& state) {
  Evaluate(state, "customer.score * customer.trend + customer.trend / customer.score > 3.7");
}
BENCHMARK(DoubleArithmetic);

void MoneyArithmetic(benchmark::State& state) {
  Evaluate(state,
           "customer.spend_90d - customer.refunds_90d * basket.lines > "
           "customer.refunds_90d + customer.refunds_90d");
}
BENCHMARK(MoneyArithmetic);

void ComparisonOfFacts(benchmark::State& state) {
  Evaluate(state,
           "customer.spend_90d > customer.refunds_90d && customer.age > basket.lines && "
           "customer.trend > customer.score && customer.tier != customer.segment");
}
BENCHMARK(ComparisonOfFacts);

void Size(benchmark::State& state) {
  Evaluate(state, "size(customer.tier) + size(customer.segment) == 9");
}
BENCHMARK(Size);

// Of as many entries as its argument says, the last of which is asked for.
void ConstantMap(benchmark::State& state) {
  std::string map = "{";
  for (int64_t i = 1; i < state.range(0); ++i) absl::StrAppend(&map, "'t", 100 + i, "': ", i, ", ");
  Evaluate(state, absl::StrCat(map, "'gold': 40}[customer.tier] == 40"));
}
BENCHMARK(ConstantMap)->Arg(2)->Arg(4)->Arg(8)->Arg(16)->Arg(64);

void PatternOfAFact(benchmark::State& state) {
  Evaluate(state, "customer.email.matches(customer.pattern)");
}
BENCHMARK(PatternOfAFact);

void Pattern(benchmark::State& state) {
  Evaluate(state, "customer.email.matches('^[a-z.]+@example')");
}
BENCHMARK(Pattern);

void Loop(benchmark::State& state) {
  Evaluate(state, "[1, 2, 3, 4, 5, 6, 7, 8].exists(x, x + customer.age == 50)");
}
BENCHMARK(Loop);

}  // namespace
}  // namespace touchstone::rules::expr

BENCHMARK_MAIN();
