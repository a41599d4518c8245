#include "rules/ruleset/builder_form.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/rules/ruleset/builder_form_facts.h"

namespace touchstone::rules {
namespace {

using expr::ExprPtr;
using google::protobuf::util::MessageDifferencer;

v1::BuilderCondition FromJson(const std::string& json) {
  v1::BuilderCondition form;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &form);
  EXPECT_TRUE(status.ok()) << json << ": " << status.ToString();
  return form;
}

struct Example {
  const char* text;
  const char* json;
};

TEST(BuilderFormTest, ShowsEachSimpleComparisonAsItIs) {
  const BuilderFacts facts;
  const std::vector<Example> examples = {
      {"c.spend >= 300.00",
       R"({"comparison":{"fact":"c.spend","relation":"RELATION_AT_LEAST","literal":{"number":"300.00"}}})"},
      {"c.spend < money(\"12.50 EUR\")",
       R"({"comparison":{"fact":"c.spend","relation":"RELATION_BELOW","literal":{"money":"12.50 EUR"}}})"},
      {"c.weight <= decimal(\"0.250\")",
       R"({"comparison":{"fact":"c.weight","relation":"RELATION_AT_MOST","literal":{"decimal":"0.250"}}})"},
      {"c.count > 0x1F",
       R"({"comparison":{"fact":"c.count","relation":"RELATION_ABOVE","literal":{"number":"0x1F"}}})"},
      {"c.count != -5",
       R"({"comparison":{"fact":"c.count","relation":"RELATION_NOT_EQUAL","literal":{"number":"-5"}}})"},
      {"c.name == \"gold\"",
       R"({"comparison":{"fact":"c.name","relation":"RELATION_EQUAL","literal":{"text":"gold"}}})"},
      {"c.yes == false",
       R"({"comparison":{"fact":"c.yes","relation":"RELATION_EQUAL","literal":{"truth":false}}})"},
      {"now >= timestamp(\"2026-11-01T00:00:00Z\")",
       R"({"comparison":{"fact":"now","relation":"RELATION_AT_LEAST",
           "literal":{"timestamp":"2026-11-01T00:00:00Z"}}})"},
      {"c.span < duration(\"1440h\")",
       R"({"comparison":{"fact":"c.span","relation":"RELATION_BELOW","literal":{"duration":"1440h"}}})"},
      {"c.spend in [5, 7.50]",
       R"({"oneOf":{"fact":"c.spend","literals":[{"number":"5"},{"number":"7.50"}]}})"},
      {"c.name in []", R"({"oneOf":{"fact":"c.name"}})"},
      {"c.name in list.coffee", R"({"inProductList":{"fact":"c.name","productList":"coffee"}})"},
      {"\"coffee\" in c.tags", R"({"hasElement":{"fact":"c.tags","literal":{"text":"coffee"}}})"},
      {"c.name.startsWith(\"a\")",
       R"({"text":{"fact":"c.name","test":"TEXT_TEST_STARTS_WITH","text":"a"}})"},
      {"c.name.endsWith(\"\")", R"({"text":{"fact":"c.name","test":"TEXT_TEST_ENDS_WITH"}})"},
      {"c.while.contains(\"\\\\\")",
       R"({"text":{"fact":"c.while","test":"TEXT_TEST_CONTAINS","text":"\\"}})"},
      {"c.yes", R"({"flag":"c.yes"})"},
      {"has(c.name)", R"({"present":"c.name"})"},
      {"!c.yes", R"({"negated":{"flag":"c.yes"}})"},
      {"!!c.yes", R"({"negated":{"negated":{"flag":"c.yes"}}})"},
      {"c.yes && (has(c.name) || !c.yes) && c.yes",
       R"({"all":{"conditions":[{"flag":"c.yes"},
           {"any":{"conditions":[{"present":"c.name"},{"negated":{"flag":"c.yes"}}]}},
           {"flag":"c.yes"}]}})"},
  };
  for (const Example& example : examples) {
    const ExprPtr tree = facts.Checked(example.text);
    ASSERT_NE(tree, nullptr) << example.text;
    const std::optional<v1::BuilderCondition> form = ToBuilderForm(*tree);
    ASSERT_TRUE(form.has_value()) << example.text;
    EXPECT_TRUE(MessageDifferencer::Equals(*form, FromJson(example.json))) << example.text << "\n"
                                                                           << form->DebugString();
    EXPECT_EQ(BuilderFormText(*form).value(), example.text);
  }
}

