#include "rules/eligibility/normal_form.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/expr/constant_set.h"
#include "tests/rules/eligibility/checked_condition.h"

namespace touchstone::rules {
namespace {

using expr::Type;
using expr::TypeKind;
using expr::Value;

std::string TextOf(const ValueSet& set) {
  if (set.is_text()) {
    return absl::StrCat(set.except() ? "!" : "", "{", absl::StrJoin(set.texts(), ","), "}");
  }
  std::string text = set.nan() ? "nan" : "";
  for (const KeyInterval interval : set.intervals()) {
    absl::StrAppend(&text, text.empty() ? "" : ",");
    if (interval.first == interval.last) {
      absl::StrAppend(&text, interval.first);
      continue;
    }
    if (interval.first != INT64_MIN) absl::StrAppend(&text, interval.first);
    absl::StrAppend(&text, "..");
    if (interval.last != INT64_MAX) absl::StrAppend(&text, interval.last);
  }
  return text;
}

class NormalFormTest : public ::testing::Test {
 protected:
  NormalFormTest() : environment_(EnvironmentOfRuleSets()), forms_(environment_) {
    Declare("age", Type(TypeKind::kInt));
    Declare("c.tier", Type(TypeKind::kString));
    Declare("club", Type(TypeKind::kBool));
    Declare("tags", Type::List(Type(TypeKind::kString)));
    Declare("items",
            Type::List(Type::Record("item", {{"sku", Type(TypeKind::kString)},
                                             {"count", Type(TypeKind::kInt)},
                                             {"tags", Type::List(Type(TypeKind::kString))}})));
    EXPECT_TRUE(environment_
                    .Declare(expr::ConstantDecl{"list.top", Type::List(Type(TypeKind::kString)),
                                                Value::List(&top_)})
                    .ok());
  }

  void Declare(const std::string& name, Type type) {
    expr::VariableDecl variable;
    variable.name = name;
    variable.type = std::move(type);
    variable.slot = {0, static_cast<uint16_t>(environment_.variables().size())};
    EXPECT_TRUE(environment_.Declare(std::move(variable)).ok());
  }

  // "age 18.. & c.tier {gold} | club 1": rows, each "subject set" by "subject set". "some" and
  // "none" are of elements, ".1" a field; a subject with a program stands in brackets.
  std::string Text(const ConditionRows& rows) const {
    std::vector<std::string> texts;
    for (const ConditionRow& row : rows) {
      std::vector<std::string> parts;
      for (const Literal& literal : row) {
        const Subject& subject = forms_.subjects()[literal.subject];
        std::string name = subject.text;
        if (subject.program.has_value()) name = absl::StrCat("[", name, "]");
        if (subject.kind == Subject::Kind::kSomeElement) name = absl::StrCat("some ", name);
        if (subject.kind == Subject::Kind::kNoElement) name = absl::StrCat("none ", name);
        for (const uint16_t field : subject.fields) absl::StrAppend(&name, ".", field);
        parts.push_back(absl::StrCat(name, " ", TextOf(*literal.set)));
      }
      std::sort(parts.begin(), parts.end());
      texts.push_back(parts.empty() ? "always" : absl::StrJoin(parts, " & "));
    }
    EXPECT_TRUE(forms_.status().ok());
    return texts.empty() ? "never" : absl::StrJoin(texts, " | ");
  }

  std::string WhenTrue(const std::string& condition) {
    return Text(forms_.WhenTrue(**CheckedCondition(condition, environment_)));
  }
  std::string WhenFalse(const std::string& condition) {
    return Text(forms_.WhenFalse(**CheckedCondition(condition, environment_)));
  }

