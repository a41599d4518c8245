#include "rules/ruleset/condition_form.h"

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "tests/rules/ruleset/compile_fixture.h"

namespace touchstone::rules {
namespace {

using google::protobuf::util::JsonStringToMessage;
using google::protobuf::util::MessageDifferencer;
using google::protobuf::util::MessageToJsonString;
using testing::ElementsAre;
using testing::IsEmpty;

v1::BuilderCondition FromJson(const std::string& json) {
  v1::BuilderCondition form;
  const auto status = JsonStringToMessage(json, &form);
  EXPECT_TRUE(status.ok()) << json << ": " << status.ToString();
  return form;
}

// What an author is told, wherever the text stands.
using Finding = std::tuple<std::string, std::string, std::string>;  // code, message, hint
std::vector<Finding> ErrorsOf(const Diagnostics& diagnostics) {
  std::vector<Finding> errors;
  for (const Diagnostic& d : diagnostics) {
    if (d.severity == Severity::kError) errors.emplace_back(d.code, d.message, d.hint);
  }
  return errors;
}

class ConditionFormTest : public CompileTest {
 protected:
  ConditionFormTest() {
    Offer("beans", R"(applies: automatic
eligible: customer.known
requires: basket.net >= 5.00
benefit: { percent_off: 20, lines: 'line.sku == "HB-1"' }
stacking: { stage: line, priority: 50 }
)");
    rule_set_ = Compile().rule_set;
    EXPECT_NE(rule_set_, nullptr);
  }

  ConvertedCondition Text(const std::string& text, Scope scope = Scope::kEligible) const {
    return ConvertConditionText(*rule_set_, scope, "text", text);
  }
  ConvertedCondition Form(const v1::BuilderCondition& form, Scope scope = Scope::kEligible) const {
    return ConvertConditionForm(*rule_set_, scope, "builder", form);
  }
  // Of a conversion that must have one finding and nothing else.
  Diagnostic Refused(const ConvertedCondition& converted) const {
    EXPECT_EQ(converted.text, "");
    EXPECT_FALSE(converted.form.has_value());
    EXPECT_EQ(converted.diagnostics.size(), 1u);
    return converted.diagnostics.empty() ? Diagnostic() : converted.diagnostics.front();
  }

  std::shared_ptr<const RuleSet> rule_set_;
};

TEST_F(ConditionFormTest, TextBecomesCanonicalTextAndAFormThatLeadsBackToIt) {
  const ConvertedCondition converted =
      Text("customer.spend_90d>=300.00&&(customer.tier in ['silver','gold'])", Scope::kSegment);
  EXPECT_THAT(converted.diagnostics, IsEmpty());
  EXPECT_EQ(converted.text,
            "customer.spend_90d >= 300.00 && customer.tier in [\"silver\", \"gold\"]");
  ASSERT_TRUE(converted.form.has_value());
  const v1::BuilderCondition expected = FromJson(R"({"all":{"conditions":[
      {"comparison":{"fact":"customer.spend_90d","relation":"RELATION_AT_LEAST",
                     "literal":{"number":"300.00"}}},
      {"oneOf":{"fact":"customer.tier","literals":[{"text":"silver"},{"text":"gold"}]}}]}})");
  EXPECT_TRUE(MessageDifferencer::Equals(*converted.form, expected))
      << converted.form->DebugString();

  const ConvertedCondition back = Form(*converted.form, Scope::kSegment);
  EXPECT_THAT(back.diagnostics, IsEmpty());
  EXPECT_EQ(back.text, converted.text);
  ASSERT_TRUE(back.form.has_value());
  EXPECT_TRUE(MessageDifferencer::Equals(*back.form, *converted.form));
}

TEST_F(ConditionFormTest, TheFormSurvivesItsJson) {
  for (const char* text : {
           "customer.spend_90d < money(\"12.50 EUR\") || now >= "
           "timestamp(\"2026-11-01T00:00:00Z\")",
           "!(customer.first_name.startsWith(\"\\\"A\\u00e4\")) && has(customer.birth_date)",
           "\"nuts\" in customer.allergies && customer.tier in [] && customer.visits_30d != -5",
           "channel == \"pos\" && customer.known && request.weather in list.house",
       }) {
    const ConvertedCondition converted = Text(text);
    ASSERT_TRUE(converted.form.has_value()) << text;
    std::string json;
    ASSERT_TRUE(MessageToJsonString(*converted.form, &json).ok());
    EXPECT_TRUE(MessageDifferencer::Equals(FromJson(json), *converted.form)) << json;
    EXPECT_EQ(Form(FromJson(json)).text, converted.text);
  }
}