TEST(BuilderFormTest, GivesNoFormToWhatIsTextOnly) {
  const BuilderFacts facts;
  for (const std::string& text : TextOnlyConditions()) {
    const ExprPtr alone = facts.Checked(text);
    ASSERT_NE(alone, nullptr) << text;
    EXPECT_FALSE(ToBuilderForm(*alone).has_value()) << text;
    const ExprPtr inside =
        facts.Checked(absl::StrCat("c.yes && !(c.count < 3 || (c.yes && (", text, ")))"));
    ASSERT_NE(inside, nullptr) << text;
    EXPECT_FALSE(ToBuilderForm(*inside).has_value()) << text;
  }
}

struct BadForm {
  const char* json;
  const char* message;
};

TEST(BuilderFormTest, SaysWhereABadFormIsWrong) {
  const std::vector<BadForm> forms = {
      {"{}", "a condition is missing"},
      {R"({"all":{}})", "all: the group is empty"},
      {R"({"any":{"conditions":[{"flag":"c.yes"},{}]}})",
       "any.conditions[1]: a condition is missing"},
      {R"({"negated":{"any":{}}})", "negated.any: the group is empty"},
      {R"({"flag":""})", "flag: a name is missing"},
      {R"({"flag":"true"})", "flag: this is not a name"},
      {R"({"flag":"if.x"})", "flag: this is not a name"},
      {R"({"flag":"c..yes"})", "flag: this is not a name"},
      {R"({"flag":".c.yes"})", "flag: this is not a name"},
      {R"({"flag":"c.yes || true"})", "flag: this is not a name"},
      {R"({"flag":"c.`yes`"})", "flag: this is not a name"},
      {R"({"present":"now"})", "present: only a name with a dot in it can be without a value"},
      {R"({"comparison":{"fact":"c.count","literal":{"number":"1"}}})",
       "comparison.relation: this is not a relation"},
      {R"({"comparison":{"fact":"c.count","relation":77,"literal":{"number":"1"}}})",
       "comparison.relation: this is not a relation"},
      {R"({"comparison":{"fact":"c.count","relation":"RELATION_EQUAL"}})",
       "comparison.literal: a literal is missing"},
      {R"({"all":{"conditions":[{"flag":"c.yes"},
           {"comparison":{"relation":"RELATION_EQUAL","literal":{"number":"1"}}}]}})",
       "all.conditions[1].comparison.fact: a name is missing"},
      {R"({"oneOf":{"fact":"c.name","literals":[{"text":"a"},{}]}})",
       "one_of.literals[1]: a literal is missing"},
      {R"({"inProductList":{"fact":"c.name"}})",
       "in_product_list.product_list: this is not a name"},
      {R"({"hasElement":{"fact":"c.tags"}})", "has_element.literal: a literal is missing"},
      {R"({"text":{"fact":"c.name","text":"a"}})", "text.test: this is not a test"},
      {R"({"text":{"test":"TEXT_TEST_CONTAINS","text":"a"}})", "text.fact: a name is missing"},
  };
  for (const BadForm& bad : forms) {
    const absl::StatusOr<std::string> text = BuilderFormText(FromJson(bad.json));
    EXPECT_EQ(text.status().code(), absl::StatusCode::kInvalidArgument) << bad.json;
    EXPECT_EQ(text.status().message(), bad.message) << bad.json;
  }
}

TEST(BuilderFormTest, TakesOneNumberForANumber) {
  v1::BuilderCondition form;
  form.mutable_comparison()->set_fact("c.count");
  form.mutable_comparison()->set_relation(v1::RELATION_EQUAL);
  for (const char* number : {"", "1 + 1", " 1", "1 ", "(1)", "--1", "- 1", "true", "\"1\"", "1.",
                             "c", "9223372036854775808", "1 // one"}) {
    form.mutable_comparison()->mutable_literal()->set_number(number);
    EXPECT_EQ(BuilderFormText(form).status().message(),
              "comparison.literal.number: this is not a number")
        << number;
  }
}

