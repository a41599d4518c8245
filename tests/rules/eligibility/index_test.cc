#include "rules/eligibility/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "rules/eligibility/normal_form.h"
#include "rules/eligibility/ordered_scan.h"
#include "rules/expr/program.h"
#include "tests/rules/eligibility/checked_condition.h"

namespace touchstone::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using expr::ErrorCode;
using expr::Type;
using expr::TypeKind;
using expr::Value;

// Slots of the facts.
enum Fact : uint16_t { kAge, kTier, kTags, kItems, kFacts };

class EligibilityIndexTest : public ::testing::Test {
 protected:
  EligibilityIndexTest() : environment_(EnvironmentOfRuleSets()), facts_(kFacts) {
    Declare("c.age", kAge, Type(TypeKind::kInt));
    Declare("c.tier", kTier, Type(TypeKind::kString));
    Declare("tags", kTags, Type::List(Type(TypeKind::kString)));
    Declare("c.items", kItems,
            Type::List(Type::Record(
                "item", {{"sku", Type(TypeKind::kString)}, {"count", Type(TypeKind::kInt)}})));
  }

  void Declare(const std::string& name, uint16_t slot, Type type) {
    expr::VariableDecl variable;
    variable.name = name;
    variable.type = std::move(type);
    variable.slot = {0, slot};
    EXPECT_TRUE(environment_.Declare(std::move(variable)).ok());
  }

  void Build(const std::vector<std::string>& conditions) {
    NormalForms forms(environment_);
    NormalForms scan_forms(environment_);
    std::vector<ConditionRows> rows;
    std::vector<OrderedScan::Terms> terms;
    for (const std::string& condition : conditions) {
      const absl::StatusOr<expr::ExprPtr> tree = CheckedCondition(condition, environment_);
      ASSERT_TRUE(tree.ok()) << tree.status();
      rows.push_back(forms.WhenTrue(**tree));
      terms.push_back(OrderedScan::TermsOf(**tree, scan_forms));
    }
    index_ = EligibilityIndex(rows, forms.TakeSubjects());
    scan_ = OrderedScan(terms, scan_forms.TakeSubjects());
  }

  // Of the index; the scan must say the same.
  std::vector<uint32_t> Match() {
    expr::Frame frame;
    frame.rows[0] = facts_;
    const auto plain = [this](uint32_t offer) {
      asked_plain_.push_back(offer);
      return std::find(plain_true_.begin(), plain_true_.end(), offer) != plain_true_.end();
    };
    asked_plain_.clear();
    expr_.Reset(UINT64_MAX);
    EligibilityProbe probe{frame, expr_, plain};
    std::vector<uint32_t> scanned;
    scan_.Match(probe, scan_scratch_, scanned);
    asked_plain_.clear();
    std::vector<uint32_t> offers;
    index_.Match(probe, scratch_, offers);
    EXPECT_EQ(scanned, offers);
    return offers;
  }

  void SetTags(std::vector<Value> tags) {
    tags_ = std::move(tags);
    tag_list_ = {tags_.data(), static_cast<uint32_t>(tags_.size()), nullptr};
    facts_[kTags] = Value::List(&tag_list_);
  }

  expr::Environment environment_;
  EligibilityIndex index_;
  OrderedScan scan_;
  EligibilityScratch scratch_;
  OrderedScanScratch scan_scratch_;
  expr::Scratch expr_;
  std::vector<Value> facts_;
  std::vector<Value> tags_;
  expr::ListData tag_list_;
  std::vector<uint32_t> plain_true_ = {0, 1};  // what the plain evaluator is to say
  std::vector<uint32_t> asked_plain_;
};

TEST_F(EligibilityIndexTest, MatchesNothingWithoutOffers) {
  EXPECT_THAT(Match(), IsEmpty());
  Build({});
  EXPECT_THAT(Match(), IsEmpty());
  EXPECT_EQ(index_.rows(), 0u);
}

TEST_F(EligibilityIndexTest, MatchesEveryOfferWithoutACondition) {
  Build({"true", "true", "false", "true"});
  EXPECT_THAT(Match(), ElementsAre(0, 1, 3));
}

TEST_F(EligibilityIndexTest, AppendsBehindWhatIsThere) {
  Build({"true", "c.age > 5"});
  expr::Frame frame;
  EligibilityProbe probe{frame, expr_, [](uint32_t) { return false; }};
  std::vector<uint32_t> offers = {0};
  index_.Match(probe, scratch_, offers);
  EXPECT_THAT(offers, ElementsAre(0, 0));
}