TEST_F(ConditionFormTest, WhatABuilderCannotShowIsTextOnly) {
  for (const char* text :
       {"customer.allergies.exists(a, a == \"nuts\")", "customer.spend_90d * 2 > 10.00",
        "customer.known && now - timestamp(\"2026-11-01T00:00:00Z\") > duration(\"24h\")"}) {
    const ConvertedCondition converted = Text(text);
    EXPECT_THAT(converted.diagnostics, IsEmpty()) << text;
    EXPECT_EQ(converted.text, text);
    EXPECT_FALSE(converted.form.has_value()) << text;
  }
}

TEST_F(ConditionFormTest, AGroupInAGroupOfItsKindComesBackAsOne) {
  const ConvertedCondition converted = Form(FromJson(
      R"({"any":{"conditions":[{"any":{"conditions":[{"flag":"customer.known"},
          {"present":"customer.birth_date"}]}},{"all":{"conditions":[{"flag":"customer.known"}]}}]}})"));
  EXPECT_EQ(converted.text, "customer.known || has(customer.birth_date) || customer.known");
  ASSERT_TRUE(converted.form.has_value());
  EXPECT_EQ(converted.form->any().conditions_size(), 3);
}

TEST_F(ConditionFormTest, AFindingPointsIntoTheTextAndHelps) {
  const Diagnostic found = Refused(Text("customer.known && customer.spend_80d > 40.00"));
  EXPECT_EQ(found.code, "unknown_name");
  EXPECT_EQ(found.field_path, "text");
  EXPECT_EQ(found.file, "");
  EXPECT_EQ(found.line, 0);
  EXPECT_EQ(found.column, 19);
  EXPECT_EQ(found.hint, "Did you mean customer.spend_90d?");
  EXPECT_EQ(found.excerpt, "customer.known && customer.spend_80d > 40.00");
  EXPECT_EQ(found.excerpt_begin, 19);
  EXPECT_EQ(found.excerpt_end, 37);
}

TEST_F(ConditionFormTest, ColumnsCountCharactersOfTheWholeTextAndTheExcerptIsTheLine) {
  const Diagnostic found =
      Refused(Text("customer.first_name == \"\xc3\xa4\" &&\n  customer.shoe_size > 40"));
  EXPECT_EQ(found.column, 33);
  EXPECT_EQ(found.excerpt, "  customer.shoe_size > 40");
  EXPECT_EQ(found.excerpt_begin, 3);
}

TEST_F(ConditionFormTest, ATextThatIsNoneIsAFindingWithoutAPlaceInIt) {
  for (const char* text : {"", " \n\t"}) {
    const Diagnostic found = Refused(Text(text));
    EXPECT_EQ(found.code, "empty_condition");
    EXPECT_EQ(found.field_path, "text");
    EXPECT_EQ(found.column, 0);
    EXPECT_EQ(found.excerpt_begin, 0);
  }
}

TEST_F(ConditionFormTest, ATextOverTheLimitIsAFinding) {
  const std::string text =
      absl::StrCat("customer.first_name == \"", std::string(100'000, 'x'), "\"");
  EXPECT_EQ(Refused(Text(text)).code, "too_long");
}

struct BadForm {
  const char* json;
  const char* field_path;
  const char* message;
};

TEST_F(ConditionFormTest, AFormThatNoTextCanBeMadeOfSaysWhereInIt) {
  const std::vector<BadForm> forms = {
      {"{}", "builder", "a condition is missing"},
      {R"({"all":{"conditions":[{"flag":"customer.known"},{"flag":"customer.known"},
          {"comparison":{"fact":"a: b","relation":"RELATION_EQUAL","literal":{"truth":true}}}]}})",
       "builder.all.conditions[2].comparison.fact", "this is not a name"},
      {R"({"negated":{"oneOf":{"fact":"customer.tier","literals":[{"text":"a"},{}]}}})",
       "builder.negated.one_of.literals[1]", "a literal is missing"},
  };
  for (const BadForm& bad : forms) {
    const Diagnostic found = Refused(Form(FromJson(bad.json)));
    EXPECT_EQ(found.code, "bad_value") << bad.json;
    EXPECT_EQ(found.field_path, bad.field_path);
    EXPECT_EQ(found.message, bad.message);
  }
}

