// Decision tables from their files to what they say of facts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "tests/rules/ruleset/compile_fixture.h"

namespace touchstone::rules {
namespace {

using expr::ErrorCode;
using expr::Value;
using Hit = DecisionTable::Hit;

Value Euro(int64_t minor) { return Value::OfMoney({minor, Currency::FromCode("EUR").value()}); }

class DecisionTableTest : public CompileTest {
 protected:
  // A table `t`; `inputs` as in YAML.
  void Load(const std::string& hit_policy, const std::string& inputs, const std::string& csv,
            const std::string& rest = "output: int") {
    File("tables.yaml",
         absl::StrCat("t: { hit_policy: ", hit_policy, ", inputs: ", inputs, ", ", rest, " }\n"));
    File("tables/t.csv", csv);
    CompileResult result = Compile();
    for (const Diagnostic& finding : result.diagnostics) {
      if (finding.severity == Severity::kError) ADD_FAILURE() << Render(finding);
    }
    rules_ = result.rule_set;
    ASSERT_NE(rules_, nullptr);
    facts_.assign(rules_->layout->decision_row_size(), Value::Absent());
  }

  void Fact(absl::string_view name, Value value) {
    for (uint16_t slot = 0; slot < facts_.size(); ++slot) {
      if (rules_->layout->NameOf({kDecisionRow, slot}) == name) facts_[slot] = value;
    }
  }

  // What the table says: the number of the row (from 1), "none" or "open"; by the index, which the
  // plain evaluator must agree with.
  std::string Row() {
    expr::Frame frame;
    frame.rows[kDecisionRow] = facts_;
    const DecisionTable& table = rules_->tables[0].rows;
    expr::Scratch expr;
    const Hit hit = table.FirstRow(frame, expr, scratch_);
    expr.Reset();
    EXPECT_EQ(hit, table.FirstRowPlainly(frame, expr));
    if (hit.kind == Hit::Kind::kOpen) return "open";
    return hit.kind == Hit::Kind::kRow ? absl::StrCat(hit.row + 1) : "none";
  }