TEST(BuilderFormTest, RefusesTextThatIsNotUtf8) {
  v1::BuilderCondition form;
  form.mutable_text()->set_fact("c.name");
  form.mutable_text()->set_test(v1::TEXT_TEST_CONTAINS);
  form.mutable_text()->set_text("\xFF");
  EXPECT_EQ(BuilderFormText(form).status().message(), "text.text: this text is not valid UTF-8");
}

TEST(BuilderFormTest, AGroupOfOneIsItsConditionAndAGroupInAGroupOfItsKindIsOne) {
  EXPECT_EQ(BuilderFormText(FromJson(R"({"any":{"conditions":[{"flag":"c.yes"}]}})")).value(),
            "c.yes");
  EXPECT_EQ(BuilderFormText(FromJson(R"({"all":{"conditions":[{"flag":"a"},
                {"all":{"conditions":[{"flag":"b"},{"flag":"c"}]}}]}})"))
                .value(),
            "a && b && c");
}

v1::BuilderCondition Nested(int levels) {
  v1::BuilderCondition form;
  v1::BuilderCondition* at = &form;
  for (int i = 1; i < levels; ++i) {
    v1::BuilderGroup& group = i % 2 == 0 ? *at->mutable_all() : *at->mutable_any();
    group.add_conditions()->set_flag("c.yes");
    at = group.add_conditions();
  }
  at->set_flag("c.yes");
  return form;
}

TEST(BuilderFormTest, HasAtMostThirtyTwoLevelsThatTravelAsBytesAndAsJson) {
  const BuilderFacts facts;
  const v1::BuilderCondition deepest = Nested(kMaxBuilderDepth);
  const absl::StatusOr<std::string> text = BuilderFormText(deepest);
  ASSERT_TRUE(text.ok()) << text.status();
  const ExprPtr tree = facts.Checked(*text);
  ASSERT_NE(tree, nullptr);
  const std::optional<v1::BuilderCondition> form = ToBuilderForm(*tree);
  ASSERT_TRUE(form.has_value());

  v1::BuilderCondition read;
  ASSERT_TRUE(read.ParseFromString(form->SerializeAsString()));
  EXPECT_TRUE(MessageDifferencer::Equals(read, deepest));
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(*form, &json).ok());
  EXPECT_TRUE(MessageDifferencer::Equals(FromJson(json), deepest));

  const absl::StatusOr<std::string> deeper = BuilderFormText(Nested(kMaxBuilderDepth + 1));
  EXPECT_EQ(deeper.status().code(), absl::StatusCode::kInvalidArgument);
  const ExprPtr deeper_tree = facts.Checked(absl::StrCat("!(", *text, ")"));
  ASSERT_NE(deeper_tree, nullptr);
  EXPECT_FALSE(ToBuilderForm(*deeper_tree).has_value());
}

TEST(BuilderFormTest, KeepsTheLimitsOfAnyText) {
  v1::BuilderCondition form;
  form.mutable_text()->set_fact("c.name");
  form.mutable_text()->set_test(v1::TEXT_TEST_CONTAINS);
  const size_t around = BuilderFormText(form)->size();
  form.mutable_text()->set_text(std::string(expr::limits::kMaxSourceBytes - around, 'x'));
  EXPECT_EQ(BuilderFormText(form)->size(), expr::limits::kMaxSourceBytes);
  form.mutable_text()->mutable_text()->push_back('x');
  EXPECT_EQ(BuilderFormText(form).status().code(), absl::StatusCode::kInvalidArgument);

  // As written it is short enough; its canonical text, with escapes, is not.
  const BuilderFacts facts;
  const ExprPtr tree = facts.Checked(absl::StrCat("c.name == r'", std::string(60'000, '\\'), "'"));
  ASSERT_NE(tree, nullptr);
  EXPECT_FALSE(ToBuilderForm(*tree).has_value());

  v1::BuilderCondition list;
  list.mutable_one_of()->set_fact("c.count");
  for (size_t i = 0; i < expr::limits::kMaxListElements; ++i) {
    list.mutable_one_of()->add_literals()->set_number("1");
  }
  EXPECT_TRUE(BuilderFormText(list).ok());
  list.mutable_one_of()->add_literals()->set_number("1");
  EXPECT_EQ(BuilderFormText(list).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace touchstone::rules
