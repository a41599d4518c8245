// What a decision table costs: to be checked and compiled, and to be asked for its row by the index
// and row by row. Rows over a text of fifty words, one of ten and ranges of an amount, of which one
// holds; every answer is checked.

#include <benchmark/benchmark.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "rules/ruleset/compile.h"

namespace touchstone::rules {
namespace {

using expr::Value;

constexpr int kRegions = 50;
constexpr int kTiers = 10;

v1::RuleSet RuleSetWithTable(int rows) {
  v1::RuleSet rules;
  v1::RuleSetSettings& settings = *rules.mutable_settings();
  settings.set_name("Bench");
  settings.set_zone("Europe/Berlin");
  settings.add_currencies("EUR");
  settings.add_locales("en");
  settings.add_channels("pos");
  for (const auto& [name, type] :
       {std::pair("region", "string"), std::pair("spend", "money"), std::pair("tier", "string")}) {
    v1::Attribute& attribute = (*rules.mutable_schema()->mutable_customer())[name];
    attribute.set_type(type);
    attribute.set_optional(true);
  }
  v1::Segment& everyone = *rules.add_segments();
  everyone.set_name("everyone");
  everyone.set_otherwise("always");
  v1::DecisionTable& table = (*rules.mutable_tables())["t"];
  table.set_hit_policy("unique");
  table.set_output("int");
  for (const char* input : {"region", "spend", "tier"}) {
    (*table.mutable_inputs())[input] = absl::StrCat("customer.", input);
  }
  v1::DecisionTableRows& sheet = (*rules.mutable_table_rows())["t"];
  for (const char* column : {"region", "tier", "spend", "value"}) sheet.add_columns(column);
  for (int i = 0; i < rows; ++i) {
    const int step = i / (kRegions * kTiers);
    v1::DecisionTableRow& row = *sheet.add_rows();
    row.add_cells(absl::StrCat("r", i % kRegions));
    row.add_cells(absl::StrCat("t", i / kRegions % kTiers));
    row.add_cells(absl::StrCat("[", step * 10, ".00..", step * 10 + 10, ".00)"));
    row.add_cells(absl::StrCat(i));
  }
  return rules;
}

CompileResult Compiled(const v1::RuleSet& message) {
  return Compile(message, SourceMap(), absl::FromUnixSeconds(1'795'000'000));
}

void CompileTable(benchmark::State& state) {
  const v1::RuleSet message = RuleSetWithTable(static_cast<int>(state.range(0)));
  while (state.KeepRunning()) {
    if (Compiled(message).rule_set == nullptr) state.SkipWithError("the rule set has errors");
  }
}
BENCHMARK(CompileTable)->Arg(10'000)->Unit(benchmark::kMillisecond);

// Customers that one row each is for.
class Asked {
 public:
  Asked(int rows, benchmark::State& state) {
    rule_set_ = Compiled(RuleSetWithTable(rows)).rule_set;
    if (rule_set_ == nullptr) {
      state.SkipWithError("the rule set has errors");
      return;
    }
    for (size_t i = 0; i < kCustomers; ++i) {
      const int row = static_cast<int>(i * 7919 % static_cast<size_t>(rows));
      expected_.push_back(static_cast<uint32_t>(row));
      facts_.push_back(FactsOf(row));
    }
  }

  // Asks for the next customer; whether the right row came.
  template <typename Ask>
  bool Next(const Ask& ask) {
    next_ = (next_ + 1) % kCustomers;
    expr::Frame frame;
    frame.rows[kDecisionRow] = facts_[next_];
    expr_.Reset(UINT64_MAX);
    const DecisionTable::Hit hit = ask(rule_set_->tables[0].rows, frame, expr_);
    return hit.kind == DecisionTable::Hit::Kind::kRow && hit.row == expected_[next_];
  }
  explicit operator bool() const { return rule_set_ != nullptr; }

 private:
  static constexpr size_t kCustomers = 64;

  std::vector<Value> FactsOf(int row) {
    std::vector<Value> facts(rule_set_->layout->decision_row_size(), Value::Absent());
    const int step = row / (kRegions * kTiers);
    const auto text = [this](absl::string_view prefix, int number) {
      return Value::String(memory_.Copy(absl::StrCat(prefix, number)));
    };
    // In order of name: region, spend, tier.
    facts[rule_set_->layout->customer_slot(0)] = text("r", row % kRegions);
    facts[rule_set_->layout->customer_slot(1)] =
        Value::OfMoney({step * 1'000 + 500, Currency::FromCode("EUR").value()});
    facts[rule_set_->layout->customer_slot(2)] = text("t", row / kRegions % kTiers);
    return facts;
  }

  std::shared_ptr<const RuleSet> rule_set_;
  expr::Arena memory_;
  expr::Scratch expr_;
  std::vector<std::vector<Value>> facts_;
  std::vector<uint32_t> expected_;
  size_t next_ = 0;
};

template <typename Ask>
void AskRows(benchmark::State& state, const Ask& ask) {
  Asked asked(static_cast<int>(state.range(0)), state);
  if (!asked) return;
  while (state.KeepRunning()) {
    if (!asked.Next(ask)) {
      state.SkipWithError("another row");
      return;
    }
  }
}

void FirstRow(benchmark::State& state) {
  EligibilityScratch scratch;
  AskRows(state, [&scratch](const DecisionTable& table, const expr::Frame& frame,
                            expr::Scratch& expr) { return table.FirstRow(frame, expr, scratch); });
}
BENCHMARK(FirstRow)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

void FirstRowPlainly(benchmark::State& state) {
  AskRows(state, [](const DecisionTable& table, const expr::Frame& frame, expr::Scratch& expr) {
    return table.FirstRowPlainly(frame, expr);
  });
}
BENCHMARK(FirstRowPlainly)->Arg(10)->Arg(100)->Arg(1'000)->Arg(10'000);

}  // namespace
}  // namespace touchstone::rules

BENCHMARK_MAIN();