TEST_F(EligibilityIndexTest, HasOneMatchForAnOfferOfWhichSeveralRowsHold) {
  Build({"c.age > 5 || c.tier == \"gold\"", "c.age > 7 || c.tier == \"gold\" || has(c.age)"});
  facts_[kAge] = Value::Int(9);
  facts_[kTier] = Value::String("gold");
  EXPECT_THAT(Match(), ElementsAre(0, 1));
}

TEST_F(EligibilityIndexTest, MatchesEqualConditionsAlike) {
  Build({"c.age > 5", "c.tier == \"gold\"", "c.age > 5", "5 < c.age"});
  facts_[kAge] = Value::Int(6);
  EXPECT_THAT(Match(), ElementsAre(0, 2, 3));
}

TEST_F(EligibilityIndexTest, FindsNeitherAConditionNorItsNegationTrueOfAnAbsentFact) {
  Build({"c.age > 5", "!(c.age > 5)", "c.age > 5 || has(c.tier)", "!has(c.age)", "has(c.age)"});
  facts_[kTier] = Value::String("gold");
  EXPECT_THAT(Match(), ElementsAre(2, 3));
}

TEST_F(EligibilityIndexTest, FindsAFactThatIsAnErrorNeitherThereNorAbsent) {
  Build({"has(c.age)", "!has(c.age)", "c.age == 1", "c.age != 1", "c.age + 1 > 0 || true"});
  facts_[kAge] = Value::Error(ErrorCode::kUnavailable);
  EXPECT_THAT(Match(), ElementsAre(4));
}

TEST_F(EligibilityIndexTest, ReadsASlotBeyondItsRowAsAbsent) {
  Build({"c.age > 5", "!has(c.items)", "c.items.exists(i, i.sku == \"x\")"});
  facts_.resize(1);
  facts_[kAge] = Value::Int(6);
  EXPECT_THAT(Match(), ElementsAre(0, 1));
}

TEST_F(EligibilityIndexTest, LeavesAValueOfAnotherTypeToThePlainEvaluator) {
  Build({"c.age > 5 && c.tier == \"gold\"", "c.age > 5", "c.tier == \"iron\" && c.age > 5"});
  facts_[kAge] = Value::String("six");
  facts_[kTier] = Value::String("gold");
  EXPECT_THAT(Match(), ElementsAre(0, 1));
  // What the tier rules out need not be asked.
  EXPECT_THAT(asked_plain_, ElementsAre(0, 1));
  plain_true_ = {};
  EXPECT_THAT(Match(), IsEmpty());
  facts_[kAge] = Value::Int(6);
  EXPECT_THAT(Match(), ElementsAre(0, 1));
  EXPECT_THAT(asked_plain_, IsEmpty());
}

TEST_F(EligibilityIndexTest, LeavesAnElementOfAnotherTypeToThePlainEvaluator) {
  Build({"\"a\" in tags", "!(\"a\" in tags)"});
  SetTags({Value::String("b"), Value::Int(1)});
  EXPECT_THAT(Match(), ElementsAre(0, 1));
  EXPECT_THAT(asked_plain_, ElementsAre(0, 1));
}

TEST_F(EligibilityIndexTest, AsksForTwoElementsOfOneList) {
  Build({"\"a\" in tags && \"b\" in tags", "\"a\" in tags && tags.exists(t, t in [\"b\", \"c\"])",
         "\"a\" in tags && !(\"b\" in tags)"});
  SetTags({Value::String("a"), Value::String("c")});
  EXPECT_THAT(Match(), ElementsAre(1, 2));
  SetTags({Value::String("b"), Value::String("a"), Value::String("a")});
  EXPECT_THAT(Match(), ElementsAre(0, 1));
}

TEST_F(EligibilityIndexTest, KnowsThatNoElementOfAnEmptyListIsAnything) {
  Build({"\"a\" in tags", "!(\"a\" in tags)", "tags.all(t, t != \"a\")"});
  SetTags({});
  EXPECT_THAT(Match(), ElementsAre(1, 2));
  facts_[kTags] = Value::Absent();
  EXPECT_THAT(Match(), IsEmpty());
}