  std::vector<Value> top_elements_ = {Value::String("gold"), Value::String("silver")};
  expr::ConstantSet top_set_{top_elements_};
  expr::ListData top_{top_elements_.data(), 2, &top_set_};
  expr::Environment environment_;
  NormalForms forms_;
};

TEST_F(NormalFormTest, GivesAConjunctionOneRow) {
  EXPECT_EQ(WhenTrue("age >= 18 && c.tier == \"gold\" && club"),
            "age 18.. & c.tier {gold} & club 1");
  EXPECT_EQ(WhenTrue("age >= 18 && 65 > age"), "age 18..64");
}

TEST_F(NormalFormTest, GivesADisjunctionARowForEachSubject) {
  EXPECT_EQ(WhenTrue("age >= 18 || club"), "age 18.. | club 1");
  EXPECT_EQ(WhenTrue("age < 3 || age > 5 || club || age == 4"), "age ..2,4,6.. | club 1");
  EXPECT_EQ(WhenFalse("age >= 18 || club"), "age ..17 & club 0");
}

TEST_F(NormalFormTest, TurnsNegationIntoTheOtherForm) {
  EXPECT_EQ(WhenTrue("!(age >= 18 && club)"), "age ..17 | club 0");
  EXPECT_EQ(WhenTrue("!(c.tier in [\"gold\", \"silver\"])"), "c.tier !{gold,silver}");
  EXPECT_EQ(WhenFalse("!(!(age == 4))"), "age ..3,5..");
}

TEST_F(NormalFormTest, MultipliesDisjunctionsOut) {
  EXPECT_EQ(WhenTrue("(age > 5 || club) && (c.tier == \"a\" || has(c.tier))"),
            "age 6.. & c.tier {a} | age 6.. & has(c.tier) 1 | c.tier {a} & club 1 | club 1 & "
            "has(c.tier) 1");
}

TEST_F(NormalFormTest, GivesATernaryARowForEachBranch) {
  EXPECT_EQ(WhenTrue("club ? age > 5 : c.tier == \"a\""), "age 6.. & club 1 | c.tier {a} & club 0");
  EXPECT_EQ(WhenFalse("club ? age > 5 : c.tier == \"a\""),
            "age ..5 & club 1 | c.tier !{a} & club 0");
  EXPECT_EQ(WhenTrue("club ? true : 1 / 0 > 0"), "club 1 | [1 / 0 > 0] 1 & club 0");
}

TEST_F(NormalFormTest, LeavesOutRowsThatNoValueFits) {
  EXPECT_EQ(WhenTrue("age < 18 && age > 65"), "never");
  EXPECT_EQ(WhenTrue("age < 18 && age > 65 || club"), "club 1");
  EXPECT_EQ(WhenTrue("c.tier == \"a\" && c.tier == \"b\""), "never");
  EXPECT_EQ(WhenTrue("age > 9223372036854775807"), "never");
  EXPECT_EQ(WhenTrue("c.tier in []"), "never");
  EXPECT_EQ(WhenTrue("!(c.tier in [])"), "c.tier !{}");
}

TEST_F(NormalFormTest, KnowsConstantsWithoutASubject) {
  EXPECT_EQ(WhenTrue("true"), "always");
  EXPECT_EQ(WhenTrue("false"), "never");
  EXPECT_EQ(WhenFalse("false"), "always");
  EXPECT_EQ(WhenTrue("club || true"), "always");
  EXPECT_EQ(WhenTrue("club && true"), "club 1");
}

TEST_F(NormalFormTest, ReadsConstantsOnEitherSideAndComputesThem) {
  EXPECT_EQ(WhenTrue("10 + 8 <= age"), "age 18..");
  EXPECT_EQ(WhenTrue("c.tier == \"go\" + \"ld\""), "c.tier {gold}");
  EXPECT_EQ(WhenTrue("c.tier == \"a long text, made by a function\".upperAscii()"),
            "c.tier {A LONG TEXT, MADE BY A FUNCTION}");
  EXPECT_EQ(WhenTrue("age < 1.5"), "age ..1");
  EXPECT_EQ(WhenTrue("c.tier in list.top"), "c.tier {gold,silver}");
}

TEST_F(NormalFormTest, MakesASubjectOfWhatIsNoComparisonWithAConstant) {
  EXPECT_EQ(WhenTrue("age + 1 > 5"), "[age + 1] 6..");
  EXPECT_EQ(WhenTrue("c.tier.startsWith(\"g\")"), "[c.tier.startsWith(\"g\")] 1");
  EXPECT_EQ(WhenFalse("c.tier.startsWith(\"g\")"), "[c.tier.startsWith(\"g\")] 0");
  EXPECT_EQ(WhenTrue("age == size(tags)"), "[age == size(tags)] 1");
  EXPECT_EQ(WhenTrue("age > 1 / 0"), "[age > 1 / 0] 1");
}

TEST_F(NormalFormTest, UsesOneSubjectForEqualParts) {
  WhenTrue("age + 1 > 5 && age > 3 && \"a\" in tags");
  WhenTrue("age + 1 < 9 || age < 2 || tags.exists(t, t == \"b\")");
  EXPECT_EQ(forms_.subjects().size(), 3u);
}

TEST_F(NormalFormTest, TellsHasFromTheValue) {
  EXPECT_EQ(WhenTrue("has(c.tier) && c.tier == \"a\""), "c.tier {a} & has(c.tier) 1");
  EXPECT_EQ(WhenTrue("!has(c.tier)"), "has(c.tier) 0");
}

TEST_F(NormalFormTest, ReadsExistsAndInAsSomeElement) {
  EXPECT_EQ(WhenTrue("\"a\" in tags"), "some tags {a}");
  EXPECT_EQ(WhenTrue("!(\"a\" in tags)"), "none tags {a}");
  EXPECT_EQ(WhenTrue("tags.exists(t, t == \"a\" || t in list.top)"), "some tags {a,gold,silver}");
  EXPECT_EQ(WhenTrue("items.exists(i, i.sku == \"x\")"), "some items.0 {x}");
  EXPECT_EQ(WhenTrue("items.exists(i, \"x\" in i.tags)"), "some items.2 {x}");
}

TEST_F(NormalFormTest, ReadsAllAsNoElementThatFails) {
  EXPECT_EQ(WhenTrue("tags.all(t, t != \"a\")"), "none tags {a}");
  EXPECT_EQ(WhenFalse("tags.all(t, t != \"a\")"), "some tags {a}");
  EXPECT_EQ(WhenTrue("tags.all(t, !(t == \"a\") && t != \"b\")"), "none tags {a,b}");
}

TEST_F(NormalFormTest, KeepsTwoElementsOfOneListApartAndJoinsWhatNoneMayBe) {
  EXPECT_EQ(WhenTrue("\"a\" in tags && \"b\" in tags"), "some tags {a} & some tags {b}");
  EXPECT_EQ(WhenTrue("\"a\" in tags || \"b\" in tags"), "some tags {a,b}");
  EXPECT_EQ(WhenFalse("\"a\" in tags || \"b\" in tags"), "none tags {a,b}");
  EXPECT_EQ(WhenFalse("\"a\" in tags && \"b\" in tags"), "none tags {a} | none tags {b}");
}

TEST_F(NormalFormTest, NarrowsAMacroByOneOfItsTermsAndLeavesTheRestToAProgram) {
  EXPECT_EQ(WhenTrue("items.exists(i, i.sku == \"x\" && i.count > 2)"),
            "[items.exists(i, i.sku == \"x\" && i.count > 2)] 1 & some items.0 {x}");
  EXPECT_EQ(WhenFalse("items.exists(i, i.sku == \"x\" && i.count > 2)"),
            "[items.exists(i, i.sku == \"x\" && i.count > 2)] 0");
  EXPECT_EQ(WhenTrue("items.exists(i, i.count > 2)"), "[items.exists(i, i.count > 2)] 1");
}

// "(age == 0 || club) && (age == 1 || club) ..." would be one row more with each part.
std::string Alternatives(int count) {
  std::vector<std::string> parts;
  for (int i = 0; i < count; ++i) parts.push_back(absl::StrCat("age + ", i, " == 0"));
  return absl::StrJoin(parts, " || ");
}

TEST_F(NormalFormTest, KeepsSixteenRowsAndMakesOneOfSeventeen) {
  const auto rows = [&](int count) {
    return forms_.WhenTrue(**CheckedCondition(Alternatives(count), environment_));
  };
  EXPECT_EQ(rows(16).size(), kMaxConditionRows);
  const ConditionRows too_many = rows(17);
  ASSERT_EQ(too_many.size(), 1u);
  ASSERT_EQ(too_many[0].size(), 1u);
  EXPECT_TRUE(forms_.subjects()[too_many[0][0].subject].program.has_value());
}

TEST_F(NormalFormTest, MakesAProgramOfOnlyTheDisjunctionThatIsTooMuch) {
  const std::string condition = absl::StrCat(
      "(", Alternatives(6), ") && (club || has(c.tier)) && (c.tier == \"a\" || age == 1)");
  const ConditionRows rows = forms_.WhenTrue(**CheckedCondition(condition, environment_));
  EXPECT_EQ(rows.size(), 12u);
  for (const ConditionRow& row : rows) {
    EXPECT_EQ(forms_.subjects()[row.back().subject].text, "c.tier == \"a\" || age == 1");
  }
}

TEST_F(NormalFormTest, JoinsTheRowsOfTwoConditions) {
  const ConditionRows both =
      forms_.Both(forms_.WhenTrue(**CheckedCondition("age > 5 || club", environment_)),
                  forms_.WhenTrue(**CheckedCondition("age < 9", environment_)));
  EXPECT_EQ(Text(both), "age 6..8 | age ..8 & club 1");
  EXPECT_EQ(Text(forms_.Both(ConditionRows(1), both)), Text(both));
  EXPECT_EQ(Text(forms_.Both(ConditionRows(), both)), "never");
}

TEST_F(NormalFormTest, SaysWhyAPartCannotRun) {
  forms_.WhenTrue(**CheckedCondition("c.tier.matches(\"(\")", environment_));
  EXPECT_EQ(forms_.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace touchstone::rules