TEST_F(ConditionFormTest, AFormWhoseTextIsTooLongIsRefusedAsAWhole) {
  v1::BuilderCondition form =
      FromJson(R"({"text":{"fact":"customer.first_name","test":"TEXT_TEST_CONTAINS"}})");
  form.mutable_text()->set_text(std::string(100'000, ':'));
  const Diagnostic found = Refused(Form(form));
  EXPECT_EQ(found.field_path, "builder");
  EXPECT_EQ(found.message, "The expression is longer than 100000 bytes.");
}

TEST_F(ConditionFormTest, AFormThatDoesNotCheckShowsItsText) {
  const Diagnostic found = Refused(Form(
      FromJson(R"({"all":{"conditions":[{"flag":"customer.known"},{"flag":"customer.shown"}]}})")));
  EXPECT_EQ(found.code, "unknown_name");
  EXPECT_EQ(found.field_path, "builder");
  EXPECT_EQ(found.excerpt, "customer.known && customer.shown");
  EXPECT_EQ(found.excerpt_begin, 19);
}

v1::Offer& Beans(v1::RuleSet& message) {
  for (v1::Offer& offer : *message.mutable_offers()) {
    if (offer.offer() == "beans") return offer;
  }
  ADD_FAILURE() << "there is no offer beans";
  return *message.add_offers();
}

struct Place {
  const char* name;
  Scope scope;
  std::function<void(v1::RuleSet&, const std::string& text)> put;
};

std::vector<Place> Places() {
  return {
      {"audience", Scope::kComputed,
       [](v1::RuleSet& message, const std::string& text) {
         (*message.mutable_audiences())["mark"].set_when(text);
       }},
      {"segment", Scope::kSegment,
       [](v1::RuleSet& message, const std::string& text) {
         message.mutable_segments(0)->set_when(text);
       }},
      {"eligible", Scope::kEligible,
       [](v1::RuleSet& message, const std::string& text) { Beans(message).set_eligible(text); }},
      {"requires", Scope::kRequires,
       [](v1::RuleSet& message, const std::string& text) {
         Beans(message).set_requires_condition(text);
       }},
      {"lines", Scope::kLine,
       [](v1::RuleSet& message, const std::string& text) {
         Beans(message).mutable_benefit()->set_lines(text);
       }},
      {"never_discount", Scope::kEveryLine,
       [](v1::RuleSet& message, const std::string& text) {
         message.mutable_pricing()->set_never_discount(text);
       }},
  };
}

TEST_F(ConditionFormTest, ItsErrorsAreThoseOfValidationInEveryPlace) {
  const std::vector<std::string> texts = {
      "line.sku == \"HB-1\"",
      "line.product.tobacco && line.sku in list.house",
      "basket.net >= 5.00",
      "basket.gross >= 5.00",
      "customer.segment == \"loyal\"",
      "customer.segment == \"loyl\"",
      "channel == \"pos\"",
      "channel == \"radio\"",
      "customer.tier == \"golden\" || customer.shoe_size > 40",
      "customer.age >= 18",
      "request.weather in list.house",
      "store.region == \"south\"",
      "has(now)",
      "customer.known &&",
      "1 + 1",
      "now > timestamp(\"yesterday\") && duration(\"7d\") > duration(\"1h\")",
      "request.weather.matches(\"((a{100}){100}){100}\") && request.weather.matches(\"(\")",
      "(request.weather == \"a\" && request.weather.matches(\"[\")) && request.weather == \"b\"",
  };
  int with_errors = 0;
  int without = 0;
  for (const Place& place : Places()) {
    for (const std::string& text : texts) {
      Edit([&](v1::RuleSet& message) { place.put(message, text); });
      const std::vector<Finding> expected = ErrorsOf(Compile().diagnostics);
      const ConvertedCondition converted = Text(text, place.scope);
      EXPECT_EQ(ErrorsOf(converted.diagnostics), expected) << place.name << ": " << text;
      EXPECT_EQ(converted.text.empty(), !expected.empty()) << place.name << ": " << text;
      ++(expected.empty() ? without : with_errors);
    }
  }
  EXPECT_GT(with_errors, 40);
  EXPECT_GT(without, 20);
}

}  // namespace
}  // namespace touchstone::rules