TEST_F(EligibilityIndexTest, KnowsOfNoElementOnlyWhenAllAreKnown) {
  Build({"c.items.exists(i, i.sku == \"a\")", "!c.items.exists(i, i.sku == \"a\")",
         "!c.items.exists(i, i.sku == \"b\")"});
  const std::vector<Value> known = {Value::String("a"), Value::Int(1)};
  const std::vector<Value> unknown = {Value::Absent(), Value::Int(1)};
  std::vector<Value> records = {Value::Record(known.data(), 2), Value::Record(unknown.data(), 2)};
  expr::ListData list = {records.data(), 2, nullptr};
  facts_[kItems] = Value::List(&list);
  EXPECT_THAT(Match(), ElementsAre(0));
  list.size = 1;
  EXPECT_THAT(Match(), ElementsAre(0, 2));
}

TEST_F(EligibilityIndexTest, ForgetsTheValuesOfTheProbeBefore) {
  Build({"c.age + 1 > 5", "c.age * 2 == 4"});
  facts_[kAge] = Value::Int(9);
  EXPECT_THAT(Match(), ElementsAre(0));
  facts_[kAge] = Value::Int(2);
  EXPECT_THAT(Match(), ElementsAre(1));
  facts_[kAge] = Value::Absent();
  EXPECT_THAT(Match(), IsEmpty());
}

TEST_F(EligibilityIndexTest, SaysWhenAProgramRanOutOfSteps) {
  Build({"size(tags.filter(t, t != \"a\")) == 1"});
  SetTags({Value::String("b")});
  expr::Frame frame;
  frame.rows[0] = facts_;
  for (const uint64_t steps : {uint64_t{0}, uint64_t{1000}}) {
    expr_.Reset(steps);
    EligibilityProbe probe{frame, expr_, [](uint32_t) { return false; }};
    std::vector<uint32_t> offers;
    index_.Match(probe, scratch_, offers);
    EXPECT_EQ(probe.step_limit_reached, steps == 0);
    EXPECT_EQ(offers.empty(), steps == 0);
  }
}

// Rows that end within a block, with it, and one behind it.
class EligibilityIndexSizeTest : public EligibilityIndexTest,
                                 public ::testing::WithParamInterface<size_t> {};

TEST_P(EligibilityIndexSizeTest, MatchesEveryOfferToTheLastRow) {
  const size_t size = GetParam();
  std::vector<std::string> conditions(size, "c.age > 5");
  Build(conditions);
  facts_[kAge] = Value::Int(6);
  std::vector<uint32_t> all(size);
  std::iota(all.begin(), all.end(), 0u);
  EXPECT_EQ(Match(), all);
  facts_[kAge] = Value::Int(5);
  EXPECT_THAT(Match(), IsEmpty());
  Build(std::vector<std::string>(size, "true"));
  EXPECT_EQ(Match(), all);
}

TEST_P(EligibilityIndexSizeTest, FindsTheOneOfferOfEachValue) {
  const size_t size = GetParam();
  std::vector<std::string> conditions;
  for (size_t i = 0; i < size; ++i) conditions.push_back(absl::StrCat("c.age == ", i));
  Build(conditions);
  for (const size_t offer : {size_t{0}, size / 2, size - 1}) {
    facts_[kAge] = Value::Int(static_cast<int64_t>(offer));
    EXPECT_THAT(Match(), ElementsAre(offer));
  }
  facts_[kAge] = Value::Int(static_cast<int64_t>(size));
  EXPECT_THAT(Match(), IsEmpty());
}

// The values that every row takes but for one: what is ruled out is a row of a column that rules
// out none.
TEST_P(EligibilityIndexSizeTest, LeavesOutTheOneOfferThatExceptsAValue) {
  const size_t size = GetParam();
  std::vector<std::string> conditions;
  for (size_t i = 0; i < size; ++i) conditions.push_back(absl::StrCat("c.age != ", i));
  Build(conditions);
  facts_[kAge] = Value::Int(static_cast<int64_t>(size - 1));
  std::vector<uint32_t> others(size - 1);
  std::iota(others.begin(), others.end(), 0u);
  EXPECT_EQ(Match(), others);
}

INSTANTIATE_TEST_SUITE_P(Rows, EligibilityIndexSizeTest,
                         ::testing::Values(1, 63, 64, 65, 511, 512, 513, 1025));

}  // namespace
}  // namespace touchstone::rules