  std::shared_ptr<const RuleSet> rules_;
  std::vector<Value> facts_;
  EligibilityScratch scratch_;
};

TEST_F(DecisionTableTest, FindsTheRowWhoseCellsHold) {
  Load("unique", "{ tier: customer.tier, spend: customer.spend_90d }",
       "tier,spend,value\n"
       "gold,>= 300.00,1\n"
       "gold,[0.00..300.00),2\n"
       "silver | none,\"(100.00..300.00]\",3\n"
       "not gold,100.00,4\n");
  Fact("customer.tier", Value::String("gold"));
  Fact("customer.spend_90d", Euro(30'000));
  EXPECT_EQ(Row(), "1");
  Fact("customer.spend_90d", Euro(29'999));
  EXPECT_EQ(Row(), "2");
  Fact("customer.tier", Value::String("silver"));
  EXPECT_EQ(Row(), "3");
  Fact("customer.spend_90d", Euro(10'000));
  EXPECT_EQ(Row(), "4");
  Fact("customer.spend_90d", Euro(30'001));
  EXPECT_EQ(Row(), "none");
}

TEST_F(DecisionTableTest, TheUppermostRowCountsWhereSeveralHold) {
  Load("first", "{ spend: customer.spend_90d, known: customer.known }",
       "value,known,spend\n1,true,> 5\n2,,> 5\n3,false,\n4,,\n");
  Fact("customer.known", Value::Bool(true));
  Fact("customer.spend_90d", Euro(501));
  EXPECT_EQ(Row(), "1");
  Fact("customer.known", Value::Bool(false));
  EXPECT_EQ(Row(), "2");
  Fact("customer.spend_90d", Euro(500));
  EXPECT_EQ(Row(), "3");
  Fact("customer.known", Value::Bool(true));
  EXPECT_EQ(Row(), "4");
}

TEST_F(DecisionTableTest, AnInputWithoutValueFitsEmptyCellsAlone) {
  Load("first", "{ weather: request.weather, old: 'customer.age >= 65' }",
       "weather,old,value\nnot rain,,1\nrain,,2\n,true,3\n,not true,4\n,,5\n");
  EXPECT_EQ(Row(), "5");
  Fact("customer.age", Value::Int(65));
  EXPECT_EQ(Row(), "3");
  Fact("request.weather", Value::String("rain"));
  EXPECT_EQ(Row(), "2");
}

TEST_F(DecisionTableTest, WhatIsMissingInTimeLeavesTheAnswerOpenWhereItMatters) {
  Load("first", "{ tier: customer.tier, weather: request.weather }",
       "tier,weather,value\n,rain,1\ngold,sun,2\n,sun,3\n,,4\n");
  Fact("customer.tier", Value::Error(ErrorCode::kUnavailable));
  Fact("request.weather", Value::String("rain"));
  EXPECT_EQ(Row(), "1");
  Fact("request.weather", Value::String("sun"));
  EXPECT_EQ(Row(), "open");
  Fact("request.weather", Value::String("snow"));
  EXPECT_EQ(Row(), "4");
}

TEST_F(DecisionTableTest, TimesAndFormulasAreInputsToo) {
  Load("unique", "{ born: customer.birth_date, allergies: size(customer.allergies) }",
       "born,allergies,value\n< 2000-01-01,0,1\n[2000-01-01..2010-01-01),[0..1],2\n,>= 2,3\n");
  const auto born = [](int year) {
    return Value::Timestamp(absl::FromCivil(absl::CivilDay(year, 1, 1), absl::UTCTimeZone()));
  };
  const Value nuts[] = {Value::String("nuts"), Value::String("milk")};
  expr::ListData list{nuts, 0, nullptr};
  Fact("customer.allergies", Value::List(&list));
  Fact("customer.birth_date", born(1999));
  EXPECT_EQ(Row(), "1");
  Fact("customer.birth_date", born(2000));
  EXPECT_EQ(Row(), "2");
  Fact("customer.birth_date", born(2010));
  EXPECT_EQ(Row(), "none");
  list.size = 2;
  EXPECT_EQ(Row(), "3");
}

TEST_F(DecisionTableTest, AskingRunsOutOfStepsWithAnOpenAnswer) {
  Load("first", "{ a: 'size(customer.allergies.filter(x, x == \"nuts\")) > 0' }",
       "a,value\ntrue,1\n,2\n");
  const std::vector<Value> many(1'000, Value::String("milk"));
  const expr::ListData list{many.data(), 1'000, nullptr};
  Fact("customer.allergies", Value::List(&list));
  EXPECT_EQ(Row(), "2");
  expr::Frame frame;
  frame.rows[kDecisionRow] = facts_;
  expr::Scratch expr;
  expr.Reset(100);
  const Hit hit = rules_->tables[0].rows.FirstRow(frame, expr, scratch_);
  EXPECT_EQ(hit.kind, Hit::Kind::kOpen);
  EXPECT_EQ(hit.error, ErrorCode::kStepLimit);
}

TEST_F(DecisionTableTest, SaysValuesOfTheDeclaredTypeAndWhatElse) {
  Load("first", "{ tier: customer.tier }", "tier,value\ngold,12.50\nsilver,2\n",
       "output: money, otherwise: 0.50");
  const DecisionTableSpec& table = rules_->tables[0];
  ASSERT_EQ(table.outputs.size(), 2u);
  EXPECT_EQ(table.outputs[0].money_value().amount_minor, 1250);
  EXPECT_EQ(table.otherwise.money_value().amount_minor, 50);
  Load("first", "{ tier: customer.tier }", "tier,value\ngold,a\n", "output: string");
  EXPECT_EQ(rules_->tables[0].outputs[0].string_value(), "a");
  EXPECT_TRUE(rules_->tables[0].otherwise.IsAbsent());
}

TEST_F(DecisionTableTest, NamesOffersThatThenNeedIt) {
  const std::string shown = "treatments: { hero: { banner: { en: A, de: A }, image: a.jpg } }\n";
  Offer("a", "applies: never\neligible: customer.known\n" + shown);
  Offer("b", "applies: never\n" + shown);
  Load("first", "{ tier: customer.tier }", "tier,offers\ngold, b | a\nsilver,\n", "output: offers");
  const auto conditions = [this](const char* offer) {
    std::vector<std::string> texts;
    for (const auto& conjunct : rules_->offers[rules_->offer_by_id.at(offer)].eligible.conjuncts) {
      texts.push_back(conjunct.text);
    }
    return texts;
  };
  EXPECT_THAT(conditions("a"), testing::ElementsAre("customer.known", "\"a\" in table.t"));
  EXPECT_THAT(conditions("b"), testing::ElementsAre("\"b\" in table.t"));
  EXPECT_THAT(conditions("join"), testing::IsEmpty());
  EXPECT_EQ(rules_->tables[0].outputs[0].list_value().size, 2u);
  EXPECT_EQ(rules_->tables[0].outputs[1].list_value().size, 0u);
  EXPECT_EQ(rules_->tables[0].otherwise.list_value().size, 0u);
}

TEST_F(DecisionTableTest, AmountsAreReadInARuleSetWhoseCurrenciesAreMissing) {
  File("rule_set.yaml",
       "name: Sample\nzone: Europe/Berlin\nlocales: [en, de]\nchannels: [pos, web]\n");
  File("tables.yaml",
       "t: { hit_policy: first, inputs: { tier: customer.tier }, output: money, otherwise: 1 EUR "
       "}\n");
  File("tables/t.csv", "tier,value\ngold,2 EUR\n");
  EXPECT_THAT(Findings(), testing::Contains("missing_value at settings.currencies"));
  EXPECT_THAT(Findings(), testing::Not(testing::Contains(testing::HasSubstr("table"))));
}

TEST_F(DecisionTableTest, IsPersonalWhereAnInputIs) {
  Load("first", "{ tier: customer.tier }", "tier,value\ngold,1\n");
  EXPECT_TRUE(rules_->schema.computed.back().personal);
  Load("first", "{ region: store.region }", "region,value\nnorth,1\n");
  EXPECT_FALSE(rules_->schema.computed.back().personal);
}

TEST_F(DecisionTableTest, ReadsOtherTablesWhateverTheirOrder) {
  File("tables.yaml",
       "a: { hit_policy: first, inputs: { x: table.z }, output: int }\n"
       "z: { hit_policy: first, inputs: { x: customer.tier }, output: int }\n");
  File("tables/a.csv", "x,value\n> 1,1\n");
  File("tables/z.csv", "x,value\ngold,2\n");
  const CompileResult result = Compile();
  ASSERT_NE(result.rule_set, nullptr);
  EXPECT_EQ(result.rule_set->schema.computed[1].name, "table.z");
  EXPECT_EQ(result.rule_set->schema.computed[2].name, "table.a");
}

// Random rows over a few values and random facts on and beside them.
class RandomTable {
 public:
  explicit RandomTable(uint64_t seed) : random_(seed) {}

  std::string Csv() {
    std::string csv = "tier,spend,age,known,value\n";
    for (size_t rows = 1 + Below(12); rows > 0; --rows) {
      absl::StrAppend(&csv, Tier(), ",", Number(".50"), ",", Number(""), ",",
                      Of({"", "", "true", "false", "not true"}), ",", rows, "\n");
    }
    return csv;
  }
  Value Of(std::initializer_list<Value> values) { return values.begin()[Below(values.size())]; }
  size_t Below(size_t bound) { return random_() % bound; }

 private:
  std::string Of(std::initializer_list<const char*> texts) {
    return texts.begin()[Below(texts.size())];
  }
  std::string Tier() {
    return Of({"", "", "gold", "silver", "none", "gold | silver", "not gold", "not none | silver"});
  }
  // Cells over the numbers 1 to 4 and `fraction` more.
  std::string Number(const char* fraction) {
    const auto literal = [&] { return absl::StrCat(1 + Below(4), Below(2) == 0 ? "" : fraction); };
    switch (Below(6)) {
      case 0:
        return "";
      case 1:
        return literal();
      case 2:
        return absl::StrCat(Of({">= ", "> ", "<= ", "< "}), literal());
      case 3:
        return absl::StrCat("not ", literal(), " | > ", literal());
      default: {
        const size_t first = 1 + Below(4);
        return absl::StrCat(Of({"[", "("}), first, "..", first + 2 + Below(2), Of({"]", ")"}));
      }
    }
  }
  std::mt19937_64 random_;
};

RC_GTEST_FIXTURE_PROP(DecisionTableTest, TheIndexFindsTheRowThatAskingEachRowFinds,
                      (uint64_t seed)) {
  RandomTable random(seed);
  Load("first",
       "{ tier: customer.tier, spend: customer.spend_90d, age: customer.age, known: customer.known "
       "}",
       random.Csv(), "output: int");
  RC_ASSERT(rules_ != nullptr);
  for (int i = 0; i < 50; ++i) {
    const Value missing[] = {Value::Absent(), Value::Error(ErrorCode::kUnavailable),
                             Value::Error(ErrorCode::kOverflow)};
    const Value gap = random.Below(3) == 0 ? missing[random.Below(3)] : Value::Absent();
    Fact("customer.tier", random.Of({Value::String("gold"), Value::String("silver"),
                                     Value::String("none"), Value::String("old"), gap}));
    Fact("customer.spend_90d",
         random.Of({Euro(100), Euro(150), Euro(200), Euro(350), Euro(400), Euro(10'000), gap}));
    // A stored value of another kind has no key: what holds must then be asked plainly.
    Fact("customer.age", random.Of({Value::Int(0), Value::Int(1), Value::Int(2), Value::Int(3),
                                    Value::Int(4), Value::Int(5), Value::String("2"), gap}));
    Fact("customer.known", random.Of({Value::Bool(true), Value::Bool(false), gap}));
    Row();
    RC_ASSERT(!testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace touchstone::rules
